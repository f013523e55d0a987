import threading

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import events
from core.models import Event
from tests.factories import CustomerFactory, TicketFactory
from tickets import workflow
from tickets.models import Kind, Level, Outcome, State, Ticket
from tickets.workflow import MOVES, MoveRefused


def opened(team, kind="service", **more):
    return TicketFactory(customer=CustomerFactory(team=team), kind=kind, **more)


def walk(ticket, *states, by, **more):
    for state in states:
        workflow.move(ticket, state, by=by, **more)
    return ticket


def called_back(ticket, result):
    events.record("callback", ticket, ticket_id=ticket.pk, result=result)


def test_a_consult_walks_from_received_to_the_archive_on_the_call(team, agent):
    ticket = walk(opened(team, "consult"), "understood", "answered", by=agent)
    workflow.move(ticket, "archived", by=agent, outcome="satisfied", cause="information")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.outcome, ticket.due_at) == ("archived", "satisfied", None)
    kinds = list(Event.objects.filter(ticket_id=ticket.pk).order_by("id").values_list("kind", flat=True))
    assert kinds == ["opened", "moved", "moved", "resolved", "moved", "archived"]


def test_a_step_that_the_flow_does_not_know_is_refused_and_changes_nothing(team, agent):
    ticket = opened(team, "service")
    with pytest.raises(MoveRefused, match="does not follow"):
        workflow.move(ticket, "archived", by=agent, outcome="satisfied", cause="customer")
    assert Ticket.objects.get(pk=ticket.pk).state == "received"
    assert not Event.objects.filter(ticket_id=ticket.pk, kind="moved").exists()


def test_whoever_handled_a_ticket_neither_audits_nor_archives_it(team, specialist):
    ticket = walk(opened(team), "classified", "recorded", "audit_callback", by=specialist)
    called_back(ticket, "satisfied")
    with pytest.raises(MoveRefused, match="handled"):
        workflow.move(ticket, "archived", by=specialist, outcome="satisfied", cause="customer")
    assert workflow.next_moves(ticket, specialist) == []


def test_the_service_centre_acts_where_the_flow_says_so(team, agent, specialist):
    ticket = walk(opened(team), "classified", "recorded", "audit_callback", by=agent)
    assert workflow.next_moves(ticket, agent) == []
    assert {move.to for move in workflow.next_moves(ticket, specialist)} == {"archived", "recorded", "phone_handling"}


def test_satisfaction_is_the_callbacks_word_not_the_clickers(team, agent, specialist):
    ticket = walk(opened(team), "classified", "recorded", "audit_callback", by=agent)
    with pytest.raises(MoveRefused, match="callback first"):
        workflow.move(ticket, "archived", by=specialist, outcome="satisfied", cause="customer")
    called_back(ticket, "satisfied")
    workflow.move(ticket, "archived", by=specialist, outcome="satisfied", cause="customer")
    assert ticket.is_archived


def test_a_dissatisfied_service_customer_becomes_a_general_complaint(team, agent):
    ticket = walk(opened(team), "classified", "recorded", "phone_handling", by=agent)
    assert (ticket.kind, ticket.level) == ("complaint", "general")
    assert Event.objects.filter(ticket_id=ticket.pk, kind="reclassified").count() == 1


def test_the_department_gets_a_second_try_and_no_third(team, agent, specialist, lead):
    ticket = opened(team, "complaint")
    walk(ticket, "classified", "phone_handling", "callback", by=agent)
    walk(ticket, "dept_handling", by=specialist)
    walk(ticket, "callback", by=specialist)
    with pytest.raises(MoveRefused, match="second try"):
        workflow.move(ticket, "dept_handling", by=lead)
    workflow.move(ticket, "escalated", by=lead)
    assert ticket.state == "escalated"


def test_a_special_complaint_goes_by_sheet_and_a_general_one_by_phone(team, agent):
    special = walk(opened(team, "complaint", level=Level.SPECIAL), "classified", by=agent)
    assert [move.to for move in workflow.next_moves(special, agent)] == ["sheet_open"]
    general = walk(opened(team, "complaint"), "classified", by=agent)
    assert [move.to for move in workflow.next_moves(general, agent)] == ["phone_handling"]


def test_an_external_dispute_ends_with_a_decision_in_writing(team, agent, specialist, lead):
    ticket = opened(team, "complaint")
    walk(ticket, "classified", "phone_handling", "dept_handling", by=agent)
    walk(ticket, "escalated", by=specialist)
    walk(ticket, "external_dispute", by=lead)
    with pytest.raises(MoveRefused, match="in writing"):
        workflow.move(ticket, "archived", by=lead, outcome="refused", cause="customer")
    workflow.move(ticket, "archived", by=lead, outcome="refused", cause="customer", note="超出保修，已告知 12315 途径")
    assert ticket.outcome == "refused"


@pytest.mark.parametrize("outcome", ["withdrawn", "duplicate", "spam"])
def test_final_decisions_end_any_state(team, agent, outcome):
    ticket = opened(team, "complaint")
    workflow.move(ticket, "archived", by=agent, outcome=outcome, cause="customer", note="客户撤回")
    assert ticket.is_archived


def test_a_hold_keeps_the_archive_shut_and_says_why(team, agent):
    ticket = walk(opened(team, "consult"), "understood", "answered", by=agent)
    workflow.hold(ticket, "sheet", "A complaint sheet is open")
    with pytest.raises(MoveRefused, match="complaint sheet is open"):
        workflow.move(ticket, "archived", by=agent, outcome="satisfied", cause="customer")
    workflow.release(ticket, "sheet")
    workflow.move(ticket, "archived", by=agent, outcome="satisfied", cause="customer")
    assert ticket.is_archived


def test_open_work_holds_the_resolution_and_each_app_lets_go_of_its_own(team, agent):
    ticket = walk(opened(team, "consult"), "understood", by=agent)
    workflow.hold(ticket, "process", "Steps are open", before="resolved")
    workflow.hold(ticket, "sheet", "A complaint sheet is open")
    with pytest.raises(MoveRefused, match="Steps are open"):
        workflow.move(ticket, "answered", by=agent)
    assert [move.to for move in workflow.next_moves(ticket, agent)] == ["back_office"]
    with pytest.raises(MoveRefused, match="complaint sheet is open"):
        workflow.move(ticket, "archived", by=agent, outcome="spam", cause="customer", note="广告")
    workflow.release(ticket, "sheet")
    workflow.move(ticket, "archived", by=agent, outcome="spam", cause="customer", note="广告")
    assert ticket.is_archived and list(ticket.holds) == ["process"]


def test_an_archive_without_outcome_or_cause_is_refused(team, agent):
    ticket = walk(opened(team, "consult"), "understood", "answered", by=agent)
    with pytest.raises(MoveRefused, match="satisfaction"):
        workflow.move(ticket, "archived", by=agent, cause="customer")
    with pytest.raises(MoveRefused, match="cause code"):
        workflow.move(ticket, "archived", by=agent, outcome="satisfied")


def test_leaving_a_resolved_state_starts_a_new_resolution_clock(team, agent, specialist):
    ticket = walk(opened(team), "classified", "recorded", "audit_callback", by=agent)
    assert ticket.timers.get(metric="resolution").state == "met"
    walk(ticket, "phone_handling", by=specialist)
    assert list(ticket.timers.filter(metric="resolution").order_by("id").values_list("state", flat=True)) == [
        "met",
        "running",
    ]


def test_the_back_office_closes_a_consult_that_nobody_can_be_reached_about_and_says_how_they_were_tried(
    team, agent, specialist
):
    ticket = walk(opened(team, "consult"), "understood", "answered", "back_office", by=agent)
    with pytest.raises(MoveRefused, match="tried"):
        workflow.move(ticket, "archived", by=specialist, outcome="unverified", cause="information")
    workflow.move(ticket, "archived", by=specialist, outcome="unverified", cause="information", note="三次电话未接")
    assert ticket.outcome == "unverified"


def test_what_the_back_office_solves_is_resolved_then_and_not_at_the_first_answer(team, agent, specialist):
    ticket = walk(opened(team, "consult"), "understood", "answered", "back_office", by=agent)
    first = ticket.resolved_at
    workflow.move(ticket, "archived", by=specialist, outcome="satisfied", cause="information")
    assert ticket.resolved_at > first
    assert list(ticket.timers.filter(metric="resolution").values_list("state", flat=True)) == ["met", "met"]


def test_a_complaint_in_handling_cannot_be_made_a_consult(team, agent):
    ticket = walk(opened(team, "complaint"), "classified", "phone_handling", by=agent)
    with pytest.raises(MoveRefused, match="stays one"):
        workflow.reclassify(ticket, "consult", by=agent, reason="客户只是咨询")
    with pytest.raises(MoveRefused, match="already"):
        workflow.reclassify(ticket, "complaint", level="general", by=agent, reason="再来一次")
    workflow.reclassify(ticket, "complaint", level="special", by=agent, reason="媒体介入")
    assert (ticket.state, ticket.level) == ("classified", "special")


def test_reclassifying_needs_a_reason_and_starts_the_other_flow(team, agent):
    ticket = walk(opened(team, "consult"), "understood", by=agent)
    with pytest.raises(MoveRefused):
        workflow.reclassify(ticket, "service", by=agent, reason=" ")
    workflow.reclassify(ticket, "complaint", by=agent, reason="客户要求赔偿", level=Level.SPECIAL)
    assert (ticket.kind, ticket.state, ticket.level) == ("complaint", "classified", "special")


@pytest.mark.django_db(transaction=True)
def test_eight_hands_on_one_ticket_move_it_once(team, agent):
    ticket = opened(team)
    results = []

    def push():
        try:
            workflow.move(Ticket.objects.get(pk=ticket.pk), "classified", by=agent)
            results.append("moved")
        except MoveRefused as refused:
            results.append(str(refused))
        finally:
            connection.close()

    hands = [threading.Thread(target=push) for _ in range(8)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert results.count("moved") == 1
    assert results.count("“Classified” does not follow “Classified” for this class.") == 7
    assert Event.objects.filter(ticket_id=ticket.pk, kind="moved").count() == 1


def test_every_state_of_every_flow_can_be_reached_and_left():
    for kind, flow in MOVES.items():
        reached, frontier = {State.RECEIVED}, [State.RECEIVED]
        while frontier:
            for move in flow.get(frontier.pop(), ()):
                if move.to not in reached and not move.becomes:
                    reached.add(move.to)
                    frontier.append(move.to)
        assert set(flow) <= reached, kind
        assert State.ARCHIVED in reached, kind


def act(data, ticket, person):
    """One random thing that somebody tries: a step to anywhere, another class, or taking the ticket up again."""
    note = data.draw(st.sampled_from(["", "客户要求"]))
    what = data.draw(st.sampled_from(["move", "move", "move", "move", "reclassify", "take_up"]))
    if what == "reclassify":
        return workflow.reclassify(ticket, data.draw(st.sampled_from(Kind.values)), by=person, reason=note)
    if what == "take_up":
        return workflow.take_up(ticket, by=person, reason=note)
    ways = [move.to for move in workflow.moves_of(ticket)]
    to = data.draw(st.sampled_from([*ways, *ways, *ways, *State]))
    outcome = data.draw(st.sampled_from(["", *Outcome.values])) if to == State.ARCHIVED else ""
    cause = data.draw(st.sampled_from(["", "customer", "customer"]))
    return workflow.move(ticket, to, by=person, outcome=outcome, cause=cause, note=note)


def log_of(ticket, *kinds):
    return list(Event.objects.filter(ticket_id=ticket.pk, kind__in=kinds).order_by("id"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_walk_loses_an_event_leaves_the_flow_or_archives_an_incomplete_ticket(
    team, agent, specialist, lead, data
):
    ticket = opened(team, data.draw(st.sampled_from(Kind.values)), level=data.draw(st.sampled_from(Level.values)))
    taken = 0
    for _step in range(data.draw(st.integers(1, 14))):
        before = Ticket.objects.values().get(pk=ticket.pk)
        if data.draw(st.booleans()):
            called_back(ticket, data.draw(st.sampled_from(["satisfied", "unverified"])))
        try:
            act(data, ticket, data.draw(st.sampled_from([agent, specialist, lead])))
            taken += 1
        except MoveRefused as refused:
            assert str(refused)
            assert Ticket.objects.values().get(pk=ticket.pk) == before
        ticket.refresh_from_db()
        known = [ticket.state == State.ARCHIVED, ticket.state in MOVES[ticket.kind]]
        assert any(known), f"{ticket.state} is no state of a {ticket.kind}"
        assert ticket.is_archived or workflow.moves_of(ticket)
        assert ticket.is_archived == bool(ticket.outcome and ticket.cause and ticket.archived_at)
        assert not (ticket.is_archived and ticket.timers.filter(stopped_at=None).exists())
        assert ticket.due_at == min((t.due_at for t in ticket.timers.filter(stopped_at=None) if t.due_at), default=None)
    moves = log_of(ticket, "moved")
    assert len(moves) == taken
    assert ticket.state == (moves[-1].data["to"] if moves else "received")
    assert all(a.data["to"] == b.data["from"] for a, b in zip(moves, moves[1:], strict=False))
    archives = [move for move in moves if move.data["to"] == State.ARCHIVED]
    assert len(log_of(ticket, "archived")) == len(archives)
    assert len(log_of(ticket, "reopened")) == len([move for move in moves if move.data["from"] == State.ARCHIVED])
    assert ticket.history.count() >= taken + 1
