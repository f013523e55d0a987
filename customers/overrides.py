"""A tier set by hand 手工定级 (B2): by whom, why and until when; scoring leaves it alone until then."""

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, live
from customers import points, scoring
from customers.models import Customer, Tier, TierAssignment, TierOverride
from staff.models import User

LONGEST = 730  # days


class OverrideRefused(Exception):
    """The tier cannot be set like this; `field` names what is wrong, the text says why."""

    def __init__(self, field: str, text: str):
        super().__init__(text)
        self.field = field


@transaction.atomic
def set_tier(
    *, customer: Customer, tier: Tier, reason: str, expires_on: date, by: User, now: datetime | None = None
) -> TierOverride:
    """Puts a customer in a tier by hand, in place of an earlier hand. Raises `OverrideRefused`."""
    now = now or timezone.now()
    today = timezone.localdate(now)
    if not reason.strip():
        raise OverrideRefused("reason", _("Say why the score does not count."))
    if expires_on <= today:
        raise OverrideRefused("expires_on", _("The end lies in the future."))
    if (expires_on - today).days > LONGEST:
        raise OverrideRefused("expires_on", _("Two years at most; it can be set again."))
    locked = Customer.objects.select_for_update(of=("self",)).select_related("tier").get(pk=customer.pk)
    _close(TierOverride.objects.filter(customer=locked, ended_at=None), now)
    made = TierOverride.objects.create(
        customer=locked, tier=tier, reason=reason.strip()[:200], expires_on=expires_on, by=by, at=now
    )
    was = locked.tier
    locked.tier, locked.below_since = tier, None
    locked._change_reason = "tier set by hand"  # type: ignore[attr-defined]
    locked.save(update_fields=["tier", "below_since"])
    locked.tier_assignments.filter(ended_at=None).update(ended_at=now)
    TierAssignment.objects.create(
        customer=locked, tier=tier, at=now, score=locked.tier_score, cause=TierAssignment.Cause.OVERRIDE,
        version=_version(), reason={"override": made.pk},
    )
    events.record(
        "tier_set", locked, by=by, customer_id=locked.pk, team_id=locked.team_id, now=now, to=tier.code,
        reason=made.reason, **{"from": was.code, "until": expires_on.isoformat()},
    )
    live.publish("customer", team_id=locked.team_id)
    return made


@transaction.atomic
def end(override: TierOverride, *, by: User | None, now: datetime | None = None) -> TierOverride:
    """Ends a tier set by hand; the score counts at once, without grace. Ending it twice is harmless."""
    now = now or timezone.now()
    locked = TierOverride.objects.select_for_update(of=("self",)).select_related("customer").get(pk=override.pk)
    if locked.ended_at:
        return locked
    locked.ended_at = now
    locked.save(update_fields=["ended_at"])
    customer = locked.customer
    events.record(
        "tier_unset", customer, by=by, customer_id=customer.pk, team_id=customer.team_id, now=now
    )
    if _version():
        scoring.rescore([customer.pk], now=now)
    live.publish("customer", team_id=customer.team_id)
    return locked


def end_due(*, now: datetime | None = None, limit: int = 1000) -> int:
    """Ends what has run out, one by one, so that a killed run loses nothing; returns how many."""
    now = now or timezone.now()
    due = TierOverride.objects.filter(ended_at=None, expires_on__lte=timezone.localdate(now)).order_by("pk")[:limit]
    for override in due:
        end(override, by=None, now=now)
    return len(due)


def _close(overrides, now: datetime) -> None:
    for override in overrides.select_for_update():
        override.ended_at = now
        override.save(update_fields=["ended_at"])


def _version():
    try:
        return points.active()
    except points.NoRules:
        return None
