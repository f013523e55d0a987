"""Consent per purpose and channel, and the one gate that every sender and caller passes (PIPL)."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, phones
from customers.models import Consent, ConsentWording, Customer

NEEDS_CONSENT = frozenset({Consent.Purpose.CARE, Consent.Purpose.MARKETING})
# Against these a customer is not contacted by plan: each withdrawn word on its own is enough.
PLANNED = (Consent.Purpose.SERVICE, Consent.Purpose.CARE)
# `may_plan` as SQL over many; `c` is the customer, `m.channel` the channel.
MAY_PLAN = " AND ".join(
    f"""coalesce((SELECT w.given FROM customers_consent w
    WHERE w.customer_id = c.id AND w.purpose = '{purpose.value}' AND w.channel IN (m.channel, 'any')
    ORDER BY w.at DESC, w.id DESC LIMIT 1), true)"""  # noqa: S608  constants of our own
    for purpose in PLANNED
)
CALL_FROM, CALL_UNTIL = 9, 20  # hours of the customer's own day (P4 †)


class CallRefused(Exception):
    """The customer may not be called for this purpose now; the text says why."""


def allows(customer: Customer | None, *, purpose: str, channel: str) -> bool:
    """Whether a message of this purpose may go to this customer over this channel now.

    The latest word counts. Service rests on the contract and needs none; care and marketing need consent given, so
    nothing of the kind goes to somebody unknown.
    """
    if customer is None:
        return purpose not in NEEDS_CONSENT
    word = _latest(customer, purpose, channel)
    return purpose not in NEEDS_CONSENT if word is None else word


def may_plan(customer: Customer, *, channel: str) -> bool:
    """Whether a contact with this customer may be planned: their manager's service, so they need not have agreed to
    care, but who withdrew service or care over this channel, or over all, is left alone (A3). `MAY_PLAN` is its SQL.
    """
    return all(_latest(customer, purpose, channel) is not False for purpose in PLANNED)


def _latest(customer: Customer, purpose: str, channel: str) -> bool | None:
    words = customer.consents.filter(purpose=purpose, channel__in=[channel, Consent.Channel.ANY])
    return words.order_by("-at", "-id").values_list("given", flat=True).first()


def may_call(customer: Customer, *, purpose: str, now: datetime) -> bool:
    """Whether the customer may be called for this purpose at this moment."""
    return not _call_refusal(customer, purpose, now)


def check_call(customer: Customer, *, purpose: str, now: datetime) -> None:
    """Raises `CallRefused`, with the reason, where `may_call` is false."""
    if refusal := _call_refusal(customer, purpose, now):
        raise CallRefused(refusal)


def _call_refusal(customer: Customer, purpose: str, now: datetime) -> str:
    if not allows(customer, purpose=purpose, channel=Consent.Channel.PHONE):
        return _("The customer has not agreed to such calls.")
    if purpose != Consent.Purpose.SERVICE and not in_calling_hours(customer, now):
        return _("It is outside 9:00 to 20:00 where the customer lives.")
    return ""


def in_calling_hours(customer: Customer, at: datetime) -> bool:
    """Whether it is from 9:00 on and before 20:00 where the customer's telephone is at home."""
    return CALL_FROM <= at.astimezone(zone_of(customer)).hour < CALL_UNTIL


def zone_of(customer: Customer) -> ZoneInfo:
    """The customer's time zone by their preferred number; our own where no number tells."""
    number = customer.contacts.filter(kind="phone").order_by("-preferred", "pk").first()
    return (phones.zone_of(number.value) if number else None) or ZoneInfo(timezone.get_default_timezone_name())


@transaction.atomic
def record(
    *, customer: Customer, purpose: str, given: bool, wording: str, way: str, by=None, channel: str = "any",
    now: datetime | None = None,
) -> Consent:
    """Writes down that consent was given or withdrawn, with its proof: the words, their version, the way, the time."""
    now = now or timezone.now()
    row = Consent.objects.create(
        customer=customer, purpose=purpose, channel=channel, given=given, wording=wording,
        version=version_of(purpose, wording), way=way, at=now, recorded_by_id=by.pk if by else None,
    )
    events.record(
        "consent_given" if given else "consent_withdrawn", row, by=by, customer_id=customer.pk,
        team_id=customer.team_id, now=now, purpose=purpose, channel=channel,
    )
    return row


def version_of(purpose: str, wording: str) -> str:
    """The version whose very words these are, "" for words of one's own."""
    same = ConsentWording.objects.filter(purpose=purpose, text=wording.strip()).order_by("-is_active", "-pk")
    return same.values_list("version", flat=True).first() or ""


def wordings(language: str) -> dict[str, str]:
    """{purpose: the sentence that asks for it now}, in this language where there is one."""
    rows: Iterable[ConsentWording] = ConsentWording.objects.filter(is_active=True)
    ranked = sorted(rows, key=lambda row: row.language == language)
    return {row.purpose: row.text for row in ranked}
