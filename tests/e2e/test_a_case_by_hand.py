"""Whole cases by hand, from the ringing phone to the archive, as two people work them in two browsers."""

import re
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import expect

from customers import registry
from customers.models import Customer
from followups import audits, callbacks
from messaging import outbox
from messaging.models import Outbox
from tickets.models import Category, Kind, State, Ticket


def in_hours(hours: int) -> str:
    return timezone.localtime(timezone.now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def pick_up(page, number: str) -> None:
    """From anywhere: G I, the number, Enter."""
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page.get_by_label("Number of the caller")).to_be_focused()
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    expect(page.locator("#hits")).to_contain_text("New number.")


def fill_call(page, *, name: str, words: str, subject: str, wish: str, kind: str) -> None:
    """Who calls and why, the suggested class taken, and what the outcome needs."""
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_label("What the customer said").fill(words)
    page.get_by_label("Summary in one line").fill(subject)
    page.get_by_label("What the customer wants").fill(wish)
    page.get_by_label("Promised reply by").fill(in_hours(4))
    page.locator("#call-suggestion").get_by_role("button", name="Take it").click()
    expect(page.get_by_role("radio", name=re.compile(f"^{kind}"))).to_be_checked()
    page.get_by_label("Topic").select_option(label=str(Category.objects.filter(is_active=True).first()))


def current_stage(page):
    return page.locator(".c-stages [aria-current=step]")


def step(page, number: str, state: State) -> None:
    """M goes to the next steps, a digit takes one."""
    page.wait_for_url("**/tickets/*/")
    page.keyboard.press("m")
    page.keyboard.press(number)
    expect(current_stage(page)).to_contain_text(str(state.label))


def test_a_service_from_the_ringing_phone_to_the_archive(desk, browse, agent, specialist):
    tab = browse(agent)
    page = tab.open("/")
    pick_up(page, "139 1234 5678")
    fill_call(page, name="赵一凡", words="滤芯到期了，想预约今天上门更换", subject="预约上门换滤芯", wish="今天下午",
              kind="Service")  # fmt: skip
    suggestion = page.locator("#call-suggestion")
    expect(suggestion).to_contain_text("Service")
    expect(suggestion.locator("mark").filter(has_text="预约").first).to_be_visible()
    page.keyboard.press("F7")

    expect(page.get_by_role("heading", level=1)).to_have_text("预约上门换滤芯")
    ticket, customer = Ticket.objects.get(), Customer.objects.get()
    assert (ticket.kind, ticket.owner, customer.name) == (Kind.SERVICE, agent, "赵一凡")
    registry.add_contact(customer, kind="email", value="zhao@mail.example", source="call")
    page.reload()
    page.keyboard.press("r")
    page.keyboard.type("您好，师傅今天 16:30 上门。")
    page.get_by_label("Next update by").fill(in_hours(6))
    page.keyboard.press("Control+Enter")
    expect(page.locator(".c-msg--agent")).to_contain_text("师傅今天 16:30 上门")
    page.locator("main").focus()
    page.keyboard.press("n")
    page.keyboard.type("带 10 寸滤芯")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".c-msg--note")).to_contain_text("带 10 寸滤芯")
    outbox.send_due()
    assert Outbox.objects.get(post__ticket=ticket).state == "sent"
    page.locator("main").focus()
    step(page, "1", State.RECORDED)
    step(page, "1", State.AUDIT_CALLBACK)

    callbacks.plan_due()
    second = browse(specialist)
    center = second.open("/")
    center.keyboard.press("g")
    center.keyboard.press("b")
    center.get_by_role("link", name="List").click()
    center.get_by_role("row").filter(has_text="赵一凡").get_by_role("link").click()
    center.wait_for_url("**/callbacks/*/")
    for axis in audits.AXES:
        center.get_by_role("checkbox", name=audits.label_of(axis)).check()
    center.keyboard.press("Control+Enter")
    expect(center.get_by_text("The record has passed; now call the customer.")).to_be_visible()
    center.keyboard.press("1")
    center.get_by_label("What did the customer say?").fill("很准时，谢谢")
    center.get_by_label("Cause").select_option("service_nature")
    center.keyboard.press("Control+Enter")
    expect(center.get_by_text(f"{ticket.number} is now")).to_be_visible()

    expect(page.locator(".c-stages li.is-done").last).to_contain_text(str(State.ARCHIVED.label))
    expect(page.locator("#ticket-head .c-chip--green")).to_be_visible()
    page.reload()
    expect(page.get_by_text("The ticket is archived.")).to_be_visible()
    ticket.refresh_from_db()
    assert (ticket.state, ticket.outcome, ticket.cause) == (State.ARCHIVED, "satisfied", "service_nature")
    assert tab.problems == [] and second.problems == []


def test_a_special_complaint_by_phone_is_archived_when_its_sheet_is_whole(desk, browse, agent, specialist, lead):
    page = browse(agent).open("/")
    pick_up(page, "13700002222")
    fill_call(page, name="孙丽", words="第三次漏水了，再不处理我找媒体曝光，我要投诉", subject="第三次漏水",
              wish="换新机", kind="Complaint")  # fmt: skip
    expect(page.locator("#call-suggestion")).to_contain_text("special complaint")
    expect(page.get_by_label("Complaint level")).to_have_value("special")
    page.get_by_label("Special because of").select_option("media")
    page.keyboard.press("F7")
    expect(current_stage(page)).to_contain_text(str(State.SHEET_OPEN.label))

    center = browse(specialist).open(f"/tickets/{Ticket.objects.get().pk}/")
    step(center, "1", State.DEPT_HANDLING)
    center.get_by_role("link", name=re.compile("Complaint sheet C-")).click()
    center.get_by_label("What did we know?").fill("接口老化")
    center.get_by_label("When did we know it?").fill("今天上午")
    center.get_by_label("What did we do?").fill("当天换新机")
    center.get_by_label("Finding").select_option("upheld")
    center.get_by_role("combobox", name="Root cause").select_option("company_system")
    center.get_by_role("button", name="Close complaint").click()
    expect(center.get_by_text("The sheet is closed.")).to_be_visible()
    center.get_by_role("link", name=Ticket.objects.get().number, exact=True).click()
    step(center, "1", State.CALLBACK)

    callbacks.plan_due()
    head = browse(lead).open(f"/tickets/{Ticket.objects.get().pk}/")
    head.keyboard.press("b")
    head.wait_for_url("**/callbacks/*/")
    head.keyboard.press("1")
    head.get_by_label("Cause").select_option("company_system")
    head.keyboard.press("Control+Enter")
    expect(head.get_by_text("is now")).to_be_visible()
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.outcome, ticket.kind) == (State.ARCHIVED, "satisfied", Kind.COMPLAINT)
