"""Where a visit goes and whom to ring: shown to whoever goes there, and to those who may see addresses; logged."""

from datetime import datetime

from django.utils.translation import gettext as _

from customers import reveal
from customers.models import Contact
from staff.models import User
from visits.models import TAKING_TIME, Visit


def may_see(visit: Visit, user: User) -> bool:
    """The technician while the visit is theirs, and whoever may see customers' addresses."""
    goes = visit.technician is not None and visit.technician.user_id == user.pk and visit.state in TAKING_TIME
    return goes or reveal.may_see_kind(user, Contact.Kind.ADDRESS)


def show(visit: Visit, *, by: User, reason: str, now: datetime | None = None) -> dict[str, str]:
    """{"address", "phone"} in the clear, after it has been written down who saw them.

    A technician under way needs no reason but the visit itself. Raises the exceptions of `customers.reveal`.
    """
    if not may_see(visit, by):
        raise reveal.RevealForbidden(_("You may not see this contact."))
    if visit.technician and visit.technician.user_id == by.pk:
        reason = reason.strip() or visit.number
    reveal.note_look(
        subject=visit, kind=Contact.Kind.ADDRESS, customer=visit.ticket.customer, by=by, reason=reason, now=now
    )
    return {"address": visit.address, "phone": visit.phone}
