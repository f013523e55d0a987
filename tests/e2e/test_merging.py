"""Two archives of one customer by hand: found, compared, merged, separated again; an erasure with its proof."""

import pytest
from playwright.sync_api import expect

from customers import duplicates, requests
from customers.models import Customer
from messaging import calls
from tests.factories import CustomerFactory, TicketFactory


@pytest.fixture
def pair(desk, team):
    first = CustomerFactory(team=team, name="王小雨", phone="13812341234", email="rain@example.com")
    second = CustomerFactory(team=team, name="王晓雨", phone="13812341234", company="北方仪器", vip=True)
    TicketFactory(customer=second)
    duplicates.search(team=team)
    return first, second


def test_a_pair_is_compared_merged_and_separated_again(browse, lead, pair):
    first, second = pair
    tab = browse(lead)
    page = tab.open("/duplicates/")
    assert tab.accessible() == []
    page.get_by_role("link", name="Compare").click()
    page.get_by_role("radio", name="王晓雨").check()
    assert tab.accessible() == []
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_role("heading", level=1, name="王晓雨")).to_be_visible()
    expect(page.locator("#messages")).to_contain_text(second.number)
    page.get_by_role("link", name="Privacy").click()
    assert tab.accessible() == []
    page.get_by_role("button", name="Undo the merge").click()
    expect(page.get_by_role("heading", level=1, name="王小雨")).to_be_visible()
    assert set(Customer.objects.present()) == {first, second}
    assert tab.problems == []


def test_a_request_is_erased_and_leaves_its_certificate(browse, lead, pair):
    row = requests.open_request(customer=pair[1], kind="erase", way="mail", by=lead)
    tab = browse(lead, theme="dark", size=(390, 844))
    page = tab.open(f"/requests/{row.pk}/")
    assert tab.accessible() == []
    page.get_by_role("button", name="Erase for good").click()
    page.get_by_role("link", name="Certificate").click()
    expect(page.get_by_role("heading", level=1, name="Certificate of erasure")).to_be_visible()
    assert tab.accessible() == []
    expect(page.get_by_role("table")).to_contain_text("tickets.Post")
    assert "王晓雨" not in page.content() and tab.problems == []


def test_the_phone_form_warns_before_a_double_is_saved(browse, agent, team, pair):
    call = calls.start(team=team, agent=agent)
    page = browse(agent).open(f"/intake/{call.pk}/")
    page.get_by_text("New customer").click()
    page.locator("#id_name").fill("王晓雨")
    page.locator("#id_company").fill("北方仪器")
    page.get_by_role("button", name="It is them").click()
    expect(page.locator("#id_name")).to_have_count(0)  # the answer has taken the place of the form
    call.refresh_from_db()
    assert call.customer == pair[1]
