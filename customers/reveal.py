"""Showing what is masked, contacts and numbers in free text: with a reason, by those who may, logged (mission N1)."""

from datetime import datetime

from django.core.cache import cache
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, masking
from core.redaction import WithOriginals
from customers.models import Contact, Customer, Order, Reveal
from staff.models import Role, User

PER_HOUR = 30
HOUR = 3600
CENTRE = frozenset({Role.SPECIALIST, Role.LEAD, Role.SUPERVISOR, Role.ADMIN})
# Numbers and addresses to write to are what agents work with; where somebody lives is for those who send a visit.
MAY_SEE: dict[str, frozenset[Role]] = {
    Contact.Kind.PHONE: CENTRE | {Role.AGENT},
    Contact.Kind.EMAIL: CENTRE | {Role.AGENT},
    Contact.Kind.WECHAT: CENTRE | {Role.AGENT},
    Contact.Kind.OTHER: CENTRE | {Role.AGENT},
    Contact.Kind.ADDRESS: CENTRE,
    Contact.Kind.DOCUMENT: CENTRE,
}


class ReasonMissing(ValueError):
    """A contact is shown for a reason only."""


class RevealForbidden(Exception):
    """This person may not see this contact."""


class TooManyReveals(Exception):
    """The hour's share of reveals is used up."""


def may_see(user: User, contact: Contact) -> bool:
    """Whether the role of this user may see this contact; sight of the customer is asked apart."""
    return may_see_kind(user, contact.kind)


def may_see_kind(user: User, kind: str) -> bool:
    """Whether the role of this user may see contacts of this kind."""
    return user.is_superuser or user.role in MAY_SEE.get(kind, frozenset())


def reveal(*, contact: Contact, by: User, reason: str, now: datetime | None = None) -> str:
    """Returns the contact in the clear, after writing down who saw it, why and when.

    Raises `ReasonMissing`, `RevealForbidden` or `TooManyReveals`; nothing is shown that is not logged.
    """
    _pass(contact, contact.kind, by=by, reason=reason, now=now)
    return contact.value


def reveal_delivery(*, order: Order, by: User, reason: str, now: datetime | None = None) -> str:
    """Returns the delivery address of an order in the clear, under the same rules as `reveal`."""
    _pass(order, Contact.Kind.ADDRESS, by=by, reason=reason, now=now)
    return order.address


def reveal_words(
    *, row: WithOriginals, what: str, customer: Customer, by: User, reason: str, now: datetime | None = None
) -> dict[str, str]:
    """{placeholder: original} of the free text of a row, under the same rules; documents for those who may see them.

    `what` names the kind of row in the log ("post"). Whether `by` sees the row is asked by whoever fetched it.
    """
    shown = {name: text for name, text in (row.originals or {}).items() if may_see_kind(by, _kind_of(text))}
    if not shown:
        raise RevealForbidden(_("There is nothing hidden here that you may see."))
    _admit(row, f"{what}:{row.pk}", customer, by=by, reason=reason, now=now)
    return shown


def note_look(
    *, subject: Model, kind: str, customer: Customer, by: User, reason: str, now: datetime | None = None
) -> None:
    """Counts and logs a look at sealed details of another app, whose own rule has let `by` see them.

    Raises `ReasonMissing` or `TooManyReveals`.
    """
    _admit(subject, kind, customer, by=by, reason=reason, now=now)


def _kind_of(original: str) -> str:
    kind = next((kind for _start, _end, kind in masking.found(original)), "")
    if kind == "email":
        return Contact.Kind.EMAIL
    return Contact.Kind.DOCUMENT if kind in masking.DOCUMENTS else Contact.Kind.PHONE


def _pass(subject: Contact | Order, kind: str, *, by: User, reason: str, now: datetime | None) -> None:
    """Lets by whoever may see it, and writes them down."""
    if not reason.replace("\0", "").strip():
        raise ReasonMissing(_("Say why you need it."))
    customer = Customer.objects.visible_to(by).filter(pk=subject.customer_id).first()
    if customer is None or not may_see_kind(by, kind):
        raise RevealForbidden(_("You may not see this contact."))
    _admit(subject, kind, customer, by=by, reason=reason, now=now)


def _admit(
    subject: Model, kind: str, customer: Customer, *, by: User, reason: str, now: datetime | None
) -> None:
    """Counts the look against the hour's share and writes it down with its reason."""
    now = now or timezone.now()
    reason = reason.replace("\0", "").strip()[:200]
    if not reason:
        raise ReasonMissing(_("Say why you need it."))
    if _count(by) > PER_HOUR:
        _log("reveal_refused", subject, kind, customer, by=by, now=now)
        raise TooManyReveals(_("You have looked at %(n)d contacts within the hour.") % {"n": PER_HOUR})
    with transaction.atomic():
        Reveal.objects.create(user=by, customer=customer, field=kind, reason=reason, at=now)
        _log("revealed", subject, kind, customer, by=by, now=now, reason=reason)


def _count(user: User) -> int:
    """Counts this look; the hour runs from the first one."""
    key = f"reveal:{user.pk}"
    cache.add(key, 0, HOUR)
    try:
        return cache.incr(key)
    except ValueError:  # the hour ended between the two lines
        cache.set(key, 1, HOUR)
        return 1


def _log(
    what: str, subject: Model, kind: str, customer: Customer, *, by: User, now: datetime, **data
) -> None:
    events.record(
        what, subject, by=by, customer_id=customer.pk, team_id=customer.team_id, now=now, field=kind, **data
    )
