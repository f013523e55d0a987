"""A masked number is shown for a reason, and the supervisor reads who saw it."""

import pytest
from playwright.sync_api import expect

from tests.factories import CustomerFactory, TicketFactory
from tickets import conversation


@pytest.fixture
def ticket(team, agent):
    ticket = TicketFactory(customer=CustomerFactory(team=team, name="王小雨", phone="13812341234"), owner=agent)
    conversation.note(ticket, body="请回电 139-1234-1234", by=agent)
    return ticket


def test_a_number_in_a_note_is_shown_for_a_reason_and_stands_in_the_log(desk, browse, agent, supervisor, ticket):
    tab = browse(agent)
    page = tab.open(f"/tickets/{ticket.pk}/")
    post = page.locator("article.c-msg--note")
    expect(post).to_contain_text("⟨139****1234⟩")
    post.get_by_text("Show the masked numbers").click()
    post.get_by_role("button", name="Show").click()
    expect(post).to_contain_text("Say why you need it.")
    post.get_by_label("Why you need it").fill("回电")
    post.get_by_role("button", name="Show").click()
    expect(post).to_contain_text("139-1234-1234")
    log = browse(supervisor).open("/reveals/")
    row = log.get_by_role("row").filter(has_text="回电")
    expect(row).to_contain_text("李娜")
    expect(row).to_contain_text("王小雨")


def test_consent_is_taken_back_by_one_click_as_it_was_given(desk, browse, agent, ticket):
    tab = browse(agent)
    page = tab.open(f"/customers/{ticket.customer_id}/")
    page.get_by_role("button", name="Give: customer care").click()
    expect(page.get_by_role("button", name="Withdraw: customer care")).to_be_visible()
    page.get_by_role("button", name="Withdraw: customer care").click()
    expect(page.get_by_role("button", name="Give: customer care")).to_be_visible()
    given = list(ticket.customer.consents.order_by("pk").values_list("given", "version"))
    assert given == [(True, "1"), (False, "")]
    assert tab.problems == []
