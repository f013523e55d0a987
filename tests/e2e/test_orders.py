"""An order by hand: written on the customer's page, confirmed, planned, changed, planned anew, shipped, delivered."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from customers.models import Order
from tests.factories import CustomerFactory


@pytest.fixture
def rain(desk, team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234", vip=True)


def day(n):
    return (timezone.localdate() + timedelta(days=n)).isoformat()


def test_an_order_goes_its_way_and_a_change_plans_it_anew(browse, agent, rain):
    tab = browse(agent)
    page = tab.open(f"/customers/{rain.pk}/")
    page.get_by_role("link", name="New order").click()
    page.get_by_label("Need", exact=True).fill("家里水碱重")
    page.get_by_label("Model").first.fill("净水机 M3")
    page.get_by_label("Price").first.fill("2899")
    page.get_by_label("Another address", exact=True).fill("上海市浦东新区张江路 88 号")
    page.get_by_label("Payment", exact=True).select_option("prepaid")
    assert tab.accessible() == []
    page.get_by_role("button", name="Write down").click()
    page.get_by_role("button", name="Confirm with the customer").click()
    page.get_by_label("Delivery on").fill(day(3))
    page.get_by_role("button", name="Plan the delivery").click()
    page.get_by_role("button", name="Reconfirm with the customer").click()
    expect(page.get_by_role("button", name="Ship")).to_be_visible()
    page.get_by_role("link", name="Change").click()
    page.get_by_label("Quantity").first.fill("2")
    page.get_by_label("Why it changes").fill("要两台")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Ship")).to_have_count(0)
    expect(page.locator("#messages")).to_contain_text("has to be reconfirmed")
    page.get_by_role("button", name="Reconfirm with the customer").click()
    page.get_by_role("button", name="Ship").click()
    page.get_by_role("button", name="Delivered").click()
    assert tab.accessible() == []
    expect(page.locator("#main")).to_contain_text("¥5,798")
    order = Order.objects.get()
    assert order.state == "delivered" and order.plans.count() == 2
    rain.refresh_from_db()
    assert rain.spend == 5798
    assert tab.problems == []


def test_a_profile_is_brought_up_to_date_by_hand(browse, agent, rain):
    tab = browse(agent)
    page = tab.open(f"/customers/{rain.pk}/")
    page.keyboard.press("e")
    page.get_by_label("Occupation").fill("教师")
    page.get_by_label("The customer confirmed all of it today").check()
    assert tab.accessible() == []
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#main")).to_contain_text("教师")
    assert tab.accessible() == []
    rain.refresh_from_db()
    assert rain.verified_on == timezone.localdate()
    assert tab.problems == []
