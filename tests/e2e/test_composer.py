"""Writing to a customer: nothing is lost when the browser dies, files by paste, phrasings and colleagues by key."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from knowledge.models import Article, ReplyTemplate
from messaging.models import Attachment, Outbox
from staff.models import Notification
from tests.factories import CustomerFactory, TicketFactory
from tickets.draft_models import Draft, DraftFile

TEXT = "您好，师傅 16:30 上门更换滤芯。"
PASTE = """
async () => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 40, height: 30});
  canvas.getContext("2d").fillRect(0, 0, 20, 30);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const data = new DataTransfer();
  data.items.add(new File([blob], "接口.png", {type: "image/png"}));
  const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
  document.getElementById("reply-body").dispatchEvent(event);
}
"""


@pytest.fixture
def ticket(team, agent):
    customer = CustomerFactory(team=team, name="王小雨", phone="13812341234", email="wang@mail.example")
    return TicketFactory(customer=customer, owner=agent, subject="滤芯接口漏水")


def field_of(page):
    return page.get_by_role("textbox", name="Reply to the customer")


def kept(page, pane="reply"):
    return page.locator(f"#pane-{pane} [data-draft-note]").get_by_text("Draft kept")


def soon(hours=2) -> str:
    return timezone.localtime(timezone.now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def test_a_killed_browser_loses_neither_words_nor_time_nor_files(browse, agent, ticket):
    first = browse(agent)
    page = first.open(f"/tickets/{ticket.pk}/")
    field_of(page).fill(TEXT)
    page.get_by_label("Next update by").fill(due := soon())
    page.evaluate(PASTE)
    expect(page.get_by_role("list", name="Files").get_by_text("接口.png")).to_be_visible()
    expect(kept(page)).to_be_visible()
    expect(page.locator("form[data-kind=reply]")).not_to_have_attribute("data-version", "0")
    first.context.close()

    second = browse(agent)
    page = second.open(f"/tickets/{ticket.pk}/")
    expect(field_of(page)).to_have_value(TEXT)
    expect(page.get_by_label("Next update by")).to_have_value(due)
    expect(page.locator(".c-att__thumb")).to_be_visible()
    assert page.locator(".c-att__thumb").evaluate("image => image.decode().then(() => image.naturalWidth)") == 40
    expect(kept(page)).to_be_visible()
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".c-msg--agent .c-att")).to_contain_text("接口.png")
    expect(field_of(page)).to_have_value("")
    assert Attachment.objects.get().outgoing == Outbox.objects.get()
    page.reload()
    expect(field_of(page)).to_have_value("")
    assert second.problems == []


def test_the_last_word_before_the_page_goes_is_kept_too(browse, agent, ticket):
    tab = browse(agent)
    page = tab.open(f"/tickets/{ticket.pk}/")
    field_of(page).fill("您好")
    page.goto(tab.address + "/help/")
    page.goto(tab.address + f"/tickets/{ticket.pk}/")
    expect(field_of(page)).to_have_value("您好")
    expect(kept(page)).to_be_visible()
    assert Draft.objects.get().text == "您好"


def test_a_session_that_ends_in_mid_reply_brings_the_words_back_after_sign_in(browse, agent, ticket):
    tab = browse(agent)
    page = tab.open(f"/tickets/{ticket.pk}/")
    cookies = tab.context.cookies()
    tab.context.clear_cookies()
    field_of(page).fill(TEXT)
    expect(page.get_by_text("You have been signed out.")).to_be_visible()
    expect(page.get_by_text("Not kept on the server yet")).to_be_visible()
    assert not Draft.objects.exists()
    tab.context.add_cookies(cookies)
    page.goto(tab.address + f"/tickets/{ticket.pk}/")
    expect(field_of(page)).to_have_value(TEXT)
    expect(kept(page)).to_be_visible()
    assert Draft.objects.get().text == TEXT


def test_of_two_windows_both_versions_are_shown_until_one_is_chosen(browse, agent, ticket):
    one, other = browse(agent), browse(agent)
    here, there = one.open(f"/tickets/{ticket.pk}/"), other.open(f"/tickets/{ticket.pk}/")
    field_of(there).fill("那边写的")
    expect(kept(there)).to_be_visible()
    field_of(here).fill("这边写的")
    conflict = here.locator(".c-conflict")
    expect(conflict).to_contain_text("那边写的")
    expect(field_of(here)).to_have_value("这边写的")
    assert Draft.objects.get().text == "那边写的"
    assert one.accessible() == []
    conflict.get_by_role("button", name="Keep what stands here").click()
    expect(conflict).to_have_count(0)
    expect(kept(here)).to_be_visible()
    assert Draft.objects.get().text == "这边写的"


def test_a_phrasing_is_taken_by_keyboard_and_undone_by_it(browse, agent, ticket):
    tab = browse(agent)
    page = tab.open(f"/tickets/{ticket.pk}/")
    page.keyboard.press("r")
    page.keyboard.type("喂，我们会尽快处理。")
    hints = page.locator(".c-hints")
    expect(hints.get_by_role("button", name="喂", exact=True)).to_be_visible()
    expect(hints.get_by_role("button", name="尽快", exact=True)).to_be_visible()
    expect(field_of(page)).to_have_value("喂，我们会尽快处理。")
    assert tab.accessible() == []
    page.keyboard.press("Tab")
    expect(hints.get_by_role("button", name="喂", exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(field_of(page)).to_have_value("您好，我们会尽快处理。")
    expect(field_of(page)).to_be_focused()
    page.keyboard.press("Control+z")
    expect(field_of(page)).to_have_value("喂，我们会尽快处理。")
    assert tab.problems == []


def test_a_promise_is_offered_only_with_the_time_that_was_set(browse, agent, ticket):
    page = browse(agent).open(f"/tickets/{ticket.pk}/")
    field_of(page).fill("我们会尽快处理。")
    hints = page.locator(".c-hints")
    expect(hints).to_contain_text("Set the next update time")
    expect(hints.get_by_role("button", name=re.compile("前答复您"))).to_have_count(0)
    page.get_by_label("Next update by").fill(due := soon(1))
    offer = hints.get_by_role("button", name=re.compile(f"{due[-5:]} 前答复您"))
    offer.click()
    expect(field_of(page)).to_have_value(re.compile(f"^我核实后.*{due[-5:]} 前答复您。$"))


def test_a_slash_at_the_head_of_a_line_opens_the_templates_and_enter_inserts(browse, agent, ticket):
    ReplyTemplate.objects.create(name="关阀提醒", language="zh-hans", body="{customer}，请先关闭进水阀。")
    Article.objects.create(
        title="漏水怎么办", language="zh-hans", keywords="漏水", body="请先关闭进水阀，再擦干接口。", is_published=True
    )
    tab = browse(agent)
    page = tab.open(f"/tickets/{ticket.pk}/")
    page.keyboard.press("r")
    page.get_by_role("group", name="Articles that fit").get_by_role("button", name="漏水怎么办").click()
    expect(field_of(page)).to_have_value("请先关闭进水阀，再擦干接口。")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.type("/")
    panel = page.get_by_role("dialog", name="Templates and articles")
    expect(panel.get_by_role("option").first).to_contain_text("漏水怎么办")
    expect(panel.get_by_role("region", name="Preview")).to_contain_text("再擦干接口")
    assert tab.accessible() == []
    page.keyboard.type("关阀")
    expect(panel.get_by_role("option").filter(visible=True)).to_have_count(1)
    expect(panel.get_by_role("region", name="Preview")).to_contain_text("王小雨，请先关闭进水阀。")
    page.keyboard.press("Enter")
    expect(panel).to_be_hidden()
    expect(field_of(page)).to_have_value("王小雨，请先关闭进水阀。")
    expect(field_of(page)).to_be_focused()
    page.keyboard.type("和/或")
    expect(field_of(page)).to_have_value("王小雨，请先关闭进水阀。和/或")
    page.keyboard.press("Enter")
    page.keyboard.type("//")
    expect(field_of(page)).to_have_value("王小雨，请先关闭进水阀。和/或\n/")
    assert tab.problems == []


def test_a_colleague_is_mentioned_by_keyboard_and_told(browse, agent, lead, supervisor, ticket):
    tab = browse(agent)
    page = tab.open(f"/tickets/{ticket.pk}/")
    page.keyboard.press("n")
    page.keyboard.type("@")
    people = page.get_by_role("listbox", name="Colleagues")
    expect(people.get_by_role("option").first).to_be_visible()
    assert tab.accessible() == []
    page.keyboard.type("王")
    expect(people.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.type("请看批次")
    note = page.get_by_role("textbox", name="Internal note")
    expect(note).to_have_value("@王强 请看批次")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".c-msg--note .c-mention")).to_have_text("@王强")
    assert Notification.objects.get(user=lead).kind == "mentioned"
    assert tab.problems == []


def test_a_file_that_may_not_go_is_named_and_the_reply_stays(browse, agent, ticket):
    page = browse(agent).open(f"/tickets/{ticket.pk}/")
    field_of(page).fill(TEXT)
    choose = page.locator("#reply-choose")
    choose.set_input_files([{"name": "安装.exe", "mimeType": "application/octet-stream", "buffer": b"MZ\x90\0"}])
    expect(page.get_by_text("安装.exe is a program")).to_be_visible()
    choose.set_input_files([{"name": "发票.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 x"}])
    files = page.get_by_role("list", name="Files")
    expect(files).to_contain_text("发票.pdf")
    files.get_by_role("button", name="Take 发票.pdf out").click()
    expect(files).to_have_count(0)
    expect(field_of(page)).to_have_value(TEXT)
    assert not DraftFile.objects.exists()


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh-hans", "dark")])
def test_the_full_composer_is_accessible_on_desk_and_phone(browse, agent, ticket, language, theme):
    for size in ((1440, 900), (390, 844)):
        tab = browse(agent, language=language, theme=theme, size=size)
        page = tab.open(f"/tickets/{ticket.pk}/")
        page.locator("#reply-body").fill("喂，这个不归我管，我们会尽快处理啊。")
        expect(page.locator(".c-hints li").first).to_be_visible()
        page.evaluate(PASTE)
        expect(page.locator(".c-att__thumb").first).to_be_visible()
        assert tab.accessible() == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        tab.context.close()
