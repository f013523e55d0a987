"""Two colleagues on one ticket see each other come, write and go."""

from playwright.sync_api import expect

from tests.factories import CustomerFactory, TicketFactory


def test_two_browsers_see_each_other_view_write_and_leave(desk, browse, agent, lead, team):
    ticket = TicketFactory(customer=CustomerFactory(team=team), owner=agent)
    mine, theirs = browse(agent), browse(lead)
    page = mine.open_live(f"/tickets/{ticket.pk}/")
    other = theirs.open_live(f"/tickets/{ticket.pk}/")
    expect(page.locator("#viewers")).to_contain_text("王强 is viewing")
    expect(other.locator("#viewers")).to_contain_text("李娜 is viewing")
    other.locator("#pane-reply textarea").first.press_sequentially("您好，我来回复")
    expect(page.locator("#viewers")).to_contain_text("王强 is replying")
    assert not mine.accessible()
    other.goto(f"{theirs.address}/")
    expect(page.locator("#viewers")).not_to_contain_text("王强")
    assert not mine.problems and not theirs.problems


def test_after_a_dropped_connection_the_page_is_seen_again_without_a_word(desk, browse, agent, lead, team):
    ticket = TicketFactory(customer=CustomerFactory(team=team))
    mine, theirs = browse(agent), browse(lead)
    page = mine.open_live(f"/tickets/{ticket.pk}/")
    theirs.open_live(f"/tickets/{ticket.pk}/")
    expect(page.locator("#viewers")).to_contain_text("王强 is viewing")
    theirs.cut()
    expect(page.locator("#viewers")).not_to_contain_text("王强")
    theirs.connected()
    expect(page.locator("#viewers")).to_contain_text("王强 is viewing")
    assert not theirs.problems
