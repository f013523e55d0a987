"""Showing an unmasked contact: with a reason, by those who may, so often an hour, and logged (mission N1)."""

from datetime import datetime

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events
from customers.models import Contact, Customer, Reveal
from staff.models import Role, User

PER_HOUR = 30
HOUR = 3600
CENTRE = frozenset({Role.SPECIALIST, Role.LEAD, Role.SUPERVISOR, Role.ADMIN})
# Numbers and addresses to write to are what agents work with; where somebody lives is for those who send a visit.
MAY_SEE: dict[str, frozenset[Role]] = {
    Contact.Kind.PHONE: CENTRE | {Role.AGENT},
    Contact.Kind.EMAIL: CENTRE | {Role.AGENT},
    Contact.Kind.WECHAT: CENTRE | {Role.AGENT},
    Contact.Kind.ADDRESS: CENTRE,
}


class ReasonMissing(ValueError):
    """A contact is shown for a reason only."""


class RevealForbidden(Exception):
    """This person may not see this contact."""


class TooManyReveals(Exception):
    """The hour's share of reveals is used up."""


def may_see(user: User, contact: Contact) -> bool:
    """Whether the role of this user may see contacts of this kind; sight of the customer is asked apart."""
    return user.is_superuser or user.role in MAY_SEE[contact.kind]


def reveal(*, contact: Contact, by: User, reason: str, now: datetime | None = None) -> str:
    """Returns the contact in the clear, after writing down who saw it, why and when.

    Raises `ReasonMissing`, `RevealForbidden` or `TooManyReveals`; nothing is shown that is not logged.
    """
    now = now or timezone.now()
    reason = reason.replace("\0", "").strip()[:200]
    if not reason:
        raise ReasonMissing(_("Say why you need it."))
    customer = Customer.objects.visible_to(by).filter(pk=contact.customer_id).first()
    if customer is None or not may_see(by, contact):
        raise RevealForbidden(_("You may not see this contact."))
    if _count(by) > PER_HOUR:
        _log("reveal_refused", contact, customer, by=by, now=now)
        raise TooManyReveals(_("You have looked at %(n)d contacts within the hour.") % {"n": PER_HOUR})
    with transaction.atomic():
        Reveal.objects.create(user=by, customer=customer, field=contact.kind, reason=reason, at=now)
        _log("revealed", contact, customer, by=by, now=now, reason=reason)
    return contact.value


def _count(user: User) -> int:
    """Counts this look; the hour runs from the first one."""
    key = f"reveal:{user.pk}"
    cache.add(key, 0, HOUR)
    try:
        return cache.incr(key)
    except ValueError:  # the hour ended between the two lines
        cache.set(key, 1, HOUR)
        return 1


def _log(kind: str, contact: Contact, customer: Customer, *, by: User, now: datetime, **data) -> None:
    events.record(
        kind, contact, by=by, customer_id=customer.pk, team_id=customer.team_id, now=now, field=contact.kind, **data
    )
