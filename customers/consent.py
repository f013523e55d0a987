"""Consent per purpose and channel, and the one gate that every sender passes (PIPL)."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from core import events
from customers.models import Consent, Customer

NEEDS_CONSENT = frozenset({Consent.Purpose.CARE, Consent.Purpose.MARKETING})


def allows(customer: Customer, *, purpose: str, channel: str) -> bool:
    """Whether a message of this purpose may go to this customer over this channel now.

    The latest word counts. Service rests on the contract and needs none; care and marketing need consent given.
    """
    word = (
        customer.consents.filter(purpose=purpose, channel__in=[channel, Consent.Channel.ANY])
        .order_by("-at", "-id")
        .values_list("given", flat=True)
        .first()
    )
    return purpose not in NEEDS_CONSENT if word is None else word


@transaction.atomic
def record(
    *, customer: Customer, purpose: str, given: bool, wording: str, way: str, by=None, channel: str = "any",
    now: datetime | None = None,
) -> Consent:
    """Writes down that consent was given or withdrawn, with its proof: the words, the way and the time."""
    now = now or timezone.now()
    row = Consent.objects.create(
        customer=customer, purpose=purpose, channel=channel, given=given, wording=wording, way=way, at=now,
        recorded_by_id=by.pk if by else None,
    )
    events.record(
        "consent_given" if given else "consent_withdrawn", row, by=by, customer_id=customer.pk,
        team_id=customer.team_id, now=now, purpose=purpose, channel=channel,
    )
    return row
