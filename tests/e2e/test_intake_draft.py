"""A call on the screen: nothing typed is ever lost, callers are found as their number is typed, one key ends it."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from messaging import calls
from messaging.models import Call
from tests.factories import CustomerFactory, TicketFactory
from tickets.models import Category, State, Ticket

NUMBER = "13912345678"


@pytest.fixture
def started(desk, team, agent):
    """started(number) → the address of a call that 李娜 has picked up."""

    def start(number=NUMBER) -> str:
        return f"/intake/{calls.start(team=team, agent=agent, number=number).pk}/"

    return start


@pytest.fixture
def known(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234", email="wang@mail.example")


def name_of(page):
    return page.get_by_role("textbox", name="Name", exact=True)


def choose(page, kind):
    page.get_by_role("radio", name=re.compile(f"^{kind}")).check()


def saved(page):
    return page.locator("#draft-saved").get_by_text("Draft saved")


def in_hours(hours=4) -> str:
    return timezone.localtime(timezone.now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def pick_topic(page) -> str:
    topic = str(Category.objects.filter(is_active=True).first())
    page.get_by_label("Topic").select_option(label=topic)
    return topic


def fill_consult(page):
    name_of(page).fill("赵一凡")
    choose(page, "Consult")
    pick_topic(page)
    page.get_by_label("Summary in one line").fill("保修期有多长")


def test_a_half_filled_call_is_all_there_after_the_browser_was_killed(browse, agent, started):
    address = started()
    first = browse(agent)
    page = first.open(address)
    name_of(page).fill("赵一凡")
    page.get_by_label("Agrees to be called back").check()
    choose(page, "Service")
    topic = pick_topic(page)
    page.get_by_label("Urgency").select_option("3")
    page.get_by_label("Summary in one line").fill("净水机换滤芯")
    page.get_by_label("What the customer said").fill("滤芯到期，想约今天上门")
    page.get_by_label("Promised reply by").fill(in_hours())
    promised = page.get_by_label("Promised reply by").input_value()
    expect(saved(page)).to_be_visible()
    with page.expect_response(re.compile("/draft/$")):
        page.get_by_label("What the customer wants").fill("今天 16:30 后")
    first.context.close()

    second = browse(agent)
    page = second.open("/intake/")
    expect(page).to_have_url(second.address + address)
    expect(name_of(page)).to_have_value("赵一凡")
    expect(page.get_by_label("Agrees to be called back")).to_be_checked()
    expect(page.get_by_role("radio", name=re.compile("^Service"))).to_be_checked()
    expect(page.locator("#id_category option:checked")).to_have_text(topic)
    expect(page.get_by_label("Urgency")).to_have_value("3")
    expect(page.get_by_label("Summary in one line")).to_have_value("净水机换滤芯")
    expect(page.get_by_label("What the customer said")).to_have_value("滤芯到期，想约今天上门")
    expect(page.get_by_label("What the customer wants")).to_have_value("今天 16:30 后")
    expect(page.get_by_label("Promised reply by")).to_have_value(promised)
    assert second.problems == []


def test_words_typed_a_moment_before_the_tab_closes_are_kept(browse, agent, started):
    address = started()
    tab = browse(agent)
    page = tab.open(address)
    page.get_by_label("Summary in one line").fill("最后一句")
    page.goto(f"{tab.address}/help/")
    for _attempt in range(20):  # the last words travel on their own, beside the page that was opened next
        page.goto(tab.address + address)
        if page.get_by_label("Summary in one line").input_value():
            break
    expect(page.get_by_label("Summary in one line")).to_have_value("最后一句")


def test_the_guide_moves_on_as_the_form_is_filled(browse, agent, started):
    page = browse(agent).open(started())
    step = page.locator("#call-guide [aria-current=step]")
    expect(step).to_contain_text("Listen")
    name_of(page).fill("赵一凡")
    expect(step).to_contain_text("Record")
    expect(page.locator("#call-identified")).to_contain_text("Identified after")
    choose(page, "Service")
    expect(step).to_contain_text("Answer")


@pytest.mark.parametrize("typed", ["13812341234", "1234", "王小"])
def test_a_caller_is_found_by_number_last_four_digits_or_name(browse, agent, known, started, typed):
    page = browse(agent).open(started(number=""))
    page.get_by_label("Find by phone, name or customer number").fill(typed)
    hit = page.locator("#hits").get_by_role("button", name=re.compile("王小雨"))
    expect(hit).to_contain_text("138****1234")
    hit.click()
    expect(page.locator("#caller").get_by_role("heading", name="王小雨")).to_be_visible()
    expect(page.locator("#call-bar")).to_contain_text("王小雨")


def test_a_number_that_calls_again_is_recognised_by_itself(browse, agent, known, started):
    page = browse(agent).open(started(number="13812341234"))
    expect(page.locator("#hits")).to_contain_text("王小雨")


def test_a_customer_of_another_team_is_named_only_by_team(browse, agent, other_team, started):
    CustomerFactory(team=other_team, name="林海", phone="13700001111")
    page = browse(agent).open(started(number="13700001111"))
    expect(page.locator("#hits")).to_contain_text("Customer of another team: 海外组")
    expect(page.locator("body")).not_to_contain_text("林海")


def test_a_chaser_is_added_to_the_open_ticket(browse, agent, known, started):
    ticket = TicketFactory(customer=known, owner=agent, by=agent, subject="换滤芯")
    page = browse(agent).open(started(number="13812341234"))
    page.locator("#hits").get_by_role("button", name=re.compile("王小雨")).click()
    page.get_by_role("radio", name=re.compile(ticket.number)).check()
    page.get_by_label("What the customer said").fill("师傅什么时候来？")
    page.keyboard.press("F7")
    expect(page.get_by_role("heading", level=1)).to_have_text("换滤芯")
    expect(page.get_by_text("师傅什么时候来？")).to_be_visible()
    assert Ticket.objects.count() == 1


def test_f6_answers_a_consult_on_the_call_and_archives_it(browse, agent, started):
    tab = browse(agent)
    page = tab.open(started())
    fill_consult(page)
    page.get_by_label("What you answered").fill("整机两年，滤芯六个月")
    page.keyboard.press("F6")
    expect(page).to_have_url(f"{tab.address}/intake/")
    ticket = Ticket.objects.get()
    expect(page.get_by_text(f"{ticket.number} was answered and archived.")).to_be_visible()
    assert (ticket.state, ticket.outcome, ticket.customer.name) == (State.ARCHIVED, "satisfied", "赵一凡")
    assert tab.problems == []


def test_a_draft_that_answers_late_does_not_steal_the_page_from_the_outcome(browse, agent, started):
    tab = browse(agent)
    page = tab.open(started())
    drafts = []
    page.route("**/draft/", lambda route: drafts.append(route))  # a slow network holds them back

    def answer_drafts_first(route):
        for draft in drafts:
            draft.fulfill(headers={"HX-Redirect": f"{tab.address}/help/"})
        route.continue_()

    page.route("**/finish/", answer_drafts_first)
    fill_consult(page)
    with page.expect_request("**/draft/"):
        page.get_by_label("What you answered").fill("整机两年")
    page.keyboard.press("F6")
    expect(page.get_by_text("was answered and archived.")).to_be_visible()
    expect(page).to_have_url(f"{tab.address}/intake/")


def test_f6_is_refused_for_a_service_and_nothing_typed_is_lost(browse, agent, started):
    page = browse(agent).open(started())
    fill_consult(page)
    choose(page, "Service")
    page.get_by_label("What you answered").fill("今天上门")
    page.keyboard.press("F6")
    expect(page.get_by_role("alert")).to_contain_text("Only a new consult can be closed on the call.")
    expect(page.get_by_label("What you answered")).to_have_value("今天上门")
    assert not Ticket.objects.exists()


def test_an_outcome_says_what_is_still_missing_at_the_field(browse, agent, started):
    page = browse(agent).open(started())
    page.keyboard.press("F7")
    for words in ("Write the caller's name, or choose a customer.", "Choose what kind of request it is.",
                  "Choose a topic.", "Sum the matter up in one line.",
                  "Not solved yet: say by when the customer hears from us."):  # fmt: skip
        expect(page.get_by_text(words)).to_be_visible()
    expect(page.locator(":focus")).to_have_class(re.compile("is-invalid"))


def test_f8_keeps_the_time_to_call_back(browse, agent, started):
    page = browse(agent).open(started())
    fill_consult(page)
    page.get_by_label("Call back at").fill(in_hours())
    page.keyboard.press("F8")
    expect(page.locator(".c-msg--note")).to_contain_text("Call the customer back at")
    assert Call.objects.get().outcome == Call.Outcome.CALLBACK


def test_f9_hands_the_ticket_to_the_team_lead(browse, agent, lead, started):
    page = browse(agent).open(started())
    fill_consult(page)
    page.get_by_label("Promised reply by").fill(in_hours())
    page.keyboard.press("F9")
    expect(page.get_by_role("heading", level=1)).to_have_text("保修期有多长")
    expect(page.locator("#ticket-head")).to_contain_text("王强")
    assert Ticket.objects.get().owner == lead


def test_f10_closes_a_dropped_call_which_can_be_dialled_again(browse, agent, started):
    tab = browse(agent)
    page = tab.open(started())
    page.get_by_label("What the customer said").fill("信号断了")
    page.keyboard.press("F10")
    expect(page).to_have_url(f"{tab.address}/intake/")
    expect(page.get_by_text("The call was closed without a ticket")).to_be_visible()
    expect(page.get_by_text("139****5678")).to_be_visible()
    page.get_by_role("button", name="Redial").click()
    expect(page.locator("#call-bar")).to_contain_text("139****5678")
    assert not Ticket.objects.exists()


def test_enter_in_a_field_ends_no_call(browse, agent, started):
    tab, address = browse(agent), started()
    page = tab.open(address)
    page.get_by_label("Summary in one line").fill("换滤芯")
    page.keyboard.press("Enter")
    expect(saved(page)).to_be_visible()
    expect(page).to_have_url(tab.address + address)
    assert Call.objects.get().ended_at is None
