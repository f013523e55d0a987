"""The workbench under the fingers: the list by keys, claims, and a queue that is never stale."""

import re

import pytest
from playwright.sync_api import expect

from desk import queue
from tests.factories import CustomerFactory, TicketFactory, make_late
from tickets import escalation, routing
from tickets.models import Kind, Ticket


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234", email="wang@mail.example")


def row_of(page, ticket):
    return page.locator(f"#row-{ticket.pk}")


def test_j_and_k_walk_the_queue_and_enter_opens_the_ticket(desk, browse, agent, customer):
    first, second = (TicketFactory(customer=customer, owner=agent) for _ in range(2))
    tab = browse(agent)
    page = tab.open("/")
    under_cursor = re.compile(r"\bis-cursor\b")
    page.keyboard.press("j")
    expect(row_of(page, first)).to_have_class(under_cursor)
    page.keyboard.press("j")
    expect(row_of(page, second)).to_have_class(under_cursor)
    page.keyboard.press("k")
    expect(row_of(page, first)).to_have_class(under_cursor)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{tab.address}/tickets/{first.pk}/")
    expect(page.get_by_role("heading", level=1)).to_have_text(first.subject)
    assert tab.problems == []


def test_a_claimed_ticket_moves_into_ones_own_queue_without_leaving_the_page(desk, browse, agent, customer):
    ticket = TicketFactory(customer=customer)
    page = browse(agent).open("/?view=unassigned")
    page.get_by_role("button", name=f"Claim {ticket.number}").click()
    expect(row_of(page, ticket)).to_have_count(0)
    page.get_by_role("link", name="My queue").click()
    expect(row_of(page, ticket)).to_be_visible()
    ticket.refresh_from_db()
    assert ticket.owner == agent


def test_a_ticket_that_somebody_opens_appears_without_a_reload(desk, browse, agent, customer):
    page = browse(agent).open_live("/?view=team")
    expect(page.get_by_text("Nothing waits here")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    ticket = TicketFactory(customer=customer, subject="滤芯漏水")
    expect(row_of(page, ticket)).to_contain_text("滤芯漏水")
    expect(page.get_by_role("link", name="All open")).to_contain_text("1")
    assert page.evaluate("window.sameDocument")


def test_the_cursor_stays_on_its_row_while_the_queue_refreshes_itself(desk, browse, agent, customer):
    first, second = (TicketFactory(customer=customer, owner=agent) for _ in range(2))
    page = browse(agent).open_live("/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    third = TicketFactory(customer=customer, owner=agent)
    expect(row_of(page, third)).to_be_visible()
    expect(row_of(page, second)).to_have_class(re.compile(r"\bis-cursor\b"))
    expect(row_of(page, second).get_by_role("link").first).to_be_focused()


def test_a_breach_moves_its_ticket_into_the_red_group_and_counts(desk, browse, agent, lead, customer):
    fine, late = (TicketFactory(customer=customer, owner=agent) for _ in range(2))
    page = browse(agent).open_live("/")
    expect(page.locator(".c-queue__group")).to_have_count(1)
    make_late(late)
    escalation.escalate_due()
    groups = page.locator(".c-queue__group")
    expect(groups.first).to_contain_text("Breached")
    expect(page.locator("tr[data-row]").first).to_have_id(f"row-{late.pk}")
    expect(row_of(page, late).locator(".c-sla--breached")).to_be_visible()
    expect(page.locator("#figures")).to_contain_text(re.compile(r"Breached\s*1"))
    expect(groups.last).to_contain_text("On time")
    expect(row_of(page, fine)).to_be_visible()


def test_filters_narrow_the_queue_and_stay_in_the_address(desk, browse, agent, customer):
    service = TicketFactory(customer=customer, owner=agent, subject="换滤芯")
    complaint = TicketFactory(customer=customer, owner=agent, kind=Kind.COMPLAINT, subject="投诉漏水")
    page = browse(agent).open("/")
    page.get_by_role("combobox", name="Class", exact=True).select_option("complaint")
    expect(row_of(page, service)).to_have_count(0)
    expect(page).to_have_url(re.compile(r"[?&]kind=complaint"))
    page.reload()
    expect(row_of(page, complaint)).to_be_visible()
    expect(row_of(page, service)).to_have_count(0)
    page.get_by_role("combobox", name="Class", exact=True).select_option("")
    expect(row_of(page, service)).to_be_visible()
    page.locator("main").focus()
    page.keyboard.press("f")
    page.keyboard.type("投诉")
    expect(row_of(page, service)).to_have_count(0)
    expect(row_of(page, complaint)).to_be_visible()


def test_a_filter_that_fits_nothing_offers_the_whole_view(desk, browse, agent, customer):
    ticket = TicketFactory(customer=customer, owner=agent)
    page = browse(agent).open("/?kind=complaint")
    page.get_by_role("link", name="Show the whole view").click()
    expect(row_of(page, ticket)).to_be_visible()


def test_the_queue_goes_on_behind_its_fiftieth_row_and_back(desk, browse, agent, customer):
    tickets = [TicketFactory(customer=customer, owner=agent) for _ in range(queue.PAGE + 2)]
    page = browse(agent).open("/")
    rows = page.locator("tr[data-row]")
    expect(rows).to_have_count(queue.PAGE)
    page.get_by_role("link", name="Next page").click()
    expect(rows).to_have_count(2)
    expect(row_of(page, tickets[-1])).to_be_visible()
    page.get_by_role("link", name="First page").click()
    expect(rows).to_have_count(queue.PAGE)


def test_a_colleagues_claim_is_told_to_whoever_comes_second(desk, browse, agent, specialist, customer):
    ticket = TicketFactory(customer=customer)
    tab = browse(agent)
    page = tab.open_live(f"/tickets/{ticket.pk}/")
    claim = page.get_by_role("button", name="Claim")
    tab.cut()
    routing.claim(ticket, by=specialist)
    claim.click()
    expect(page.get_by_text("周敏 has this ticket already.")).to_be_visible()


def test_many_tickets_are_taken_at_once_by_keys_and_given_back(desk, browse, agent, lead, customer):
    opened = [TicketFactory(customer=customer) for _ in range(4)]
    tab = browse(agent)
    page = tab.open("/?view=unassigned")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.locator("[data-picked]")).to_have_text("3")
    routing.claim(opened[1], by=lead)
    page.locator("#bulk-form").get_by_role("button", name="Claim").click()
    result = page.locator("#bulk-result")
    expect(result).to_contain_text("2 done")
    expect(result).to_contain_text(opened[1].number)
    result.get_by_role("button", name="Undo").click()
    expect(result).to_contain_text("undone")
    assert [Ticket.objects.get(pk=ticket.pk).owner for ticket in opened] == [None, lead, None, None]
    assert tab.problems == []


def test_a_view_is_kept_deleted_and_brought_back(desk, browse, agent, customer):
    TicketFactory(customer=customer, kind=Kind.COMPLAINT)
    tab = browse(agent)
    page = tab.open("/?view=team&kind=complaint")
    page.keyboard.press("Shift+S")
    page.get_by_label("Name").fill("Loud ones")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#views a[aria-current]")).to_contain_text("Loud ones")
    expect(page.locator("#views a[aria-current]")).to_contain_text("1")
    page.get_by_role("button", name="Delete the view").click()
    expect(page.locator("#views")).not_to_contain_text("Loud ones")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#views a[aria-current]")).to_contain_text("Loud ones")
    assert tab.problems == []
