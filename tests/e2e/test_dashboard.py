"""The supervisor's page: figures that move by themselves, charts that can be read as tables."""

import pytest
from playwright.sync_api import expect

from tests.factories import CustomerFactory, TicketFactory, make_late
from tickets import escalation
from tickets.models import Kind


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234")


def figure(page, name):
    return page.locator(f"[data-figure={name}]")


def test_a_breach_changes_the_figures_without_a_reload(desk, browse, supervisor, lead, agent, customer):
    late, _fine = TicketFactory(customer=customer, owner=agent), TicketFactory(customer=customer, kind=Kind.COMPLAINT)
    tab = browse(supervisor)
    page = tab.open_live("/dashboard/")
    page.evaluate("window.sameDocument = true")
    expect(figure(page, "breached")).to_have_text("0")
    expect(figure(page, "open")).to_have_text("2")
    expect(figure(page, "open_complaint")).to_have_text("1")
    make_late(late)
    escalation.escalate_due()
    expect(figure(page, "breached")).to_have_text("1")
    expect(page.get_by_role("table", name="Open tickets by time left").get_by_role("row").first).to_contain_text(
        late.number
    )
    assert page.evaluate("window.sameDocument")
    assert tab.problems == []


def test_a_chart_shows_its_figures_as_a_table_and_back(desk, browse, supervisor, agent, customer):
    TicketFactory(customer=customer, owner=agent)
    page = browse(supervisor).open("/dashboard/")
    chart = page.locator("#chart-volume")
    expect(chart.locator("svg")).to_be_visible()
    button = page.locator("[data-chart-table=chart-volume]")
    expect(button).to_have_accessible_name("Show as table: Volume by class")
    button.click()
    table = page.get_by_role("table", name="Volume by class")
    expect(table).to_be_visible()
    expect(table.get_by_role("columnheader", name=str(Kind.SERVICE.label))).to_be_visible()
    expect(chart).to_be_hidden()
    button.click()
    expect(table).to_have_count(0)
    expect(chart.locator("svg")).to_be_visible()


def test_a_table_that_somebody_reads_survives_a_live_change(desk, browse, supervisor, agent, customer):
    TicketFactory(customer=customer, owner=agent)
    page = browse(supervisor).open_live("/dashboard/")
    page.locator("[data-chart-table=chart-volume]").click()
    expect(page.get_by_role("table", name="Volume by class")).to_be_visible()
    TicketFactory(customer=customer, owner=agent)
    expect(figure(page, "open")).to_have_text("2")
    expect(page.get_by_role("table", name="Volume by class")).to_be_visible()
    expect(page.locator("[data-chart-table=chart-volume]")).to_have_accessible_name("Show as chart")


def test_a_chart_is_drawn_again_after_a_live_change(desk, browse, supervisor, agent, customer):
    TicketFactory(customer=customer, owner=agent)
    tab = browse(supervisor)
    page = tab.open_live("/dashboard/")
    expect(page.locator("#chart-volume svg")).to_be_visible()
    TicketFactory(customer=customer, owner=agent)
    expect(figure(page, "open")).to_have_text("2")
    expect(page.locator("#chart-volume svg")).to_be_visible()
    assert tab.problems == []


def test_a_longer_period_is_one_click_and_keeps_its_address(desk, browse, supervisor, agent, customer):
    TicketFactory(customer=customer, owner=agent)
    tab = browse(supervisor)
    page = tab.open("/dashboard/")
    page.get_by_role("link", name="7 days").click()
    expect(page).to_have_url(f"{tab.address}/dashboard/?period=7")
    expect(page.get_by_text("in 7 days")).to_be_visible()
    assert tab.problems == []
