"""Tiers by score, for all at once: explained, recorded, and changed only where something moved."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils import timezone

from core.models import Event
from customers import points, scoring
from customers.models import Customer, ScoringRun, ScoringVersion, Signals, Tier, TierAssignment
from tests.factories import CustomerFactory

TODAY = timezone.localdate
DAY = timedelta(days=1)


@pytest.fixture
def crowd(team):
    """Twenty-one customers of one team: the first has not bought, the others spent 1,000 to 20,000."""
    made = [CustomerFactory(team=team, spend=1000 * number) for number in range(21)]
    Customer.objects.filter(pk=made[-1].pk).update(since=TODAY() - timedelta(days=6 * 366))
    return made


def code_of(customer):
    return Tier.objects.get(customers=customer.pk).code


def fresh(customer):
    return Customer.objects.get(pk=customer.pk)


def rows():
    return TierAssignment.objects.count(), Customer.history.count(), Event.objects.count()


def test_the_shares_of_the_tiers_are_met_and_who_never_bought_is_a_prospect(crowd):
    done = scoring.assign()
    assert done["tiers"] == {"vip": 1, "important": 3, "ordinary": 16, "prospect": 1}
    assert [code_of(crowd[at]) for at in (0, 1, 17, 20)] == ["prospect", "ordinary", "important", "vip"]


def test_every_dimension_is_explained_and_the_weighted_sum_is_the_score(crowd):
    best = crowd[-1]
    Customer.objects.filter(pk=best.pk).update(last_contact_at=timezone.now() - 40 * DAY)
    Signals.objects.create(customer=best, satisfaction=Decimal("4.20"))
    scoring.assign()
    found = fresh(best)
    assert found.tier_reason["points"] == {
        "recency": 80, "frequency": 40, "monetary": 80, "tenure": 100, "satisfaction": 80, "payment": 60,
    }  # fmt: skip
    assert found.tier_score == round(0.15 * 80 + 0.2 * 40 + 0.35 * 80 + 0.1 * (100 + 80 + 60)) == 72
    assert (found.tier_reason["version"], found.tier_reason["measured"]["recency"]) == (1, 40)
    assert fresh(crowd[0]).tier_score is None


def test_an_assignment_keeps_version_score_breakdown_start_and_end(crowd):
    now = timezone.now()
    scoring.assign(now=now)
    first = crowd[1].tier_assignments.get()
    assert (first.version.number, first.at, first.ended_at, first.tier.code) == (1, now, None, "ordinary")
    assert first.reason["points"]["monetary"] == 40 and len(first.reason["cuts"]) == 3
    Customer.objects.filter(pk=crowd[1].pk).update(spend=90_000)
    scoring.assign(now=now + DAY)
    later, earlier = crowd[1].tier_assignments.all()
    assert (earlier.ended_at, later.at, later.tier.code) == (now + DAY, now + DAY, "important")


def test_each_change_has_one_history_row_and_one_event_and_a_second_run_adds_none(crowd):
    before = rows()
    scoring.assign()
    after = rows()
    # 20 left the entry tier; the prospect got an assignment alone.
    assert (after[0] - before[0], after[1] - before[1], after[2] - before[2]) == (21, 20, 20)
    told = Event.objects.get(kind="tier_changed", customer_id=crowd[-1].pk)
    assert told.data == {"from": "prospect", "to": "vip", "score": fresh(crowd[-1]).tier_score}
    assert scoring.assign()["changed"] == 0
    assert rows() == after


def test_the_passing_of_days_within_a_band_writes_nothing(crowd, django_capture_on_commit_callbacks):
    now = timezone.now()
    Customer.objects.update(last_contact_at=now - 3 * DAY)
    scoring.assign(now=now)
    written = dict(Customer.objects.values_list("pk", "tier_reason"))
    scoring.assign(now=now + DAY)
    assert dict(Customer.objects.values_list("pk", "tier_reason")) == written
    scoring.assign(now=now + 40 * DAY)
    assert fresh(crowd[3]).tier_reason["points"]["recency"] == 80


def test_tiers_can_be_cut_by_score(crowd):
    ScoringVersion.objects.update(cut="score")
    Tier.objects.filter(code="vip").update(least_score=50)
    Tier.objects.filter(code="important").update(least_score=40)
    scoring.assign()
    for customer in Customer.objects.filter(spend__gt=0).select_related("tier"):
        exact = customer.tier_assignments.get().reason["exact"]
        assert customer.tier.code == ("vip" if exact >= 50 else "important" if exact >= 40 else "ordinary")


def test_between_equal_scores_the_higher_spend_counts_and_equals_are_never_parted(team):
    equal = [CustomerFactory(team=team, spend=100) for _ in range(8)]
    richer = [CustomerFactory(team=team, spend=200) for _ in range(2)]
    scoring.assign()
    assert {code_of(customer) for customer in richer} == {"vip"}
    assert len({code_of(customer) for customer in equal}) == 1
    assert len({fresh(customer).tier_score for customer in equal + richer}) == 1


def test_a_downgrade_waits_for_the_grace_and_an_upgrade_does_not(crowd):
    now, best = timezone.now(), crowd[-1]
    scoring.assign(now=now)
    Customer.objects.filter(pk=best.pk).update(spend=1)
    scoring.assign(now=now + DAY)
    held = fresh(best)
    assert (code_of(best), held.below_since) == ("vip", timezone.localdate(now + DAY))
    assert held.tier_reason["wanted"] == Tier.objects.get(code="ordinary").pk
    assert code_of(crowd[19]) == "vip"  # moved up at once
    scoring.assign(now=now + 30 * DAY)
    assert code_of(best) == "vip"
    scoring.assign(now=now + 31 * DAY)
    assert (code_of(best), fresh(best).below_since) == ("ordinary", None)


def test_who_recovers_within_the_grace_keeps_the_tier_and_the_next_grace_is_whole(crowd):
    now, best = timezone.now(), crowd[-1]
    scoring.assign(now=now)
    for days, spend in ((1, 1), (20, 20_000), (29, 1), (40, 1)):
        Customer.objects.filter(pk=best.pk).update(spend=spend)
        scoring.assign(now=now + days * DAY)
    assert (code_of(best), fresh(best).below_since) == ("vip", timezone.localdate(now + 29 * DAY))


def test_a_team_is_cut_by_the_shares_of_the_whole_installation(crowd, other_team):
    abroad = CustomerFactory(team=other_team, spend=500)
    assert scoring.assign(team=other_team)["scored"] == 1
    assert code_of(abroad) == "ordinary"
    assert fresh(crowd[-1]).tier_score is None


def test_merged_and_erased_customers_are_left_out(crowd):
    Customer.objects.filter(pk=crowd[2].pk).update(merged_into=crowd[3])
    Customer.objects.filter(pk=crowd[4].pk).update(erased_at=timezone.now())
    assert scoring.assign()["scored"] == 19
    assert not TierAssignment.objects.filter(customer__in=[crowd[2], crowd[4]]).exists()


# --- Runs ---------------------------------------------------------------------------------------------------


def test_a_run_killed_in_the_middle_goes_on_where_it_stopped(crowd, monkeypatch):
    monkeypatch.setattr(scoring, "BATCH", 5)
    now, whole = timezone.now(), scoring._batch
    calls = []

    def dies_at_the_third(rules, values):
        calls.append(values["low"])
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(rules, values)

    monkeypatch.setattr(scoring, "_batch", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        scoring.nightly(now=now)
    half = ScoringRun.objects.get()
    assert (half.phase, half.cursor, half.scored, half.finished_at) == ("scores", crowd[9].pk, 10, None)
    run = scoring.nightly(now=now)
    assert run.pk == half.pk and run.finished_at and (run.scored, run.moved) == (21, 20)
    assert TierAssignment.objects.count() == 21
    assert calls[2] == calls[3] == crowd[9].pk + 1


def test_a_night_is_worked_off_in_short_spells_and_not_twice(crowd, monkeypatch):
    monkeypatch.setattr(scoring, "BATCH", 5)
    now = timezone.now()
    spells = 0
    while not (run := scoring.nightly(now=now, lasting=timedelta(0))) or not run.finished_at:
        spells += 1
        with monkeypatch.context() as one:
            one.setattr(scoring, "monotonic", iter([0.0, -1.0, 1.0]).__next__)  # time for one range
            scoring.nightly(now=now, lasting=timedelta(0))
        assert spells < 30
    assert spells > 5 and run.scored == 21
    assert scoring.nightly(now=now).pk == run.pk
    assert ScoringRun.objects.count() == 1


def test_without_rules_the_night_does_nothing_and_the_command_refuses(ground):
    ScoringVersion.objects.update(state="retired")
    assert scoring.nightly() is None
    with pytest.raises(points.NoRules):
        scoring.assign()


def test_the_command_tells_the_shares(crowd, capsys):
    call_command("assign_tiers")
    assert capsys.readouterr().out.startswith("Tiers: 21 scored, 20 changed tier; vip 1, important 3")


def test_scoring_takes_the_same_statements_for_twenty_and_for_fifty(crowd, django_assert_max_num_queries):
    CustomerFactory.create_batch(30, team=crowd[0].team, spend=7)
    with django_assert_max_num_queries(75):
        scoring.assign()
