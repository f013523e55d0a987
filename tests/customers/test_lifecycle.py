"""Stages by signals, each move told; decline asks the manager to win the customer back; value by its formula."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from core.models import Event
from customers import scoring, signals
from customers.models import Customer, LifecycleRule, Order, ScoringRun, Signals, Task
from followups import signals as satisfaction
from tests.factories import CustomerFactory, TicketFactory
from tickets import signals as complaints
from tickets.models import Kind

DAY = timedelta(days=1)
NOW = timezone.now()


def buy(customer, *, days_ago=10, amount=1000, **more):
    at = NOW - days_ago * DAY
    number = customer.orders.count()
    return Order.objects.create(
        customer=customer, code=f"S-{customer.pk}-{number}", state="confirmed", amount=amount, placed_at=at,
        confirmed_at=at, **more,
    )


def fresh(customer):
    return Customer.objects.get(pk=customer.pk)


@pytest.fixture
def rain(team):
    customer = CustomerFactory(team=team, spend=3000)
    Customer.objects.filter(pk=customer.pk).update(since=timezone.localdate(NOW) - 400 * DAY)
    return customer


# --- Signals ------------------------------------------------------------------------------------------------


def test_confirmed_orders_are_counted_and_drafts_and_cancelled_ones_are_not(rain):
    buy(rain, days_ago=400, amount=500, pay_by=date(2020, 1, 1), paid_on=date(2020, 2, 1))
    buy(rain, amount=700, pay_by=date(2020, 1, 1), paid_on=date(2020, 1, 1))
    buy(rain, amount=90)
    Order.objects.create(customer=rain, code="draft")
    Order.objects.filter(pk=buy(rain).pk).update(state="cancelled")
    signals.refresh(now=NOW)
    found = Signals.objects.get(customer=rain)
    assert (found.orders_all, found.orders_year, found.spent_year) == (3, 2, Decimal("790"))
    assert (found.paid_in_time, found.last_order_at) == (50, NOW - 10 * DAY)


def test_a_second_count_writes_nothing(rain):
    buy(rain)
    assert signals.refresh(now=NOW) == 1
    assert signals.refresh(now=NOW) == 0


def test_complaints_and_contacts_come_from_tickets_and_fade_after_a_year(rain):
    for _n in range(2):
        TicketFactory(customer=rain, kind=Kind.COMPLAINT)
    signals.refresh(now=timezone.now())
    complaints.refresh()
    found = Signals.objects.get(customer=rain)
    assert (found.complaints_year, found.contacts_90) == (2, 2)
    assert complaints.refresh() == 0
    complaints.refresh(now=timezone.now() + 366 * DAY)
    assert Signals.objects.get(customer=rain).complaints_year == 0


def test_satisfaction_is_the_mean_of_the_callbacks(rain, specialist):
    from followups.models import Attempt, Callback

    ticket = TicketFactory(customer=rain)
    event = Event.objects.filter(ticket_id=ticket.pk).first()
    callback = Callback.objects.create(ticket=ticket, resolution=event, due_at=NOW)
    for score in (5, 4, None):
        Attempt.objects.create(callback=callback, by=specialist, outcome="satisfied", score=score)
    satisfaction.refresh()
    assert Signals.objects.get(customer=rain).satisfaction == Decimal("4.50")


def test_only_signals_of_other_apps_are_taken(rain):
    with pytest.raises(ValueError, match="orders_all"):
        signals.take("orders_all", "SELECT 1", {}, now=NOW)


# --- Stages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("orders", "days", "stage"),
    [(1, 10, "formation"), (2, 400, "formation"), (3, 170, "formation"), (3, 400, "stable")],
)
def test_orders_and_time_lead_from_forming_to_stable(rain, orders, days, stage):
    Customer.objects.filter(pk=rain.pk).update(since=timezone.localdate(NOW) - days * DAY)
    for _n in range(orders):
        buy(rain)
    scoring.assign(now=NOW)
    assert fresh(rain).stage == stage


def test_who_never_bought_explores_however_silent(team):
    quiet = CustomerFactory(team=team)
    Customer.objects.filter(pk=quiet.pk).update(last_contact_at=NOW - 900 * DAY, stage="stable")
    scoring.assign(now=NOW)
    assert fresh(quiet).stage == "exploration"


def test_whose_orders_are_unknown_keeps_the_stage_they_came_with(rain):
    Customer.objects.filter(pk=rain.pk).update(stage="stable")
    scoring.assign(now=NOW)
    assert fresh(rain).stage == "stable"
    assert not rain.lifecycle_moves.exists()


def test_silence_leads_into_decline_with_a_task_for_the_account_manager(rain, agent):
    Customer.objects.filter(pk=rain.pk).update(account_manager=agent)
    buy(rain, days_ago=366)
    scoring.assign(now=NOW)
    move = rain.lifecycle_moves.get()
    assert (move.was, move.now, move.signals["silence"]) == ("exploration", "decline", 366)
    task = Task.objects.get(customer=rain)
    assert (task.kind, task.assignee, task.due_on) == ("retention", agent, timezone.localdate(NOW) + 7 * DAY)
    assert task.history.get().history_type == "+"
    assert Event.objects.get(kind="stage_changed").data == {"from": "exploration", "to": "decline"}


def test_a_repeated_night_opens_no_second_task_and_another_decline_does(rain):
    buy(rain, days_ago=366)
    scoring.assign(now=NOW)
    scoring.assign(now=NOW + DAY)
    assert Task.objects.count() == 1
    Task.objects.update(done_at=NOW)
    Customer.objects.filter(pk=rain.pk).update(last_contact_at=NOW)
    scoring.assign(now=NOW + 2 * DAY)
    assert fresh(rain).stage == "formation"
    scoring.assign(now=NOW + 370 * DAY)
    assert fresh(rain).stage == "decline" and Task.objects.count() == 2


def test_the_admins_rule_decides_and_complaints_count(rain):
    buy(rain)
    Signals.objects.create(customer=rain, complaints_year=2)
    scoring.assign(now=NOW)
    assert fresh(rain).stage == "formation"
    LifecycleRule.objects.update(decline_complaints=2)
    scoring.assign(now=NOW)
    assert fresh(rain).stage == "decline"


# --- Lifetime value -----------------------------------------------------------------------------------------


def test_the_lifetime_value_is_margin_times_a_years_spend_times_expected_years(rain):
    buy(rain, amount=1000)
    scoring.assign(now=NOW)
    assert fresh(rain).clv == Decimal("0.3") * 1000 * 3  # forming: three years
    run = ScoringRun.objects.first()
    assert Decimal(run.value["factors"]["formation"]) == Decimal("0.9")
    assert (Decimal(run.value["current"]), Decimal(run.value["lasting"])) == (1000, 900)


def test_without_orders_a_years_spend_is_what_was_spent_by_whole_years(rain):
    Customer.objects.filter(pk=rain.pk).update(since=timezone.localdate(NOW) - 800 * DAY, stage="stable")
    scoring.assign(now=NOW)
    assert fresh(rain).clv == Decimal("0.3") * 1500 * 5


def test_a_prospect_has_no_lifetime_value(team):
    prospect = CustomerFactory(team=team)
    scoring.assign(now=NOW)
    assert fresh(prospect).clv is None
