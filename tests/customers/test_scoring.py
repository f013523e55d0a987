"""Tiers by score, for all at once: explained, recorded, and changed only where something moved."""

from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from core.models import Event
from customers import tiers
from customers.models import Customer, Tier, TierAssignment
from tests.factories import CustomerFactory

TODAY = timezone.localdate


@pytest.fixture
def crowd(team):
    """Ten customers of one team who spent 0, 100, … 900; the last one for six years."""
    made = [CustomerFactory(team=team, spend=100 * number) for number in range(10)]
    Customer.objects.filter(pk=made[-1].pk).update(since=TODAY() - timedelta(days=6 * 366))
    return made


def code_of(customer):
    return Tier.objects.get(customers=customer.pk).code


def test_the_score_puts_each_customer_in_the_best_tier_it_reaches(crowd):
    done = tiers.assign()
    assert done == {
        "scored": 10, "changed": 9, "tiers": {"vip": 1, "important": 2, "ordinary": 6, "prospect": 1},
    }  # fmt: skip
    assert [code_of(crowd[at]) for at in (0, 1, 7, 9)] == ["prospect", "ordinary", "important", "vip"]


def test_the_explanation_is_kept_with_the_score(crowd):
    tiers.assign()
    best = Customer.objects.get(pk=crowd[-1].pk)
    assert best.tier_score == 86
    assert best.tier_reason == {"spend": "900.00", "share": "100%", "years": "6.0", "recent": False, "score": 86}


def test_a_recent_contact_counts_ten(crowd):
    Customer.objects.filter(pk=crowd[-1].pk).update(last_contact_at=timezone.now() - timedelta(days=89))
    tiers.assign()
    assert Customer.objects.get(pk=crowd[-1].pk).tier_score == 96
    tiers.assign(now=timezone.now() + timedelta(days=2))
    assert Customer.objects.get(pk=crowd[-1].pk).tier_score == 86


def test_each_change_has_its_assignment_history_and_event_and_a_second_run_adds_none(crowd):
    tiers.assign()
    before = TierAssignment.objects.count(), Customer.history.count(), Event.objects.count()
    best = crowd[-1]
    assert best.tier_assignments.get().tier.code == "vip"
    latest = best.history.first()
    assert (latest.history_type, latest.tier.code, latest.tier_score) == ("~", "vip", 86)
    told = Event.objects.get(kind="tier_changed", customer_id=best.pk)
    assert told.data == {"from": "prospect", "to": "vip", "score": 86}
    assert tiers.assign()["changed"] == 0
    assert (TierAssignment.objects.count(), Customer.history.count(), Event.objects.count()) == before


def test_a_tier_set_by_hand_stays(crowd):
    vip = Tier.objects.get(code="vip")
    Customer.objects.filter(pk=crowd[1].pk).update(tier=vip, tier_reason={"by": "王强"})
    done = tiers.assign()
    assert done["scored"] == 9
    assert code_of(crowd[1]) == "vip"


def test_a_tier_that_no_score_leads_to_is_left_alone(crowd):
    partner = Tier.objects.create(code="partner", name_zh="伙伴", name_en="Partner", rank=9)
    Tier.objects.filter(code="prospect").update(rank=20)
    Customer.objects.filter(pk=crowd[5].pk).update(tier=partner)
    tiers.assign()
    assert code_of(crowd[5]) == "partner"


def test_the_admins_thresholds_decide(crowd):
    Tier.objects.filter(code="vip").update(least_score=5)
    tiers.assign()
    assert Customer.objects.filter(tier__code="vip").count() >= 8


def test_one_team_is_scored_among_itself_and_others_are_left(crowd, other_team):
    abroad = CustomerFactory(team=other_team, spend=1_000_000)
    assert tiers.assign(team=crowd[0].team)["scored"] == 10
    assert Customer.objects.get(pk=abroad.pk).tier_score is None
    tiers.assign()
    # Alone in the team nobody spent less; whoever bought is ordinary at least.
    assert (Customer.objects.get(pk=abroad.pk).tier_score, code_of(abroad)) == (1, "ordinary")


def test_two_runs_in_one_transaction_do_not_collide(crowd):
    tiers.assign(now=timezone.now())
    Customer.objects.filter(pk=crowd[0].pk).update(spend=5000, since=date(2000, 1, 1))
    tiers.assign()
    assert code_of(crowd[0]) == "vip"


def test_the_command_tells_the_shares(crowd, capsys):
    call_command("assign_tiers")
    assert capsys.readouterr().out.startswith("Tiers: 10 scored, 9 changed tier; vip 1, important 2")


def test_scoring_takes_the_same_statements_for_ten_and_for_a_hundred(crowd, django_assert_max_num_queries):
    CustomerFactory.create_batch(30, team=crowd[0].team, spend=7)
    with django_assert_max_num_queries(12):
        tiers.assign()
