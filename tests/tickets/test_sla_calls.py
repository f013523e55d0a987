from datetime import timedelta

import pytest
from django.utils import timezone

from core.models import Event
from messaging import calls
from messaging.models import CallStep
from tickets import escalation, sla_calls
from tickets.models import Breach, SLATimer

SECOND = timedelta(seconds=1)


@pytest.fixture
def noon():
    return timezone.now().replace(microsecond=0) - timedelta(hours=1)


def states(call):
    return dict(call.timers.values_list("metric", "state"))


def ring(team, agent, noon, rings):
    return calls.start(team=team, agent=agent, ringing_at=noon, now=noon + rings * 5 * SECOND)


def test_a_call_picked_up_within_three_rings_and_identified_in_time_keeps_both_promises(team, agent, noon):
    call = ring(team, agent, noon, 3)
    calls.stamp(call, CallStep.LISTEN, now=noon + 44 * SECOND)
    sla_calls.follow(now=noon + 60 * SECOND)
    assert states(call) == {"ring": "met", "identify": "met"}
    assert call.timers.get(metric="identify").segments.get().seconds == 29
    sla_calls.follow(now=noon + 61 * SECOND)
    assert call.timers.count() == 2


def test_a_late_pick_up_and_a_late_greeting_are_breaches_of_the_call_that_climb_no_ladder(team, lead, agent, noon):
    call = ring(team, agent, noon, 4)
    sla_calls.follow(now=noon + 51 * SECOND)
    assert states(call) == {"ring": "breached", "identify": "breached"}
    due = {breach.metric: breach.due_at for breach in Breach.objects.filter(call=call)}
    assert due == {"ring": noon + 15 * SECOND, "identify": noon + 50 * SECOND}
    event = Event.objects.filter(kind="breached").latest("pk")
    assert (event.subject_type, event.subject_id, event.ticket_id, event.team_id) == (
        "messaging.call", call.pk, None, team.pk
    )  # fmt: skip
    assert escalation.escalate_due(now=noon + 600 * SECOND).escalated == 0
    calls.stamp(call, CallStep.LISTEN, now=noon + 60 * SECOND)
    sla_calls.follow(now=noon + 61 * SECOND)
    assert call.timers.get(metric="identify").consumed_seconds == 40
    assert Breach.objects.count() == 2


def test_the_tick_of_tickets_leaves_calls_to_their_own_stamps(team, agent, noon):
    call = ring(team, agent, noon, 1)
    sla_calls.follow(now=noon + 6 * SECOND)
    assert not escalation.escalate_due(now=noon + 300 * SECOND)
    calls.stamp(call, CallStep.LISTEN, now=noon + 30 * SECOND)
    sla_calls.follow(now=noon + 300 * SECOND)
    assert states(call)["identify"] == "met"


def test_a_call_that_ends_before_its_time_promises_nothing_more(team, agent, noon):
    call = ring(team, agent, noon, 1)
    calls.finish(call, outcome="dropped", now=noon + 10 * SECOND)
    sla_calls.follow(now=noon + 60 * SECOND)
    assert states(call)["identify"] in ("cancelled", "met")
    assert SLATimer.objects.open().count() == 0


def test_an_outgoing_call_has_no_such_promises(team, agent, noon):
    call = calls.start(team=team, agent=agent, direction="out", now=noon)
    sla_calls.follow(now=noon + SECOND)
    assert states(call) == {}
