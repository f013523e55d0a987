"""A ticket worked by hand: replies that are never lost or doubled, steps by key, a page that keeps up."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from messaging import outbox
from messaging.models import Outbox
from tests.factories import CustomerFactory, TicketFactory
from tickets import intake, workflow
from tickets.models import Kind, Level, Post, State

TEXT = "您好，师傅今天 16:30 上门更换滤芯。"


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234", email="wang@mail.example")


@pytest.fixture
def ticket(customer, agent):
    return TicketFactory(customer=customer, owner=agent)


def field_of(page):
    return page.get_by_role("textbox", name="Reply to the customer")


def stage_of(page):
    return page.locator(".c-stages [aria-current=step]")


def soon(hours=2) -> str:
    return timezone.localtime(timezone.now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def test_a_reply_without_its_next_time_is_refused_and_the_text_stays(desk, browse, agent, ticket):
    page = browse(agent).open(f"/tickets/{ticket.pk}/")
    page.keyboard.press("r")
    expect(field_of(page)).to_be_focused()
    page.keyboard.type(TEXT)
    with page.expect_response(re.compile("/reply/$")) as answer:
        page.keyboard.press("Control+Enter")
    assert answer.value.status == 422
    expect(page.get_by_text("say when the customer hears from us next")).to_be_visible()
    expect(field_of(page)).to_have_value(TEXT)
    expect(field_of(page)).to_be_focused()
    assert not Outbox.objects.exists()


def test_a_reply_is_sent_by_key_and_its_delivery_is_shown(desk, browse, agent, ticket):
    tab = browse(agent)
    page = tab.open(f"/tickets/{ticket.pk}/")
    field_of(page).fill(TEXT)
    page.get_by_label("Next update by").fill(soon())
    field_of(page).press("Control+Enter")
    post = page.locator(".c-msg--agent")
    expect(post).to_contain_text(TEXT)
    expect(post).to_contain_text("w***@mail.example")
    expect(field_of(page)).to_have_value("")
    outbox.send_due()
    page.reload()
    expect(post).to_contain_text("sent")
    expect(field_of(page)).to_have_value("")
    assert tab.problems == []


def test_a_double_click_sends_one_reply(desk, browse, agent, ticket):
    page = browse(agent).open(f"/tickets/{ticket.pk}/")
    field_of(page).fill(TEXT)
    page.get_by_label("Next update by").fill(soon())
    page.get_by_role("button", name="Send").dblclick()
    expect(page.locator(".c-msg--agent")).to_have_count(1)
    page.reload()
    expect(page.locator(".c-msg--agent")).to_have_count(1)
    assert Outbox.objects.count() == 1


def test_a_reply_begun_is_still_there_after_a_reload(desk, browse, agent, ticket):
    page = browse(agent).open(f"/tickets/{ticket.pk}/")
    field_of(page).fill(TEXT)
    expect(page.locator("#pane-reply [data-draft-note]")).to_contain_text("Draft kept")
    page.reload()
    expect(field_of(page)).to_have_value(TEXT)


def test_a_note_is_written_by_key_and_marked_as_hidden(desk, browse, agent, ticket):
    page = browse(agent).open(f"/tickets/{ticket.pk}/")
    page.keyboard.press("n")
    page.keyboard.type("客户下午在家")
    page.keyboard.press("Control+Enter")
    note = page.locator(".c-msg--note")
    expect(note).to_contain_text("客户下午在家")
    expect(note).to_contain_text("hidden from the customer")
    assert Post.objects.filter(kind=Post.Kind.NOTE).count() == 1


def test_a_letter_typed_into_the_reply_is_text_and_no_command(desk, browse, agent, ticket):
    page = browse(agent).open(f"/tickets/{ticket.pk}/")
    page.keyboard.press("r")
    page.keyboard.type("name a jar")
    expect(field_of(page)).to_have_value("name a jar")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_clock_is_paused_with_a_reason_and_runs_again(desk, browse, agent, ticket):
    page = browse(agent).open(f"/tickets/{ticket.pk}/")
    page.get_by_text("Pause the clock").click()
    page.get_by_label("What exactly is waited for?").fill("等客户确认报价")
    page.get_by_role("button", name="Pause", exact=True).click()
    resume = page.get_by_role("button", name="Let the clock run")
    expect(resume).to_be_visible()
    ticket.refresh_from_db()
    assert ticket.waiting_customer
    resume.click()
    expect(page.get_by_text("Pause the clock")).to_be_visible()
    ticket.refresh_from_db()
    assert not ticket.waiting_customer


def test_steps_of_the_flow_are_taken_by_m_and_a_digit(desk, browse, agent, ticket):
    page = browse(agent).open(f"/tickets/{ticket.pk}/")
    expect(stage_of(page)).to_contain_text(str(State.RECEIVED.label))
    for state in (State.CLASSIFIED, State.RECORDED):
        page.keyboard.press("m")
        page.keyboard.press("1")
        expect(stage_of(page)).to_contain_text(str(state.label))
    ticket.refresh_from_db()
    assert ticket.state == State.RECORDED


def test_a_refresh_between_m_and_the_digit_loses_no_key(desk, browse, agent, ticket):
    page = browse(agent).open(f"/tickets/{ticket.pk}/")
    page.keyboard.press("m")
    with page.expect_response(re.compile("/side/")) as answer:
        page.evaluate("window.htmx.trigger('#ticket-side', 'live')")
    answer.value.finished()
    expect(page.locator("#ticket-side.htmx-request, #ticket-side.htmx-swapping")).to_have_count(0)
    page.keyboard.press("1")
    expect(stage_of(page)).to_contain_text(str(State.CLASSIFIED.label))


def test_the_class_is_changed_with_a_reason(desk, browse, agent, ticket):
    page = browse(agent).open(f"/tickets/{ticket.pk}/")
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Change the class").click()
    dialog = page.get_by_role("dialog", name="Change the class")
    dialog.get_by_label("Class").select_option("complaint")
    dialog.get_by_label("Complaint level").select_option("special")
    dialog.get_by_label("Reason").fill("客户说要找媒体")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#ticket-head .c-chip--red")).to_have_text(str(Level.SPECIAL.label))
    ticket.refresh_from_db()
    assert (ticket.kind, ticket.level) == (Kind.COMPLAINT, Level.SPECIAL)


def test_a_class_changed_without_a_reason_opens_the_dialog_again_with_the_refusal(desk, browse, agent, ticket):
    page = browse(agent).open(f"/tickets/{ticket.pk}/")
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Change the class").click()
    dialog = page.get_by_role("dialog", name="Change the class")
    dialog.get_by_label("Class").select_option("complaint")
    page.keyboard.press("Control+Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("Say why the class changes.")
    expect(dialog.get_by_label("Class")).to_have_value("complaint")


def test_what_the_department_cannot_solve_is_escalated_by_shift_e(desk, browse, specialist, customer):
    ticket = TicketFactory(customer=customer, owner=specialist, kind=Kind.COMPLAINT, level=Level.GENERAL)
    for state in (State.CLASSIFIED, State.PHONE_HANDLING, State.DEPT_HANDLING):
        workflow.move(ticket, state, by=specialist)
    page = browse(specialist).open(f"/tickets/{ticket.pk}/")
    page.keyboard.press("Shift+E")
    expect(stage_of(page)).to_contain_text(str(State.ESCALATED.label))
    ticket.refresh_from_db()
    assert ticket.state == State.ESCALATED


def test_a_ticket_is_assigned_by_a(desk, browse, agent, specialist, ticket):
    page = browse(agent).open(f"/tickets/{ticket.pk}/")
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog", name="Assign")
    dialog.get_by_label("To", exact=True).select_option("周敏")
    dialog.get_by_role("button", name="Assign").click()
    expect(page.locator("#ticket-head")).to_contain_text("周敏")
    ticket.refresh_from_db()
    assert ticket.owner == specialist


def test_the_customers_next_mail_appears_and_leaves_a_half_written_reply_alone(desk, browse, agent, ticket):
    page = browse(agent).open_live(f"/tickets/{ticket.pk}/")
    page.keyboard.press("r")
    page.keyboard.type("您好，")
    intake.append_inbound(ticket, body="还在漏水，请尽快。")
    expect(page.get_by_text("还在漏水，请尽快。")).to_be_visible()
    expect(page.get_by_text("1 chaser", exact=True)).to_be_visible()
    page.keyboard.type("马上处理")
    expect(field_of(page)).to_have_value("您好，马上处理")


def test_what_is_done_by_keyboard_keeps_its_place_and_more_leads_on(desk, browse, agent, ticket):
    tab = browse(agent, size=(390, 844)).open(f"/tickets/{ticket.pk}/")
    tab.get_by_role("button", name="Watch").press("Enter")
    expect(tab.get_by_role("button", name="Watching")).to_be_focused()
    tab.get_by_text("Add a task", exact=True).press("Enter")
    tab.locator("#task-what").fill("查批次")
    tab.locator("#task-what").press("Enter")
    done = tab.get_by_role("button", name="Done: 查批次")
    expect(done).to_be_visible()
    done.press("Enter")
    expect(tab.get_by_role("button", name="Open again: 查批次")).to_be_focused()
    tab.get_by_role("button", name="Menu").press("Enter")
    tab.get_by_role("link", name="Feedback records").press("Enter")
    expect(tab).to_have_url(re.compile(r"/feedback/$"))


def test_answers_that_overtake_each_other_lose_neither_a_panel_nor_the_focus(desk, browse, agent, ticket):
    tab = browse(agent)
    work, watch, side = (Gate(tab.page, name) for name in ("work", "watch", "side"))
    page = tab.open_live(f"/tickets/{ticket.pk}/")
    task = page.get_by_text("Add a task", exact=True)
    with page.expect_request(re.compile("/side/$")):
        intake.append_inbound(ticket, body="还在漏水，请尽快。")
    with page.expect_request(re.compile("/watch/$")):
        page.get_by_role("button", name="Watch").press("Enter")
    work.open()
    expect(task).to_be_visible()
    panel = page.locator("#ticket-work.kept")
    page.locator("#ticket-work").evaluate("panel => panel.classList.add('kept')")
    watch.open()
    expect(page.get_by_role("button", name="Watching")).to_be_focused()
    # What the refresh asked for before the press has no place any more; it is asked for anew.
    with page.expect_response(re.compile("/side/$")):
        side.open()
    expect(panel).to_be_visible()
    expect(page.get_by_role("button", name="Watching")).to_be_focused()
    assert tab.problems == []


def test_a_dialog_opened_before_the_page_is_replaced_stays_open_as_it_was(desk, browse, agent, specialist, ticket):
    tab = browse(agent)
    watch = Gate(tab.page, "watch")
    page = tab.open(f"/tickets/{ticket.pk}/")
    page.get_by_role("button", name="Watch").press("Enter")
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog", name="Assign")
    dialog.get_by_label("To", exact=True).select_option("周敏")
    why = dialog.get_by_label("Reason")
    why.press_sequentially("查批")
    with page.expect_response(re.compile("/watch/$")):
        watch.open()
    expect(page.locator("[aria-pressed=true]", has_text="Watching")).to_be_attached()
    expect(why).to_be_focused()
    page.keyboard.type("次")
    expect(why).to_have_value("查批次")
    dialog.get_by_role("button", name="Assign").click()
    expect(page.locator("#ticket-head")).to_contain_text("周敏")
    expect(dialog).to_be_hidden()
    assert tab.problems == []


class Gate:
    """Requests to an address that ends so wait until it is opened."""

    def __init__(self, page, name):
        self.waiting, self.is_open = [], False
        page.route(re.compile(rf"/{name}/$"), self.come)

    def come(self, route):
        if self.is_open:
            route.continue_()
        else:
            self.waiting.append(route)

    def open(self):
        self.is_open = True
        for route in self.waiting:
            route.continue_()
