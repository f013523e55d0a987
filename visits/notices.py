"""Who is told of a visit: the bell of technician and owner, and mails to the customer about their appointment."""

from datetime import datetime

from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from customers.models import Contact
from messaging import outbox
from messaging.models import Mailbox, Outbox
from staff import notifications
from staff.models import User
from visits import windows
from visits.models import Appointment, Technician, Visit


def tell_technician(
    visit: Visit, kind: str, *, by: User | None, now: datetime, to: Technician | None = None
) -> None:
    """A line under the bell of whoever goes, unless they did it themselves."""
    technician = to or visit.technician
    if technician and not (by and by.pk == technician.user_id):
        _bell(technician.user, kind, visit, now)


def tell_owner(visit: Visit, kind: str, *, now: datetime) -> None:
    """A line under the bell of whoever answers for the ticket."""
    if visit.ticket.owner:
        _bell(visit.ticket.owner, kind, visit, now)


def _bell(user: User, kind: str, visit: Visit, now: datetime) -> None:
    notifications.notify(
        user, kind, ticket_id=visit.ticket_id, now=now, visit=visit.pk, number=visit.number,
        window=windows.span(visit.starts_at, visit.ends_at),
    )


def tell_customer(visit: Visit, row: Appointment | None, *, changed: bool, now: datetime) -> Outbox | None:
    """The appointment, its change or its end, by mail; None where no mail address is known."""
    if row is None:
        return _mail(visit, f"visit:{visit.pk}:cancelled", _cancelled, now=now)
    return _mail(visit, f"visit:{visit.pk}:appointment:{row.pk}", _changed if changed else _agreed, now=now)


def remind(visit: Visit, *, now: datetime) -> Outbox | None:
    """The appointment once more, the day before; None where no mail address is known."""
    start = visit.starts_at or now
    return _mail(visit, f"visit:{visit.pk}:reminder:{int(start.timestamp())}", _reminder, now=now)


def _mail(visit: Visit, key: str, words, *, now: datetime) -> Outbox | None:
    customer = visit.ticket.customer
    mails = customer.contacts.filter(kind=Contact.Kind.EMAIL, valid=True)
    contact = mails.order_by("-preferred", "pk").first()
    if contact is None:
        return None
    with translation.override(customer.language):
        mailbox = Mailbox.objects.filter(team=visit.ticket.team_id).order_by("-is_default", "pk").first()
        subject, line = words(visit)
        body = [
            _("Good day,"), line, *_facts(visit),
            _("If the time does not suit you, answer this mail; we will arrange another one."),
            mailbox.name if mailbox else _("Customer service"),
        ]
        return outbox.put(
            key=key, to=contact.value, customer=customer, purpose="service", mailbox=mailbox, auto=True, now=now,
            subject=f"{subject} [{visit.ticket.number}]", body="\n\n".join(body),
        )


def _agreed(visit: Visit) -> tuple[str, str]:
    words = _("thank you; this is the appointment we agreed on: %(what)s, %(when)s.")
    return _("Your appointment"), words % _when(visit)


def _changed(visit: Visit) -> tuple[str, str]:
    return _("Your appointment has changed"), _("your appointment has changed: %(what)s, now %(when)s.") % _when(visit)


def _cancelled(visit: Visit) -> tuple[str, str]:
    return _("Your appointment is cancelled"), _("your appointment is cancelled: %(what)s, %(when)s.") % _when(visit)


def _reminder(visit: Visit) -> tuple[str, str]:
    return _("Tomorrow we come to you"), _("tomorrow we come to you: %(what)s, %(when)s.") % _when(visit)


def _when(visit: Visit) -> dict[str, str]:
    if visit.starts_at is None or visit.ends_at is None:
        return {"what": str(visit.get_kind_display()), "when": "–"}
    start, end = timezone.localtime(visit.starts_at), timezone.localtime(visit.ends_at)
    when = f"{formats.date_format(start, 'DATE_FORMAT')} {start:%H:%M}–{end:%H:%M} ({start:%Z})"
    return {"what": str(visit.get_kind_display()), "when": when}


def _facts(visit: Visit) -> list[str]:
    """Number and address, the latter masked: a mail may be read by others."""
    facts = [_("Visit: %(number)s") % {"number": visit.number}]
    if visit.address_masked:
        facts.append(_("Address: %(address)s") % {"address": visit.address_masked})
    return ["\n".join(facts)]
