"""A tier set by hand holds against the score until its end, and says by whom and why."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.models import Event
from customers import overrides, scoring
from customers.models import Customer, Tier, TierOverride
from tests.factories import CustomerFactory

DAY = timedelta(days=1)


@pytest.fixture
def rain(team):
    rain = CustomerFactory(team=team, spend=10)
    CustomerFactory.create_batch(3, team=team, spend=10_000)
    scoring.assign()
    return rain


def by_hand(rain, lead, *, days=10, tier="vip", reason="战略客户", **more):
    today = timezone.localdate(more.get("now"))
    return overrides.set_tier(
        customer=rain, tier=Tier.objects.get(code=tier), reason=reason, expires_on=today + days * DAY, by=lead, **more
    )


def code_of(customer):
    return Customer.objects.get(pk=customer.pk).tier.code


def test_scoring_leaves_a_tier_set_by_hand_alone(rain, lead):
    by_hand(rain, lead)
    scoring.assign()
    assert code_of(rain) == "vip"
    present = rain.tier_assignments.get(ended_at=None)
    assert (present.cause, present.tier.code) == ("override", "vip")
    assert TierOverride.objects.get(pk=present.reason["override"]).reason == "战略客户"
    told = Event.objects.get(kind="tier_set")
    assert (told.actor_name, told.data["from"], told.data["to"]) == ("王强", "ordinary", "vip")


def test_ended_it_gives_way_to_the_score_at_once_without_grace(rain, lead):
    override = by_hand(rain, lead)
    overrides.end(override, by=lead)
    assert code_of(rain) == "ordinary"
    assert Customer.objects.get(pk=rain.pk).below_since is None
    assert rain.tier_assignments.filter(ended_at=None).count() == 1
    assert overrides.end(override, by=lead).ended_at  # twice is harmless
    assert Event.objects.filter(kind="tier_unset").count() == 1


def test_a_hand_that_agreed_with_the_score_leaves_an_assignment_by_score(rain, lead):
    overrides.end(by_hand(rain, lead, tier="ordinary"), by=lead)
    assert rain.tier_assignments.get(ended_at=None).cause == "score"


def test_it_runs_out_on_its_day(rain, lead):
    now = timezone.now()
    by_hand(rain, lead, days=10, now=now)
    assert overrides.end_due(now=now + 9 * DAY) == 0
    assert overrides.end_due(now=now + 10 * DAY) == 1
    assert code_of(rain) == "ordinary"


def test_a_second_hand_replaces_the_first(rain, lead):
    by_hand(rain, lead)
    by_hand(rain, lead, tier="important")
    assert code_of(rain) == "important"
    assert TierOverride.objects.filter(ended_at=None).count() == 1


@pytest.mark.parametrize(
    ("changed", "field"), [({"reason": " "}, "reason"), ({"days": 0}, "expires_on"), ({"days": 731}, "expires_on")]
)
def test_without_reason_or_a_sensible_end_it_is_refused(rain, lead, changed, field):
    with pytest.raises(overrides.OverrideRefused) as refused:
        by_hand(rain, lead, **changed)
    assert refused.value.field == field
    assert code_of(rain) == "ordinary"
