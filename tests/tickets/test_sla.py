from datetime import UTC, datetime, timedelta

import pytest

from core.models import WorkCalendar
from customers.models import Tier
from tests.factories import CustomerFactory, TicketFactory
from tickets import sla
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


def test_an_inactive_policy_promises_nothing(customer):
    SLAPolicy.objects.update(is_active=False)
    ticket = TicketFactory(customer=customer)
    assert ticket.timers.count() == 0
    assert ticket.due_at is None


def test_a_pause_gives_back_every_second(customer, agent):
    ticket = TicketFactory(customer=customer, now=FRIDAY_NOON)
    sla.pause(ticket, by=agent, reason="等客户确认", now=FRIDAY_NOON + 2 * HOUR)
    assert resolution(ticket).due_at is None
    sla.resume(ticket, now=FRIDAY_NOON + 50 * HOUR)
    assert resolution(ticket).due_at == FRIDAY_NOON + (50 + 22) * HOUR


def test_a_pause_counts_working_time_not_clock_time(customer, agent):
    SLAPolicy.objects.filter(metric="resolution", kind="", tier=None).update(
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


def test_one_active_policy_a_case(ground):
    policy = SLAPolicy.objects.filter(tier=None).first()
    twin = SLAPolicy(
        name="twin", metric=policy.metric, channel=policy.channel, kind=policy.kind, target_seconds=60
    )
    with pytest.raises(Exception, match="already an active policy"):
        twin.full_clean()
    assert Tier.objects.count() == 4
