"""The complaint sheet: two people at one sheet lose nothing, and it closes only when it is whole."""

import pytest
from playwright.sync_api import expect

from complaints import sheets
from tests.factories import CustomerFactory, TicketFactory
from tickets import workflow
from tickets.models import Kind, Level, State


@pytest.fixture
def sheet(desk, team, agent):
    customer = CustomerFactory(team=team, name="王小雨", phone="13800001234", email="yu@example.com")
    ticket = TicketFactory(customer=customer, kind=Kind.COMPLAINT, level=Level.SPECIAL, by=agent, owner=agent)
    workflow.move(ticket, State.CLASSIFIED, by=agent)
    return sheets.open_sheet(ticket, by=agent)


def address(sheet) -> str:
    return f"/complaints/{sheet.pk}/"


def test_what_is_written_is_saved_by_key_and_shown_among_the_changes(browse, specialist, sheet):
    tab = browse(specialist)
    page = tab.open(address(sheet))
    page.get_by_role("radio", name="Critical").check()
    page.get_by_label("What did we know?").fill("滤芯接口老化，漏水泡坏地板")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").get_by_text("Saved")).to_be_visible()
    expect(page.get_by_label("What did we know?")).to_have_value("滤芯接口老化，漏水泡坏地板")
    expect(page.locator("#trail")).to_contain_text("周敏")
    expect(page.locator("#trail")).to_contain_text("Critical")
    assert tab.problems == []


def test_whoever_saves_second_sees_both_versions_and_decides(browse, specialist, lead, sheet):
    page = browse(specialist).open(address(sheet))
    page.get_by_label("What did we know?").fill("周敏的记录")
    sheets.save_sheet(sheet, by=lead, version=sheet.version, known="王强的记录", done="已换新")
    page.keyboard.press("Control+Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("王强 has saved this sheet meanwhile.")
    expect(alert.get_by_role("row", name="What did we know?")).to_contain_text("王强的记录")
    expect(alert.get_by_role("row", name="What did we know?")).to_contain_text("周敏的记录")
    expect(page.get_by_label("What did we know?")).to_have_value("周敏的记录")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").get_by_text("Saved")).to_be_visible()
    sheet.refresh_from_db()
    assert sheet.known == "周敏的记录"


def test_closing_lists_what_is_missing_and_works_once_nothing_is(browse, specialist, sheet):
    page = browse(specialist).open(address(sheet))
    page.get_by_label("What did we know?").fill("接口老化")
    page.get_by_role("button", name="Close complaint").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Not closed yet; something is still missing.")
    for name in ("When did we know it?", "What did we do?", "Root cause"):
        expect(alert).to_contain_text(name)
    expect(page.get_by_label("What did we know?")).to_have_value("接口老化")
    page.get_by_label("When did we know it?").fill("11-23 09:00")
    page.get_by_label("What did we do?").fill("当天更换接头")
    page.get_by_label("Finding").select_option("upheld")
    page.get_by_role("combobox", name="Root cause").select_option("company_system")
    page.get_by_role("button", name="Close complaint").click()
    expect(page.get_by_text("The sheet is closed.")).to_be_visible()
    expect(page.get_by_label("What did we know?")).to_be_disabled()
    sheet.refresh_from_db()
    assert sheet.closed_by == specialist
    assert sheet.ticket.holds == {}


def test_an_investigation_ends_with_its_facts(browse, specialist, sheet):
    page = browse(specialist).open(address(sheet))
    page.get_by_role("button", name="Investigation finished").click()
    expect(page.get_by_role("alert")).to_contain_text("An investigation ends with its facts.")
    for name in ("What did we know?", "When did we know it?", "What did we do?"):
        page.get_by_label(name).fill("已核实")
    page.get_by_role("button", name="Investigation finished").click()
    expect(page.get_by_role("status").get_by_text("The investigation is finished.")).to_be_visible()
    expect(page.get_by_role("button", name="Investigation finished")).to_have_count(0)


def test_leaving_with_unsaved_words_asks_first(browse, specialist, sheet):
    tab = browse(specialist)
    page = tab.open(address(sheet))
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_label("What did we do?").fill("还没保存")
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link").click(no_wait_after=True)
    expect(page.get_by_label("What did we do?")).to_have_value("还没保存")
    expect(page).to_have_url(tab.address + address(sheet))
    assert asked == ["beforeunload"]


def test_the_list_opens_a_sheet_by_keys(browse, specialist, sheet):
    tab = browse(specialist)
    page = tab.open("/complaints/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(tab.address + address(sheet))
    expect(page.get_by_role("heading", level=1)).to_contain_text(sheet.number)
