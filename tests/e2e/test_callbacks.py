"""Audit and callback in the drawer: six keys for six outcomes, and what each one does to the ticket."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from core.models import Event
from followups import audits, callbacks
from followups.models import Attempt
from tests.factories import CustomerFactory, TicketFactory
from tickets import workflow
from tickets.models import Kind, Outcome, State

FLOW = {
    Kind.CONSULT: (State.UNDERSTOOD, State.ANSWERED),
    Kind.SERVICE: (State.CLASSIFIED, State.RECORDED, State.AUDIT_CALLBACK),
}


@pytest.fixture
def planned(desk, team, agent, specialist):
    """planned(kind) → the callback of a ticket that 李娜 resolved twenty days ago."""

    def make(kind=Kind.CONSULT, **details):
        customer = CustomerFactory(team=team, phone="13812341234", email="wang@mail.example", **details)
        before = timezone.now() - timedelta(days=20)
        ticket = TicketFactory(customer=customer, kind=kind, owner=agent, by=agent, now=before)
        for state in FLOW[kind]:
            workflow.move(ticket, state, by=agent, now=before)
        return callbacks.plan(Event.objects.get(ticket_id=ticket.pk, kind="resolved"))

    return make


def drawer(page):
    return page.locator(".c-drawer")


def fields_shown(page) -> set[str]:
    """Names of the fields that the drawer asks for, beside the outcome itself."""
    found = page.locator("#attempt-form").evaluate(
        "form => [...form.elements].filter((field) => field.name && field.checkVisibility()).map((field) => field.name)"
    )
    return set(found) - {"outcome"}


def test_six_keys_choose_the_outcome_and_each_asks_only_for_what_it_needs(browse, specialist, planned):
    tab = browse(specialist)
    page = tab.open(f"/callbacks/{planned().pk}/")
    ratings = {"timeliness", "professionalism", "effectiveness", "attitude"}
    asks = {
        "1": ("satisfied", {"score", "words", "cause"} | ratings),
        "2": ("dissatisfied", {"score", "words"} | ratings),
        "3": ("no_answer", {"words"}),
        "4": ("later", {"next_at", "words"}),
        "5": ("wrong_number", {"words"}),
        "6": ("declined", {"score", "words", "cause"}),
    }
    for key, (outcome, fields) in asks.items():
        page.keyboard.press(key)
        expect(page.locator(f"#attempt-form input[value={outcome}]")).to_be_checked()
        assert fields_shown(page) == fields, outcome
    assert tab.problems == []


def test_a_satisfied_customer_archives_the_ticket_and_the_next_callback_opens(browse, specialist, planned):
    first, second = planned(name="王小雨"), planned(name="赵一凡")
    tab = browse(specialist)
    page = tab.open("/callbacks/")
    page.get_by_role("link", name="Late 2").click()
    page.wait_for_url("**view=list**")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/callbacks/*/")
    expect(drawer(page).get_by_role("heading", name="王小雨")).to_be_visible()
    page.keyboard.press("1")
    page.get_by_role("group", name="Customer score").get_by_role("radio", name="5").check()
    page.get_by_label("What did the customer say?").fill("师傅很准时")
    page.get_by_label("Cause").select_option("information")
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(f"{tab.address}/callbacks/{second.pk}/")
    expect(page.get_by_role("status").get_by_text(f"{first.ticket.number} is now")).to_be_visible()
    first.ticket.refresh_from_db()
    assert (first.ticket.state, first.ticket.outcome) == (State.ARCHIVED, Outcome.SATISFIED)
    assert first.attempts.get().score == 5


def test_a_dissatisfied_customer_goes_back_with_the_words_that_were_said(browse, specialist, planned):
    callback = planned()
    page = browse(specialist).open(f"/callbacks/{callback.pk}/")
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Write what is not solved; whoever takes it up needs it.")).to_be_visible()
    expect(page.locator("#attempt-form input[value=dissatisfied]")).to_be_checked()
    expect(page.get_by_label("What did the customer say?")).to_be_focused()
    page.keyboard.type("还是不明白怎么换")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(f"{callback.ticket.number} is now")).to_be_visible()
    callback.ticket.refresh_from_db()
    assert callback.ticket.state == State.BACK_OFFICE


def test_the_third_missed_call_warns_and_ends_unverified(browse, specialist, planned):
    callback = planned()
    for days, hour in ((4, -3), (2, -6)):  # other days, other hours
        missed = timezone.now() - timedelta(days=days) + timedelta(hours=hour)
        callbacks.record_attempt(callback, by=specialist, outcome=Attempt.Outcome.NO_ANSWER, now=missed)
    page = browse(specialist).open(f"/callbacks/{callback.pk}/")
    expect(drawer(page).locator(".c-tries .is-on")).to_have_count(2)
    expect(page.get_by_text("A missed call now is the third")).to_be_visible()
    page.keyboard.press("3")
    page.get_by_label("Cause").select_option("customer")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(f"{callback.ticket.number} is now")).to_be_visible()
    callback.ticket.refresh_from_db()
    assert (callback.ticket.state, callback.ticket.outcome) == (State.ARCHIVED, Outcome.UNVERIFIED)


def test_a_customer_who_asks_for_later_is_booked_anew(browse, specialist, planned):
    callback = planned()
    page = browse(specialist).open(f"/callbacks/{callback.pk}/")
    later = (timezone.localtime() + timedelta(days=1)).replace(hour=15, minute=0, second=0, microsecond=0)
    page.keyboard.press("4")
    page.get_by_label("Call again at").fill(later.strftime("%Y-%m-%dT%H:%M"))
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(f"the next call is due {later:%m-%d} 15:00")).to_be_visible()
    callback.refresh_from_db()
    assert callback.due_at == later


def test_a_service_is_audited_before_it_is_called_back(browse, specialist, planned):
    callback = planned(Kind.SERVICE)
    page = browse(specialist).open(f"/callbacks/{callback.pk}/")
    for axis in audits.AXES:
        page.get_by_role("checkbox", name=audits.label_of(axis)).check()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("The record has passed; now call the customer.")).to_be_visible()
    expect(page.locator("#attempt-form")).to_be_visible()
    assert callback.audits.get().passed


def test_an_axis_left_empty_needs_its_reason_and_returns_the_record(browse, specialist, planned):
    callback = planned(Kind.SERVICE)
    page = browse(specialist).open(f"/callbacks/{callback.pk}/")
    page.get_by_role("button", name="Save audit").click()
    expect(page.get_by_text("Say what is wrong with the record, so that it can be put right.")).to_be_visible()
    page.get_by_label("Note").fill("缺上门照片")
    page.get_by_role("button", name="Save audit").click()
    expect(page.get_by_text("The record goes back to its handler.")).to_be_visible()
    callback.ticket.refresh_from_db()
    assert callback.ticket.state == State.RECORDED


def test_whoever_handled_the_ticket_finds_no_form(browse, agent, planned):
    page = browse(agent).open(f"/callbacks/{planned().pk}/")
    expect(drawer(page)).to_contain_text("Whoever handled the ticket may neither audit it nor call back.")
    expect(drawer(page).get_by_role("button", name="Save")).to_have_count(0)


def test_a_resolution_appears_in_the_calendar_by_itself(browse, agent, specialist, team, desk):
    page = browse(specialist).open_live("/callbacks/?view=list")
    ticket = TicketFactory(customer=CustomerFactory(team=team, name="王小雨"), kind=Kind.CONSULT, owner=agent, by=agent)
    for state in FLOW[Kind.CONSULT]:
        workflow.move(ticket, state, by=agent)
    callbacks.plan_due()
    expect(page.get_by_role("row").filter(has_text="王小雨")).to_be_visible()
