from datetime import UTC, datetime, timedelta

import pytest

from core.models import Event, WorkCalendar
from customers.models import Tier
from messaging.models import Call
from tests.factories import CustomerFactory, TicketFactory
from tickets import sla, sla_policies, workflow
from tickets.models import Breach, SLAPolicy

FRIDAY_NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)  # 12:00 in Shanghai, when the office closes for lunch
HOUR = timedelta(hours=1)


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team)


def resolution(ticket):
    return ticket.timers.get(metric="resolution", stopped_at=None)


def test_the_mails_24_hours_are_clock_hours_through_the_weekend(customer):
    ticket = TicketFactory(customer=customer, kind="service", now=FRIDAY_NOON)
    assert resolution(ticket).due_at == FRIDAY_NOON + 24 * HOUR


def test_the_complaints_five_days_are_working_days(customer):
    ticket = TicketFactory(customer=customer, kind="complaint", now=FRIDAY_NOON)
    assert resolution(ticket).due_at == datetime(2026, 11, 27, 9, 30, tzinfo=UTC) - timedelta(hours=4)


def test_the_most_specific_policy_wins(customer, team):
    vip = CustomerFactory(team=team, vip=True)
    assert sla.best_policy("first_response", channel="mail", kind="service", tier_id=customer.tier_id).tier is None
    assert sla.best_policy("first_response", channel="mail", kind="service", tier_id=vip.tier_id).tier == vip.tier
    assert sla.best_policy("resolution", channel="mail", kind="consult", tier_id=customer.tier_id).kind == "consult"


def test_where_no_active_policy_matches_the_default_holds_and_the_administrators_hear_of_it_once_a_day(customer, admin):
    SLAPolicy.objects.update(is_active=False)
    ticket, another = (TicketFactory(customer=customer, now=FRIDAY_NOON + at * HOUR) for at in (0, 1))
    default = SLAPolicy.objects.get(metric="resolution", is_default=True)
    assert resolution(ticket).policy == default
    assert Event.objects.filter(kind="no_policy", ticket_id=another.pk).count() == 2  # first response, resolution
    assert admin.notifications.filter(kind="no_policy").count() == 2
    TicketFactory(customer=customer, now=FRIDAY_NOON + 24 * HOUR)
    assert admin.notifications.filter(kind="no_policy").count() == 4
    assert "default one holds" in sla_policies.why(default, sla_policies.Case.of(ticket))


def test_without_any_default_nothing_is_promised(customer):
    SLAPolicy.objects.update(is_active=False, is_default=False)
    ticket = TicketFactory(customer=customer)
    assert (ticket.timers.count(), ticket.due_at) == (0, None)


def test_a_pause_gives_back_every_second(customer, agent):
    ticket = TicketFactory(customer=customer, now=FRIDAY_NOON)
    sla.pause(ticket, by=agent, reason="等客户确认", now=FRIDAY_NOON + 2 * HOUR)
    assert resolution(ticket).due_at is None
    sla.resume(ticket, now=FRIDAY_NOON + 50 * HOUR)
    assert resolution(ticket).due_at == FRIDAY_NOON + (50 + 22) * HOUR


def test_a_pause_counts_working_time_not_clock_time(customer, agent):
    SLAPolicy.objects.filter(metric="resolution", kind="", channel="", tier=None).update(
        target_seconds=6 * 3600, calendar=WorkCalendar.objects.standard()
    )
    opened = datetime(2026, 11, 20, 0, 30, tzinfo=UTC)  # Friday 08:30 in Shanghai
    ticket = TicketFactory(customer=customer, now=opened)
    sla.pause(ticket, by=agent, reason="等客户确认", now=opened + 4 * HOUR)  # 12:30: 3.5 h used
    monday = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
    sla.resume(ticket, now=monday)
    assert resolution(ticket).due_at == monday + 2.5 * HOUR


def test_a_pause_needs_a_reason_and_a_running_clock(customer, agent):
    ticket = TicketFactory(customer=customer)
    with pytest.raises(sla.PauseRefused):
        sla.pause(ticket, by=agent, reason="  ")
    sla.pause(ticket, by=agent, reason="等客户确认")
    with pytest.raises(sla.PauseRefused):
        sla.pause(ticket, by=agent, reason="再来一次")


def test_stopping_late_between_two_ticks_still_records_the_breach(customer):
    ticket = TicketFactory(customer=customer, now=FRIDAY_NOON)
    due = resolution(ticket).due_at
    sla.stop(ticket, "resolution", now=due + HOUR)
    breach = Breach.objects.get()
    assert (breach.due_at, breach.recorded_at) == (due, due + HOUR)
    assert ticket.timers.get(metric="resolution").state == "breached"


def test_a_later_edit_of_the_policy_rewrites_nothing(customer):
    ticket = TicketFactory(customer=customer, now=FRIDAY_NOON)
    due = resolution(ticket).due_at
    for policy in SLAPolicy.objects.filter(target_seconds__isnull=False):
        policy.target_seconds = 60
        policy.save()
    assert resolution(ticket).due_at == due


def test_another_class_starts_its_own_promise_and_keeps_what_is_owed_since_the_start(customer, agent):
    ticket = TicketFactory(customer=customer, kind="consult", now=FRIDAY_NOON)
    at = FRIDAY_NOON + 2 * HOUR
    workflow.reclassify(ticket, "complaint", by=agent, reason="客户要求赔偿", now=at)
    old, new = ticket.timers.filter(metric="resolution").order_by("pk")
    assert (old.state, old.mark, old.consumed_seconds) == ("cancelled", "ended", 7200)
    assert (new.mark, new.started_at, new.policy.target_days) == ("restarted", at, 5)
    first = ticket.timers.get(metric="first_response")
    assert (first.state, first.mark, first.started_at) == ("running", "", FRIDAY_NOON)
    event = Event.objects.get(ticket_id=ticket.pk, kind="reclassified")
    assert event.data["timers"] == [{"metric": "resolution", "did": "restarted", "policy": new.policy.name}]
    assert ticket.due_at == min(first.due_at, new.due_at)


def test_a_policy_may_keep_its_timer_when_the_class_changes(customer, agent):
    SLAPolicy.objects.filter(metric="resolution", kind="consult").update(on_reclassify="keep")
    ticket = TicketFactory(customer=customer, kind="consult", now=FRIDAY_NOON)
    workflow.reclassify(ticket, "complaint", by=agent, reason="客户要求赔偿", now=FRIDAY_NOON + HOUR)
    timer = ticket.timers.get(metric="resolution")
    assert (timer.state, timer.mark, timer.due_at) == ("running", "kept", FRIDAY_NOON + 4 * HOUR)


def test_no_change_of_class_hides_a_missed_promise(customer, agent):
    ticket = TicketFactory(customer=customer, kind="consult", now=FRIDAY_NOON)
    workflow.reclassify(ticket, "complaint", by=agent, reason="客户要求赔偿", now=FRIDAY_NOON + 5 * HOUR)
    timer = ticket.timers.get(metric="resolution")
    assert (timer.state, timer.mark, timer.due_at) == ("running", "kept", FRIDAY_NOON + 4 * HOUR)


def test_a_restarted_promise_waits_with_the_customer(customer, agent):
    ticket = TicketFactory(customer=customer, kind="consult", now=FRIDAY_NOON)
    sla.pause(ticket, by=agent, reason="等客户确认", now=FRIDAY_NOON + HOUR)
    workflow.reclassify(ticket, "complaint", by=agent, reason="客户要求赔偿", now=FRIDAY_NOON + 2 * HOUR)
    assert (resolution(ticket).state, resolution(ticket).due_at) == ("paused", None)
    sla.resume(ticket, now=FRIDAY_NOON + 3 * HOUR)
    assert resolution(ticket).state == "running"


@pytest.mark.parametrize(
    ("channel", "metric", "days", "seconds"),
    [("12345", "first_response", None, 24 * 3600), ("12345", "resolution", 5, None),
     ("12315", "first_response", 7, None), ("12315", "resolution", 5, None)],
)  # fmt: skip
def test_what_an_authority_passes_on_has_clocks_of_its_own(customer, channel, metric, days, seconds):
    ticket = TicketFactory(customer=customer, kind="complaint", channel=channel, now=FRIDAY_NOON)
    policy = ticket.timers.get(metric=metric).policy
    assert (policy.channel, policy.target_days, policy.target_seconds) == (channel, days, seconds)


def test_a_call_answers_its_caller_but_not_the_citizen_of_whom_an_authority_calls(customer, team, agent):
    states = []
    for channel in ("phone", "12345"):
        call = Call.objects.create(team=team, agent=agent)
        ticket = TicketFactory(customer=customer, channel=channel, call=call, by=agent)
        states.append(ticket.timers.get(metric="first_response").state)
    assert states == ["met", "running"]


def test_one_active_policy_a_case(ground):
    policy = SLAPolicy.objects.filter(tier=None).first()
    twin = SLAPolicy(
        name="twin", metric=policy.metric, channel=policy.channel, kind=policy.kind, target_seconds=60
    )
    with pytest.raises(Exception, match="already an active policy"):
        twin.full_clean()
    assert Tier.objects.count() == 4
