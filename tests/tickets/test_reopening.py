"""A matter that comes back: the same ticket within its grace period, a linked cycle after it, and figures that stay."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core import events
from core.models import Event
from metrics import definitions
from tests.factories import CustomerFactory, TicketFactory
from tickets import intake, reopening, workflow
from tickets.models import FlowRules, Ticket
from tickets.reopening import ReopenRefused
from tickets.workflow import MoveRefused

HOUR = timedelta(hours=1)
NOW = timezone.now()


def archived(team, agent, specialist, kind="consult", outcome="satisfied", at=NOW, **more):
    """A ticket that walked its flow to the archive, with the last step taken at `at`."""
    begun = at - 3 * HOUR
    ticket = TicketFactory(customer=CustomerFactory(team=team), kind=kind, now=begun, **more)
    walks = {
        "consult": ["understood", "answered"],
        "service": ["classified", "recorded", "audit_callback"],
        "complaint": ["classified", "phone_handling", "callback"],
    }
    for state in walks[kind]:
        workflow.move(ticket, state, by=agent, now=begun + HOUR)
    events.record("callback", ticket, ticket_id=ticket.pk, result=outcome, now=at)
    workflow.move(ticket, "archived", by=specialist, outcome=outcome, cause="information", now=at)
    return ticket


@pytest.mark.parametrize(
    ("kind", "state"), [("consult", "back_office"), ("service", "recorded"), ("complaint", "dept_handling")]
)
def test_a_reply_within_the_grace_period_returns_to_where_the_flow_takes_dissatisfaction(
    team, agent, specialist, kind, state
):
    ticket = archived(team, agent, specialist, kind)
    intake.append_inbound(ticket, body="还是不行", now=NOW + 71 * HOUR)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.outcome, ticket.cause, ticket.archived_at) == (state, "", "", None)
    assert ticket.chases == 0
    assert ticket.timers.filter(metric="resolution", state="running").count() == 1
    reopened = Event.objects.get(ticket_id=ticket.pk, kind="reopened")
    assert (reopened.data["stood"]["outcome"], reopened.actor_id) == ("satisfied", None)
    last = Event.objects.filter(ticket_id=ticket.pk, kind="moved").latest("id")
    assert (last.data["from"], last.data["to"]) == ("archived", state)


def test_after_the_grace_period_or_a_final_decision_the_ticket_stays_archived(team, agent, specialist):
    ticket = archived(team, agent, specialist)
    with pytest.raises(MoveRefused, match="linked"):
        intake.append_inbound(ticket, body="还是不行", now=NOW + 72 * HOUR)
    assert ticket.posts.count() == 1
    decided = TicketFactory(customer=CustomerFactory(team=team))
    workflow.move(decided, "archived", by=agent, outcome="withdrawn", cause="customer", note="客户撤回")
    with pytest.raises(MoveRefused, match="linked"):
        workflow.take_up(decided, by=specialist)


def test_the_admin_sets_the_grace_period(team, agent, specialist):
    FlowRules.objects.update_or_create(pk=1, defaults={"reopen_hours": 1})
    ticket = archived(team, agent, specialist)
    assert workflow.returns(ticket, now=NOW + 59 * HOUR / 60)
    assert not workflow.returns(ticket, now=NOW + HOUR)


def test_a_complaint_that_comes_back_twice_is_escalated(team, agent, specialist, lead):
    ticket = archived(team, agent, specialist, "complaint")
    workflow.take_up(ticket, by=lead, reason="客户来电", now=NOW + HOUR)
    workflow.move(ticket, "callback", by=specialist, now=NOW + 2 * HOUR)
    events.record("callback", ticket, ticket_id=ticket.pk, result="satisfied", now=NOW + 3 * HOUR)
    workflow.move(ticket, "archived", by=lead, outcome="satisfied", cause="customer", now=NOW + 3 * HOUR)
    workflow.take_up(ticket, by=lead, reason="又来电", now=NOW + 4 * HOUR)
    assert ticket.state == "escalated"


def test_reopened_by_hand_after_the_grace_period_is_the_next_cycle_and_leaves_every_figure_of_the_old_one(
    team, agent, specialist
):
    ticket = archived(team, agent, specialist, owner=agent)
    mine = Ticket.objects.filter(pk=ticket.pk)
    since = NOW - 24 * HOUR

    def figures():
        return (
            definitions.counted(mine, [definitions.Span(since)]),
            list(mine.values()), list(ticket.timers.order_by("pk").values()), ticket.history.count(),
            list(ticket.posts.values()),
        )

    before = figures()
    fresh = reopening.reopen(ticket, by=specialist, reason="三个月后再次漏水", now=NOW + 73 * HOUR)
    assert figures() == before
    assert (fresh.cycle_of_id, fresh.cycle, fresh.state) == (ticket.pk, 2, "received")
    assert (fresh.subject, fresh.customer_id, fresh.owner_id) == (ticket.subject, ticket.customer_id, agent.pk)
    with pytest.raises(ReopenRefused, match=fresh.number):
        reopening.reopen(ticket, by=specialist, reason="再开", now=NOW + 74 * HOUR)


def test_reopening_by_hand_asks_for_the_service_centre_and_a_reason(team, agent, specialist):
    ticket = archived(team, agent, specialist)
    with pytest.raises(ReopenRefused, match="belongs to"):
        reopening.reopen(ticket, by=agent, reason="客户来电")
    with pytest.raises(ReopenRefused, match="why"):
        reopening.reopen(ticket, by=specialist, reason="  ")
    again = reopening.reopen(ticket, by=specialist, reason="客户来电", now=NOW + HOUR)
    assert (again.pk, again.state) == (ticket.pk, "back_office")
    with pytest.raises(ReopenRefused, match="open"):
        reopening.reopen(ticket, by=specialist, reason="客户来电")


@pytest.mark.django_db(transaction=True)
def test_of_four_who_reopen_at_once_one_opens_the_next_cycle(team, agent, specialist):
    ticket = archived(team, agent, specialist)
    told = []

    def push():
        try:
            reopening.reopen(Ticket.objects.get(pk=ticket.pk), by=specialist, reason="x", now=NOW + 100 * HOUR)
            told.append("opened")
        except ReopenRefused as refused:
            told.append(str(refused))
        finally:
            connection.close()

    hands = [threading.Thread(target=push) for _ in range(4)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    cycle = Ticket.objects.get(cycle_of=ticket)
    assert sorted(told) == sorted(["opened", *[f"The matter goes on in {cycle.number}."] * 3])
