"""Every second of a promise can be shown: what ran, what waited, and why."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import events
from core.models import Event, WorkCalendar
from tests.factories import CustomerFactory, TicketFactory
from tickets import escalation, intake, sla, sla_pauses, workflow
from tickets.models import Category, FlowRules, Pause, PauseCause, Segment, SLAPolicy, SLATimer

FRIDAY_NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)  # 12:00 in Shanghai, when the office closes for lunch
HOUR = timedelta(hours=1)


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team, email="wang@example.com")


def timer_of(ticket, metric="resolution"):
    return ticket.timers.filter(metric=metric).latest("pk")


def stretches(timer):
    return list(timer.segments.values_list("kind", "cause", "seconds"))


def used(timer):
    return sum(timer.segments.filter(kind="run").values_list("seconds", flat=True))


def test_a_life_with_waits_is_told_stretch_by_stretch_and_adds_up(customer, agent):
    ticket = TicketFactory(customer=customer, now=FRIDAY_NOON)
    sla.pause(ticket, by=agent, reason="等客户确认", now=FRIDAY_NOON + 2 * HOUR)
    sla.pause(ticket, by=agent, reason="上门", cause="visit", now=FRIDAY_NOON + 3 * HOUR)
    sla.resume(ticket, cause="customer", now=FRIDAY_NOON + 5 * HOUR)
    timer = timer_of(ticket)
    assert (timer.state, timer.waits_for, timer.due_at) == ("paused", "visit", None)
    sla.resume(ticket, now=FRIDAY_NOON + 6 * HOUR)
    sla.stop(ticket, "resolution", now=FRIDAY_NOON + 7 * HOUR)
    timer = timer_of(ticket)
    assert stretches(timer) == [
        ("run", "started", 7200), ("pause", "customer", 3 * 3600), ("pause", "visit", 3600), ("run", "resumed", 3600),
    ]  # fmt: skip
    assert (timer.state, timer.consumed_seconds) == ("met", 3 * 3600)


def test_a_stretch_that_has_ended_is_never_rewritten(customer):
    ticket = TicketFactory(customer=customer, now=FRIDAY_NOON)
    sla.stop(ticket, "resolution", now=FRIDAY_NOON + HOUR)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Segment.objects.update(seconds=1)


def test_a_breached_promise_counts_on_until_it_is_settled(customer):
    ticket = TicketFactory(customer=customer, now=FRIDAY_NOON)
    escalation.escalate_due(now=FRIDAY_NOON + 25 * HOUR)
    sla.stop(ticket, "resolution", now=FRIDAY_NOON + 30 * HOUR)
    timer = timer_of(ticket)
    assert (timer.state, timer.consumed_seconds, stretches(timer)) == (
        "breached", 30 * 3600, [("run", "started", 30 * 3600)]
    )  # fmt: skip


def test_a_clock_of_the_machine_that_went_back_takes_no_time_away(customer, agent):
    ticket = TicketFactory(customer=customer, now=FRIDAY_NOON)
    sla.pause(ticket, by=agent, reason="等客户确认", now=FRIDAY_NOON + 2 * HOUR)
    sla.resume(ticket, now=FRIDAY_NOON + HOUR)
    timer = timer_of(ticket)
    assert timer.due_at == FRIDAY_NOON + 24 * HOUR
    assert stretches(timer) == [("run", "started", 7200), ("pause", "customer", 0)]
    due = timer.due_at
    for began, ended in ((3, 2.5), (2, 5), (4, 3)):  # the clock goes back and forth, the due time only onward
        sla.pause(ticket, by=agent, reason="等客户确认", now=FRIDAY_NOON + began * HOUR)
        sla.resume(ticket, now=FRIDAY_NOON + ended * HOUR)
        assert timer_of(ticket).due_at >= due
        due = timer_of(ticket).due_at


ACTS = st.lists(
    st.tuples(st.sampled_from(["pause", "visit", "resume", "customer wrote", "tick", "reclassify"]),
              st.integers(0, 20 * 3600)),
    max_size=8,
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_whatever_happens_the_run_seconds_add_up_and_the_stretches_join(customer, agent, acts):
    now = FRIDAY_NOON
    ticket = TicketFactory(customer=customer, kind="consult", now=now)
    for act, later in acts:
        now += timedelta(seconds=later)
        try:
            _do(act, ticket, agent, now)
        except (sla.PauseRefused, workflow.MoveRefused):
            continue
    ticket.refresh_from_db()
    sla.stop_all(ticket, now=now + HOUR)
    for timer in ticket.timers.all():
        rows = list(timer.segments.all())
        assert timer.consumed_seconds == used(timer)
        clock = sla.clock_of(timer)
        assert all(row.seconds == clock.between(row.began_at, row.ended_at) for row in rows)
        assert rows[0].began_at == timer.started_at
        assert rows[-1].ended_at == timer.stopped_at
        assert all(one.ended_at == other.began_at for one, other in zip(rows, rows[1:], strict=False))


def _do(act, ticket, agent, now):
    ticket.refresh_from_db()
    if act in ("pause", "visit"):
        sla.pause(ticket, by=agent, reason="等", cause="visit" if act == "visit" else "customer", now=now)
    elif act == "resume":
        sla.resume(ticket, by=agent, now=now)
    elif act == "customer wrote":
        intake.append_inbound(ticket, body="好的", now=now)
    elif act == "tick":
        escalation.escalate_due(now=now)
    else:
        workflow.reclassify(
            ticket, "service" if ticket.kind == "consult" else "consult", by=agent, reason="改类", now=now
        )


def test_the_owner_is_warned_once_at_the_policys_share_and_not_after_a_breach(customer, agent):
    ticket = TicketFactory(customer=customer, owner=agent, now=FRIDAY_NOON)
    sla.stop(ticket, "first_response", now=FRIDAY_NOON + HOUR)
    sla.stop(ticket, "proposal", now=FRIDAY_NOON + HOUR)
    at = FRIDAY_NOON + 0.8 * 24 * HOUR
    assert escalation.escalate_due(now=at - timedelta(seconds=1)).warned == 0
    assert [escalation.escalate_due(now=at + n * HOUR).warned for n in range(3)] == [1, 0, 0]
    assert timer_of(ticket).warned_at == at
    event = Event.objects.get(kind="sla_warning", ticket_id=ticket.pk)
    assert event.data["metric"] == "resolution"
    assert agent.notifications.get(kind="sla_warning").ticket_id == ticket.pk
    other = TicketFactory(customer=customer, owner=agent, now=FRIDAY_NOON)
    escalation.escalate_due(now=FRIDAY_NOON + 48 * HOUR)  # an outage: only the truth is told
    assert set(other.timers.values_list("state", "warned_at")) == {("breached", None)}


def test_a_wait_moves_the_warning_with_the_due_time(customer, agent):
    ticket = TicketFactory(customer=customer, now=FRIDAY_NOON)
    assert timer_of(ticket).warns_at == FRIDAY_NOON + 19.2 * HOUR
    sla.pause(ticket, by=agent, reason="等客户确认", now=FRIDAY_NOON + 2 * HOUR)
    assert timer_of(ticket).warns_at is None
    sla.resume(ticket, now=FRIDAY_NOON + 12 * HOUR)
    assert timer_of(ticket).warns_at == FRIDAY_NOON + 29.2 * HOUR


def test_pauses_by_hand_end_at_the_cap_and_go_on_only_with_a_leads_consent(customer, agent, lead):
    FlowRules.objects.update(pause_days=1)
    ticket = TicketFactory(customer=customer, owner=agent, now=FRIDAY_NOON)
    sla.pause(ticket, by=agent, reason="等供应商", cause="supplier", now=FRIDAY_NOON)
    row = Pause.objects.get()
    monday = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)  # noon is in the break: a working day later is Monday 13:30
    assert row.until == monday - 1.5 * HOUR  # the same seconds are used up when the morning ends
    assert escalation.escalate_due(now=row.until - timedelta(seconds=1)).resumed == 0
    assert escalation.escalate_due(now=row.until + timedelta(seconds=5)).resumed == 1
    assert timer_of(ticket).state == "running"
    assert agent.notifications.filter(kind="wait_over").exists()
    with pytest.raises(sla.PauseRefused, match="team lead"):
        sla.pause(ticket, by=agent, reason="再等等", now=monday + HOUR)
    sla.pause(ticket, by=lead, reason="同意再等", now=monday + HOUR)
    assert Pause.objects.latest("pk").consent_by == lead
    assert Event.objects.filter(kind="paused").latest("pk").data["consent"] == str(lead)


def test_a_proposal_waits_for_the_customer_without_a_cap_until_they_answer(customer, agent):
    from tickets import conversation

    ticket = TicketFactory(customer=customer, now=FRIDAY_NOON)
    conversation.reply(ticket, body="建议换新，您看可以吗？", by=agent, wait=True, now=FRIDAY_NOON + HOUR)
    assert timer_of(ticket, "proposal").state == "met"  # the clock stops at the proposal (C5)
    row = Pause.objects.get()
    assert (row.cause, row.by_hand, row.until) == ("customer", False, None)
    intake.append_inbound(ticket, body="可以", now=FRIDAY_NOON + 100 * HOUR)
    assert timer_of(ticket).due_at == FRIDAY_NOON + 123 * HOUR
    assert timer_of(ticket, "next_response").due_at == FRIDAY_NOON + 124 * HOUR
    assert sla_pauses.used_by_hand(ticket, now=FRIDAY_NOON + 100 * HOUR) == 0


def test_a_policy_says_what_its_clock_waits_for(customer, agent):
    SLAPolicy.objects.filter(metric="resolution").update(pauses_for=["visit"])
    ticket = TicketFactory(customer=customer, now=FRIDAY_NOON)
    sla.pause(ticket, by=agent, reason="等客户确认", now=FRIDAY_NOON + HOUR)
    assert timer_of(ticket).state == "running"
    sla.pause(ticket, by=agent, reason="上门", cause="visit", now=FRIDAY_NOON + HOUR)
    assert timer_of(ticket).state == "paused"


@pytest.mark.parametrize("metric", ["first_response", "resolution", "proposal"])
def test_each_cause_stops_the_clocks_that_name_it_and_no_other(customer, agent, metric):
    for cause in PauseCause.values:
        SLAPolicy.objects.filter(metric=metric).update(pauses_for=[cause])
        SLAPolicy.objects.exclude(metric=metric).update(pauses_for=[])
        ticket = TicketFactory(customer=customer, now=FRIDAY_NOON)
        due = timer_of(ticket, metric).due_at
        for n, other in enumerate(PauseCause.values):
            sla.pause(ticket, by=agent, reason="等", cause=other, by_hand=False, now=FRIDAY_NOON + (n + 1) * HOUR / 4)
        standing = ticket.timers.filter(state="paused")
        assert [(timer.metric, timer.waits_for) for timer in standing] == [(metric, cause)]
        sla.resume(ticket, now=FRIDAY_NOON + 2 * HOUR)
        waited = 2 * HOUR - (PauseCause.values.index(cause) + 1) * HOUR / 4
        assert timer_of(ticket, metric).due_at == due + waited


def test_tier_outweighs_priority_and_a_near_topic_a_far_one(customer, team):
    office = WorkCalendar.objects.standard()
    above = Category.objects.create(code="above", name_zh="上", name_en="Above")
    near = Category.objects.create(code="near", name_zh="近", name_en="Near", parent=above)
    vip = CustomerFactory(team=team, vip=True)
    rows = [
        ("urgent", {"priority": 1}), ("topic above", {"category": above}), ("topic", {"category": near}),
        ("vip", {"tier": vip.tier}),
    ]  # fmt: skip
    for name, fields in rows:
        SLAPolicy.objects.create(name=name, metric="resolution", target_days=3, calendar=office, **fields)

    def best(**case):
        facts = {"channel": "mail", "kind": "service", "tier_id": customer.tier_id} | case
        return sla.best_policy("resolution", **facts).name

    assert best(category_id=near.pk) == "topic"
    assert best(category_id=above.pk) == "topic above"
    assert best(category_id=near.pk, priority=1) == "urgent"
    assert best(category_id=near.pk, priority=1, tier_id=vip.tier_id) == "vip"
    from tickets import sla_policies

    pairs = {(one.name, other.name) for one, other in sla_policies.overlaps()}
    assert ("vip", "urgent") in pairs
    assert ("urgent", "topic") in pairs
    assert "names Near" in sla_policies.why(SLAPolicy.objects.get(name="topic"))


def test_a_complaint_promises_its_investigation_and_a_callback_its_day(customer, agent):
    ticket = TicketFactory(customer=customer, kind="complaint", now=FRIDAY_NOON)
    timer = timer_of(ticket, "investigation")
    assert timer.due_at == datetime(2026, 11, 23, 9, 30, tzinfo=UTC) - 4 * HOUR  # Monday 13:30, a working day later
    office = WorkCalendar.objects.standard()
    SLAPolicy.objects.create(name="回访", metric="callback", target_days=2, calendar=office)
    workflow.move(ticket, "classified", by=agent, now=FRIDAY_NOON + HOUR)
    workflow.move(ticket, "phone_handling", by=agent, now=FRIDAY_NOON + HOUR)
    workflow.move(ticket, "callback", by=agent, now=FRIDAY_NOON + 2 * HOUR)
    states = dict(ticket.timers.values_list("metric", "state"))
    assert (states["investigation"], states["resolution"], states["callback"]) == ("met", "met", "running")


def test_the_sum_of_what_ran_is_the_database_of_what_was_used(customer, agent):
    for hours in (1, 30):
        ticket = TicketFactory(customer=customer, now=FRIDAY_NOON)
        sla.stop_all(ticket, now=FRIDAY_NOON + hours * HOUR)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM tickets_slatimer t WHERE t.consumed_seconds <> (SELECT coalesce(sum(s.seconds), 0) "
            "FROM tickets_segment s WHERE s.timer_id = t.id AND s.kind = 'run')"
        )
        assert cursor.fetchone()[0] == 0
    assert SLATimer.objects.filter(consumed_seconds__gt=0).exists()


def test_what_was_used_before_stretches_were_kept_becomes_one_of_its_own(customer, agent):
    running, waiting = (TicketFactory(customer=customer, now=FRIDAY_NOON) for _ in range(2))
    resolutions = SLATimer.objects.filter(metric="resolution")
    resolutions.filter(ticket=running).update(consumed_seconds=7200, resumed_at=FRIDAY_NOON + 5 * HOUR, warns_at=None)
    resolutions.filter(ticket=waiting).update(consumed_seconds=3600, state="paused", due_at=None, warns_at=None)
    waiting.waiting_customer = True
    waiting.save()
    events.record("paused", waiting, ticket_id=waiting.pk, now=FRIDAY_NOON + HOUR, reason="等客户确认")
    taken_over = import_module("tickets.migrations.0015_earlier_stretches")
    for _again in range(2):
        taken_over.fill(None, SimpleNamespace(connection=connection))
    for ticket, ended in ((running, FRIDAY_NOON + 5 * HOUR), (waiting, FRIDAY_NOON + HOUR)):
        timer = timer_of(ticket)
        segment = timer.segments.get()
        assert (segment.cause, segment.seconds, segment.ended_at) == ("taken_over", timer.consumed_seconds, ended)
    timer = timer_of(waiting)
    assert (timer.waits_for, timer.resumed_at) == ("customer", FRIDAY_NOON + HOUR)
    sla.resume(waiting, now=FRIDAY_NOON + 3 * HOUR)
    assert timer_of(waiting).due_at == FRIDAY_NOON + 26 * HOUR
