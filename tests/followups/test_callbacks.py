from datetime import timedelta

import pytest

from core.models import Event
from customers import consent
from customers.models import Contact
from followups import audits, callbacks
from followups.models import Attempt, Callback
from messaging.models import Outbox
from staff.models import Role
from tests.factories import UserFactory
from tests.followups.conftest import at, resolution_of
from tickets import workflow
from tickets.models import Cause, Kind, Outcome, State, Ticket

O = Attempt.Outcome  # noqa: E741


def call(callback, by, outcome, **details):
    details.setdefault("cause", Cause.INFORMATION)
    return callbacks.record_attempt(callback, by=by, outcome=outcome, **details)


def passed(callback, by):
    audits.audit(callback, by=by, complete=True, conform=True, authentic=True, items=True, now=at(17, 9))
    return callback


def results(ticket):
    events = Event.objects.filter(ticket_id=ticket.pk, kind="callback").order_by("id")
    return [event.data["result"] for event in events]


# --- Planning


def test_each_resolution_without_a_callback_gets_one(resolved, specialist):
    ticket = resolved(Kind.CONSULT)
    assert callbacks.plan_due() == 1
    assert callbacks.plan_due() == 0
    callback = ticket.callbacks.get()
    assert callback.due_at == at(17, 10) and callback.assignee == specialist and not callback.needs_audit


def test_planning_twice_gives_the_same_callback(resolved, specialist):
    event = resolution_of(resolved(Kind.CONSULT))
    assert callbacks.plan(event) == callbacks.plan(event)
    assert Event.objects.filter(kind="callback_planned").count() == 1


def test_only_a_service_needs_an_audit(planned):
    assert planned(Kind.SERVICE).needs_audit
    assert not planned(Kind.COMPLAINT).needs_audit


def test_the_least_loaded_specialist_gets_the_callback(planned, specialist, team):
    other = UserFactory(team=team, role=Role.SPECIALIST)
    assert {planned(Kind.CONSULT).assignee, planned(Kind.CONSULT).assignee} == {specialist, other}


def test_a_specialist_who_handled_the_ticket_is_not_assigned(resolved, specialist, team):
    ticket = resolved(Kind.CONSULT)
    Ticket.objects.filter(pk=ticket.pk).update(handler=specialist)
    assert callbacks.plan(resolution_of(ticket)).assignee is None


def test_a_consult_closed_on_the_call_needs_no_callback(resolved, agent, specialist):
    ticket = resolved(Kind.CONSULT)
    workflow.move(ticket, State.ARCHIVED, by=agent, outcome=Outcome.SATISFIED, cause=Cause.INFORMATION)
    assert callbacks.plan_due() == 0


def test_a_ticket_that_moved_on_loses_its_callback(planned, agent):
    callback = planned(Kind.CONSULT)
    workflow.move(callback.ticket, State.BACK_OFFICE, by=agent, now=at(16, 11))
    assert callbacks.cancel_stale() == 1
    callback.refresh_from_db()
    assert callback.state == Callback.State.CANCELLED
    assert callback.history.latest().state == Callback.State.CANCELLED
    assert callbacks.cancel_stale() == 0


def test_a_second_resolution_gets_a_callback_of_its_own(planned, specialist, agent):
    first = planned(Kind.COMPLAINT)
    call(first, specialist, O.DISSATISFIED, words="还在漏", now=at(17, 10))
    workflow.move(first.ticket, State.CALLBACK, by=specialist, now=at(17, 15))
    assert callbacks.plan_due() == 1
    assert first.ticket.callbacks.open().get() != first


# --- Satisfied and dissatisfied, in each flow


@pytest.mark.parametrize("kind", [Kind.CONSULT, Kind.COMPLAINT])
def test_a_satisfied_customer_archives_the_ticket(planned, specialist, kind):
    callback = planned(kind)
    call(callback, specialist, O.SATISFIED, score=5, attitude=4, cause=Cause.COMPANY_STAFF, now=at(17, 10))
    ticket = callback.ticket
    ticket.refresh_from_db()
    assert (ticket.state, ticket.outcome, ticket.cause) == (State.ARCHIVED, Outcome.SATISFIED, Cause.COMPANY_STAFF)
    assert callback.state == Callback.State.DONE and results(ticket) == ["satisfied"]


def test_a_service_is_archived_after_audit_and_call(planned, specialist):
    callback = passed(planned(Kind.SERVICE), specialist)
    call(callback, specialist, O.SATISFIED, now=at(17, 10))
    callback.ticket.refresh_from_db()
    assert callback.ticket.outcome == Outcome.SATISFIED


def test_a_dissatisfied_consult_goes_to_the_back_office(planned, specialist):
    callback = planned(Kind.CONSULT)
    call(callback, specialist, O.DISSATISFIED, words="没听懂", now=at(17, 10))
    callback.ticket.refresh_from_db()
    assert callback.ticket.state == State.BACK_OFFICE and results(callback.ticket) == ["dissatisfied"]


def test_a_dissatisfied_service_becomes_a_general_complaint(planned, specialist):
    callback = passed(planned(Kind.SERVICE), specialist)
    call(callback, specialist, O.DISSATISFIED, words="还在漏", now=at(17, 10))
    ticket = callback.ticket
    ticket.refresh_from_db()
    assert (ticket.kind, ticket.level, ticket.state) == (Kind.COMPLAINT, "general", State.PHONE_HANDLING)


def test_a_complaint_goes_to_the_department_once_and_is_then_escalated(planned, specialist, lead):
    first = planned(Kind.COMPLAINT)
    call(first, specialist, O.DISSATISFIED, words="还在漏", now=at(17, 10))
    ticket = Ticket.objects.get(pk=first.ticket_id)
    assert ticket.state == State.DEPT_HANDLING
    workflow.move(ticket, State.CALLBACK, by=specialist, now=at(17, 15))
    second = callbacks.plan(resolution_of(ticket))
    call(second, lead, O.DISSATISFIED, words="仍在漏", now=at(18, 10))
    ticket.refresh_from_db()
    assert ticket.state == State.ESCALATED


# --- Nobody answers


def test_the_third_try_writes_a_mail_and_archives_unverified(planned, specialist):
    callback = planned(Kind.COMPLAINT)
    for now in (at(17, 10), at(18, 14), at(19, 16)):
        call(callback, specialist, O.NO_ANSWER, now=now)
    ticket = Ticket.objects.get(pk=callback.ticket_id)
    assert (ticket.state, ticket.outcome) == (State.ARCHIVED, Outcome.UNVERIFIED)
    mail = Outbox.objects.get(key=f"unreached:{callback.pk}")
    assert mail.to == "yu@example.com" and mail.purpose == "service" and ticket.number in mail.body
    assert results(ticket) == ["no_answer", "no_answer", "unverified"]


def test_tries_on_one_day_or_at_one_hour_do_not_add_up(planned, specialist):
    callback = planned(Kind.COMPLAINT)
    for now in (at(17, 10), at(17, 15), at(18, 10), at(18, 10, 59)):
        call(callback, specialist, O.NO_ANSWER, now=now)
    assert callback.state == Callback.State.PLANNED and not Outbox.objects.exists()


def test_a_missed_call_is_due_again_on_another_day_and_hour(planned, specialist):
    callback = planned(Kind.CONSULT)
    call(callback, specialist, O.NO_ANSWER, now=at(17, 10))
    assert callback.due_at.date() > at(17, 10).date() and callback.due_at.astimezone(at(1, 1).tzinfo).hour != 10


def test_a_wrong_number_counts_as_no_answer(planned, specialist):
    callback = planned(Kind.COMPLAINT)
    call(callback, specialist, O.NO_ANSWER, now=at(17, 10))
    call(callback, specialist, O.WRONG_NUMBER, now=at(18, 14))
    call(callback, specialist, O.NO_ANSWER, now=at(19, 16))
    assert results(callback.ticket) == ["no_answer", "wrong_number", "unverified"]


def test_without_a_mail_address_the_ticket_still_ends_unverified(planned, specialist, customer):
    Contact.objects.filter(customer=customer, kind="email").delete()
    callback = planned(Kind.COMPLAINT)
    for now in (at(17, 10), at(18, 14), at(19, 16)):
        call(callback, specialist, O.NO_ANSWER, now=now)
    callback.ticket.refresh_from_db()
    assert callback.ticket.outcome == Outcome.UNVERIFIED and not Outbox.objects.exists()


def test_the_mail_is_written_in_the_customers_language(planned, specialist, customer):
    customer.language = "en"
    customer.save()
    callback = planned(Kind.COMPLAINT)
    for now in (at(17, 10), at(18, 14), at(19, 16)):
        call(callback, specialist, O.NO_ANSWER, now=now)
    assert Outbox.objects.get().subject.startswith("We could not reach you")


def test_declining_the_callback_ends_unverified(planned, specialist):
    callback = planned(Kind.CONSULT)
    call(callback, specialist, O.DECLINED, now=at(17, 10))
    callback.ticket.refresh_from_db()
    assert callback.ticket.outcome == Outcome.UNVERIFIED and results(callback.ticket) == ["unverified"]


def test_asked_for_later_moves_the_callback(planned, specialist):
    callback = planned(Kind.CONSULT)
    call(callback, specialist, O.LATER, next_at=at(18, 19), now=at(17, 10))
    assert callback.due_at == at(18, 19) and results(callback.ticket) == ["later"]


@pytest.mark.parametrize("next_at", [None, at(17, 9), at(18, 8, 59), at(18, 20)])
def test_later_needs_a_coming_time_between_nine_and_eight(planned, specialist, next_at):
    with pytest.raises(callbacks.CallbackRefused):
        call(planned(Kind.CONSULT), specialist, O.LATER, next_at=next_at, now=at(17, 10))
    assert not Attempt.objects.exists()


# --- What is refused


def test_whoever_handled_the_ticket_never_calls_back(resolved, specialist, lead):
    ticket = resolved(Kind.CONSULT)
    Ticket.objects.filter(pk=ticket.pk).update(handler=specialist)
    with pytest.raises(callbacks.NotYours):
        call(callbacks.plan(resolution_of(ticket)), specialist, O.SATISFIED)
    assert not Attempt.objects.exists()


def test_whoever_resolved_it_never_calls_back_even_after_a_change_of_handler(resolved, agent, specialist):
    agent.role = Role.SPECIALIST
    agent.save()
    ticket = resolved(Kind.CONSULT)
    Ticket.objects.filter(pk=ticket.pk).update(handler=specialist)
    with pytest.raises(callbacks.NotYours):
        call(callbacks.plan(resolution_of(ticket)), agent, O.SATISFIED)


def test_callbacks_belong_to_the_service_centre(planned, team):
    with pytest.raises(callbacks.NotYours):
        call(planned(Kind.CONSULT), UserFactory(team=team), O.SATISFIED)


def test_a_service_is_not_called_before_its_audit(planned, specialist):
    with pytest.raises(callbacks.CallbackRefused):
        call(planned(Kind.SERVICE), specialist, O.SATISFIED)
    assert not Attempt.objects.exists()


def test_an_open_sheet_keeps_everything_as_it_was(planned, specialist):
    callback = planned(Kind.COMPLAINT)
    workflow.hold(callback.ticket, "sheet", "A complaint sheet is open")
    with pytest.raises(workflow.MoveRefused, match="complaint sheet|投诉"):
        call(callback, specialist, O.SATISFIED, now=at(17, 10))
    callback.refresh_from_db()
    assert callback.state == Callback.State.PLANNED
    assert not Attempt.objects.exists() and not results(callback.ticket)


def test_a_held_ticket_sends_no_mail_on_the_third_try(planned, specialist):
    callback = planned(Kind.COMPLAINT)
    call(callback, specialist, O.NO_ANSWER, now=at(17, 10))
    call(callback, specialist, O.NO_ANSWER, now=at(18, 14))
    workflow.hold(callback.ticket, "sheet", "A complaint sheet is open")
    with pytest.raises(workflow.MoveRefused):
        call(callback, specialist, O.NO_ANSWER, now=at(19, 16))
    assert not Outbox.objects.exists() and Attempt.objects.count() == 2


def test_a_satisfied_call_without_a_cause_changes_nothing(planned, specialist):
    with pytest.raises(workflow.MoveRefused):
        call(planned(Kind.CONSULT), specialist, O.SATISFIED, cause="")
    assert not Attempt.objects.exists()


def test_a_call_about_a_ticket_that_moved_on_cancels_the_callback(planned, agent, specialist):
    callback = planned(Kind.CONSULT)
    workflow.move(callback.ticket, State.BACK_OFFICE, by=agent, now=at(16, 11))
    with pytest.raises(callbacks.Stale):
        call(callback, specialist, O.SATISFIED)
    assert callback.state == Callback.State.CANCELLED and not Attempt.objects.exists()


def test_a_double_submit_records_one_call(planned, specialist):
    callback = planned(Kind.CONSULT)
    call(callback, specialist, O.NO_ANSWER, seen=0, now=at(17, 10))
    with pytest.raises(callbacks.CallbackRefused):
        call(callback, specialist, O.NO_ANSWER, seen=0, now=at(17, 10) + timedelta(seconds=1))
    assert Attempt.objects.count() == 1


def test_a_done_callback_takes_no_further_call(planned, specialist):
    callback = planned(Kind.CONSULT)
    call(callback, specialist, O.SATISFIED)
    with pytest.raises(callbacks.CallbackRefused):
        call(callback, specialist, O.SATISFIED)


def test_a_customer_who_took_back_the_right_to_call_is_only_closed_unverified(planned, specialist):
    callback = planned(Kind.CONSULT)
    customer = callback.ticket.customer
    consent.record(customer=customer, purpose="callback", given=False, wording="不要再打来", way="电话", now=at(17, 9))
    assert not callbacks.wanted(callback)
    with pytest.raises(callbacks.CallbackRefused, match="does not want"):
        callbacks.record_attempt(callback, by=specialist, outcome="satisfied", score=5, cause="information")
    callbacks.record_attempt(callback, by=specialist, outcome="declined", cause="information")
    callback.ticket.refresh_from_db()
    assert callback.ticket.outcome == Outcome.UNVERIFIED
