import pytest
from django.urls import reverse
from django.utils import timezone

from followups import audits, callbacks
from followups.models import Attempt, Audit, Callback
from tests.factories import CustomerFactory
from tests.followups.conftest import at, resolution_of
from tickets import workflow
from tickets.models import Cause, Kind, State, Ticket

HOME = "followups:callbacks"
REACHED = {
    "outcome": "satisfied", "score": "5", "attitude": "4", "words": "修好了", "cause": "environment", "seen": "0",
}
PASS = {"complete": "on", "conform": "on", "authentic": "on", "items": "on"}


def page(callback, name="callback"):
    return reverse(f"followups:{name}", args=[callback.pk])


def test_the_drawer_shows_the_customer_masked_and_the_script(signed_in, specialist, planned):
    callback = planned(Kind.CONSULT)
    text = signed_in(specialist).get(page(callback)).content.decode()
    assert "138****1234" in text and "13800001234" not in text
    assert "王小雨" in text and "周敏" in text and callback.ticket.subject in text


def test_saving_archives_and_goes_to_the_next(signed_in, specialist, planned):
    first, second = planned(Kind.CONSULT), planned(Kind.CONSULT)
    answer = signed_in(specialist).post(page(first, "attempt"), REACHED)
    assert answer.url == page(second)
    first.ticket.refresh_from_db()
    attempt = first.attempts.get()
    assert first.ticket.state == State.ARCHIVED and first.ticket.cause == Cause.ENVIRONMENT
    assert (attempt.score, attempt.attitude, attempt.timeliness) == (5, 4, None)
    assert signed_in(specialist).post(page(second, "attempt"), REACHED).url == reverse(HOME)


@pytest.mark.parametrize(
    ("posted", "field"),
    [
        ({}, "outcome"),
        ({"outcome": "satisfied", "words": "很好"}, "cause"),
        ({"outcome": "dissatisfied"}, "words"),
        ({"outcome": "later", "words": "很好"}, "next_at"),
        ({"outcome": "satisfied", "cause": "customer", "score": "9"}, "score"),
    ],
)
def test_what_is_missing_is_told_and_what_was_typed_stays(signed_in, specialist, planned, posted, field):
    answer = signed_in(specialist).post(page(planned(Kind.CONSULT), "attempt"), posted)
    assert answer.status_code == 422 and field in answer.context["form"].errors
    assert posted.get("words", "") in answer.content.decode()
    assert not Attempt.objects.exists()


def test_a_held_ticket_is_told_in_words(signed_in, specialist, planned):
    callback = planned(Kind.COMPLAINT)
    workflow.hold(callback.ticket, "sheet", "A complaint sheet is open")
    answer = signed_in(specialist).post(page(callback, "attempt"), REACHED)
    assert answer.status_code == 422 and answer.context["refused"]
    assert "修好了" in answer.content.decode() and not Attempt.objects.exists()


def test_a_service_shows_the_audit_first_and_then_the_call(signed_in, specialist, planned):
    callback, client = planned(Kind.SERVICE), signed_in(specialist)
    assert "audit-form" in client.get(page(callback)).content.decode()
    assert client.post(page(callback, "audit"), PASS).url == page(callback)
    assert "attempt-form" in client.get(page(callback)).content.decode()


def test_a_failed_audit_needs_its_reason(signed_in, specialist, planned):
    callback, client = planned(Kind.SERVICE), signed_in(specialist)
    answer = client.post(page(callback, "audit"), {**PASS, "note": ""} | {"items": ""})
    assert answer.status_code == 422 and not Audit.objects.exists()
    assert client.post(page(callback, "audit"), {"note": "缺过程"}).status_code == 302
    callback.refresh_from_db()
    assert callback.state == Callback.State.CANCELLED
    assert client.get(page(callback)).status_code == 200


def test_the_handler_may_look_but_not_call(signed_in, specialist, resolved):
    ticket = resolved(Kind.CONSULT)
    Ticket.objects.filter(pk=ticket.pk).update(handler=specialist)
    callback, client = callbacks.plan(resolution_of(ticket)), signed_in(specialist)
    assert "attempt-form" not in client.get(page(callback)).content.decode()
    assert client.post(page(callback, "attempt"), REACHED).status_code == 403
    assert not Attempt.objects.exists()


def test_an_agent_may_look_but_not_audit(signed_in, agent, planned):
    callback = planned(Kind.SERVICE)
    assert signed_in(agent).post(page(callback, "audit"), PASS).status_code == 403


@pytest.mark.parametrize("name", ["callback", "audit", "attempt"])
def test_another_team_sees_no_callback(signed_in, outsider, planned, name):
    callback, client = planned(Kind.SERVICE), signed_in(outsider)
    answer = client.get(page(callback)) if name == "callback" else client.post(page(callback, name), REACHED)
    assert answer.status_code == 404


def test_another_team_finds_nothing_in_the_calendar(signed_in, outsider, planned):
    planned(Kind.CONSULT)
    text = signed_in(outsider).get(reverse(HOME), {"day": "2026-11-17"}).content.decode()
    assert "王小雨" not in text


@pytest.mark.parametrize("name", ["audit", "attempt"])
def test_reading_never_writes(signed_in, specialist, planned, name):
    assert signed_in(specialist).get(page(planned(Kind.SERVICE), name)).status_code == 405


@pytest.mark.parametrize("view", ["week", "day", "list"])
def test_every_view_shows_what_is_due(signed_in, specialist, planned, view):
    callback = planned(Kind.CONSULT)
    text = signed_in(specialist).get(reverse(HOME), {"view": view, "day": "2026-11-17"}).content.decode()
    assert page(callback) in text


def test_nonsense_in_the_address_shows_this_week(signed_in, specialist, planned):
    client = signed_in(specialist)
    assert client.get(reverse(HOME), {"view": "x", "day": "9999-99-99", "after": "y"}).status_code == 200
    assert client.get(reverse(HOME), {"day": "0001-01-01"}).context["week"].today == timezone.localdate()


def test_a_full_hour_is_counted_and_not_spelled_out(signed_in, specialist, planned):
    for _ in range(5):
        planned(Kind.CONSULT)
    week = signed_in(specialist).get(reverse(HOME), {"day": "2026-11-17"}).context["week"]
    cells = [cell for _hour, row in week.rows for cell in row if cell.slots]
    assert [(len(cell.slots), cell.more) for cell in cells] == [(3, 2)]


def test_a_weekend_is_shown_when_something_lies_there(signed_in, specialist, planned):
    callback, client = planned(Kind.CONSULT), signed_in(specialist)
    assert len(client.get(reverse(HOME), {"day": "2026-11-17"}).context["week"].days) == 5
    Callback.objects.filter(pk=callback.pk).update(due_at=at(21, 10))
    assert len(client.get(reverse(HOME), {"day": "2026-11-17"}).context["week"].days) == 6


def test_the_list_pages_through_all(signed_in, specialist, planned, monkeypatch):
    monkeypatch.setattr("followups.board.PAGE", 2)
    made = [planned(Kind.CONSULT).pk for _ in range(5)]
    client, seen, address = signed_in(specialist), [], "?view=list"
    while address:
        answer = client.get(reverse(HOME) + address)
        seen += [line.callback.pk for line in answer.context["lines"]]
        address = answer.context["next_url"]
    assert seen == made


@pytest.mark.parametrize("view", ["week", "day", "list"])
def test_the_page_asks_as_much_for_one_callback_as_for_many(
    signed_in, specialist, planned, team, view, django_assert_max_num_queries
):
    for number in range(12):
        customer = CustomerFactory(team=team, phone=f"1380000{number:04d}", vip=True)
        callback = planned(Kind.COMPLAINT, customer=customer)
        callbacks.record_attempt(callback, by=specialist, outcome="no_answer", now=at(17, 10))
        Callback.objects.filter(pk=callback.pk).update(due_at=at(18, 9 + number % 6))
    client = signed_in(specialist)
    with django_assert_max_num_queries(10):
        client.get(reverse(HOME), {"view": view, "day": "2026-11-18"})


def test_the_drawer_asks_a_bounded_number_of_questions(
    signed_in, specialist, planned, django_assert_max_num_queries
):
    callback = planned(Kind.SERVICE)
    for _ in range(6):
        planned(Kind.CONSULT)
    client = signed_in(specialist)
    with django_assert_max_num_queries(18):
        client.get(page(callback))
    audits.audit(callback, by=specialist, complete=True, conform=True, authentic=True, items=True)
    with django_assert_max_num_queries(18):
        client.get(page(callback))
