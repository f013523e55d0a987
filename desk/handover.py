"""A caller whom another team looks after: the words of the call go there as a ticket, and nothing comes back but its
number. So nobody is asked to call again, and nobody's archive is doubled."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers import lookup
from customers.models import Contact, Customer
from desk.calls import body_of
from messaging import calls
from messaging.models import Call, Channel
from staff.models import Role, User
from staff.notifications import notify
from tickets import intake
from tickets.models import Kind, Ticket


class HandOverRefused(Exception):
    """The call cannot be handed over; the text says why."""


@transaction.atomic
def hand_over(*, call: Call, phone: str, facts, by: User, now: datetime | None = None) -> Ticket:
    """Opens a ticket for the customer with this complete number in their own team, tells its lead and ends the call.

    Sent twice it opens one. Raises `HandOverRefused` where no other team has this number or nothing was written down.
    """
    now = now or timezone.now()
    locked = Call.objects.select_for_update().get(pk=call.pk)
    key = f"handover:{locked.pk}"
    if known := Ticket.objects.filter(idempotency_key=key).first():
        return known
    if locked.ended_at is not None:
        raise HandOverRefused(_("This call has ended."))
    words = body_of(facts)
    if not words:
        raise HandOverRefused(_("Write down what the customer said; the other team reads it."))
    ticket = intake.open_ticket(
        customer=_theirs(by, phone), kind=facts.kind or Kind.CONSULT,
        subject=facts.subject or intake.split_subject(words),
        channel=Channel.PHONE, body=words, by=by, wish=facts.wish, idempotency_key=key, now=now,
    )
    for lead in User.objects.filter(is_active=True, team=ticket.team_id, role=Role.LEAD):
        notify(lead, "handed_over", ticket_id=ticket.pk, now=now, by=str(by))
    calls.finish(locked, outcome=Call.Outcome.TICKET, now=now)
    return ticket


def _theirs(user: User, phone: str) -> Customer:
    team = lookup.elsewhere(user, phone)
    found = team and Customer.objects.filter(team=team).present().by_contact(Contact.Kind.PHONE, phone).first()
    if not found:
        raise HandOverRefused(_("No other team has a customer with this number."))
    return found
