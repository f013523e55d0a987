"""A page whose connection drops says so, and misses nothing once it is back."""

import pytest
from playwright.sync_api import expect

from tests.factories import CustomerFactory, TicketFactory


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234")


def banner_of(page):
    return page.locator("#offline")


def test_a_lost_network_is_told_and_what_was_missed_is_fetched_on_return(desk, browse, agent, customer):
    tab = browse(agent)
    page = tab.open_live("/?view=team")
    expect(banner_of(page)).to_be_hidden()
    tab.context.set_offline(True)
    expect(banner_of(page)).to_contain_text("No connection.")
    missed = TicketFactory(customer=customer)
    tab.context.set_offline(False)
    expect(banner_of(page)).to_be_hidden()
    expect(page.locator(f"#row-{missed.pk}")).to_be_visible()


def test_a_connection_that_the_server_ends_is_made_anew_and_the_page_catches_up(desk, browse, agent, customer):
    tab = browse(agent)
    page = tab.open_live("/?view=team")
    tab.cut()
    missed = TicketFactory(customer=customer)
    expect(page.locator(f"#row-{missed.pk}")).to_be_visible()
    tab.connected()
    assert page.evaluate("window.sockets.length") == 2
    told = TicketFactory(customer=customer)
    expect(page.locator(f"#row-{told.pk}")).to_be_visible()


def test_while_the_server_is_away_the_banner_stays_and_goes_with_its_return(desk, browse, agent, customer):
    tab = browse(agent)
    page = tab.open_live("/?view=team")
    away = []
    page.route_web_socket("**/ws/live/", lambda socket: socket.connect_to_server() if not away else socket.close())
    page.reload()
    tab.connected()
    away.append(True)
    tab.cut()
    expect(banner_of(page)).to_be_visible()
    away.clear()
    expect(banner_of(page)).to_be_hidden()
    told = TicketFactory(customer=customer)
    expect(page.locator(f"#row-{told.pk}")).to_be_visible()


def test_a_network_that_only_blinks_leaves_no_banner_behind(desk, browse, agent, customer):
    page = browse(agent).open_live("/?view=team")
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    expect(banner_of(page)).to_be_visible()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(banner_of(page)).to_be_hidden()
    told = TicketFactory(customer=customer)
    expect(page.locator(f"#row-{told.pk}")).to_be_visible()


def test_a_colleague_of_another_team_hears_nothing(desk, browse, agent, outsider, customer):
    mine, theirs = browse(agent), browse(outsider)
    page, other = mine.open_live("/?view=team"), theirs.open_live("/?view=team")
    heard = []
    other.on("request", lambda request: heard.append(request.url))
    ticket = TicketFactory(customer=customer)
    expect(page.locator(f"#row-{ticket.pk}")).to_be_visible()
    other.reload()
    expect(other.get_by_text("Nothing waits here")).to_be_visible()
    assert [url for url in heard if "view=team" in url] == [f"{theirs.address}/?view=team"]
