"""Goods that come back, and the rule by which no order counts twice as spent."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from core.models import Event
from customers import ordering, signals
from customers.models import Customer, Order, OrderReturn, Signals
from customers.order_book import told_total
from customers.ordering import Line
from tests.factories import CustomerFactory

NOW = timezone.now()
ADDRESS = "上海市浦东新区张江路 88 号"


@pytest.fixture
def rain(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234")


def delivered(rain, agent, placed=NOW, code="A1", amount=100, quantity=3):
    order, _what = ordering.take_in(
        customer=rain, source="shop", code=code, lines=[Line("净水机 M3", quantity, Decimal(amount))],
        state="delivered", placed_at=placed, by=agent, now=NOW,
    )
    return order


def spend(rain):
    return Customer.objects.get(pk=rain.pk).spend


def back(order, agent, units=None, amount=0, **more):
    units = {order.lines.get().pk: units} if units else {}
    given = {"reason": "漏水", "now": NOW} | more
    return ordering.take_back(order, units=units, amount=Decimal(amount), by=agent, **given)


def test_what_comes_back_is_taken_off_what_was_spent(rain, agent):
    order = delivered(rain, agent)
    row = back(order, agent, units=1, amount="99.50")
    assert spend(rain) == Decimal("200.50")
    assert row.lines.get().quantity == 1 and ordering.left(order) == {order.lines.get().pk: 2}
    told = Event.objects.get(kind="order_returned", subject_id=order.pk)
    assert told.customer_id == rain.pk and told.data["amount"] == "99.50"
    signals.refresh(now=NOW)
    assert Signals.objects.get(customer=rain).spent_year == Decimal("200.50")


@pytest.mark.parametrize(
    "bad",
    [{"units": 4}, {"amount": "300.01"}, {"amount": "-1"}, {"units": 1, "reason": " "}, {},
     {"units": 1, "returned_on": timezone.localdate(NOW) + timedelta(days=1)},
     {"units": 1, "returned_on": timezone.localdate(NOW) - timedelta(days=1)}],
)
def test_more_than_was_delivered_cannot_come_back(rain, agent, bad):
    order = delivered(rain, agent)
    with pytest.raises(ordering.OrderRefused):
        back(order, agent, **bad)
    assert spend(rain) == 300 and not OrderReturn.objects.exists()


def test_what_has_come_back_cannot_come_back_again(rain, agent):
    order = delivered(rain, agent)
    back(order, agent, units=2, amount=200)
    with pytest.raises(ordering.OrderRefused):
        back(order, agent, units=2)
    with pytest.raises(ordering.OrderRefused):
        back(order, agent, amount=101)
    back(order, agent, units=1, amount=100)
    assert spend(rain) == 0


def test_nothing_comes_back_of_an_order_that_was_not_delivered(rain, agent):
    order = ordering.open_order(customer=rain, lines=[Line("净水机 M3", 1, Decimal(9))], by=agent)
    with pytest.raises(ordering.OrderRefused):
        back(order, agent, units=1)


def test_a_return_that_is_sent_twice_pays_back_once(rain, agent):
    order = delivered(rain, agent)
    first = back(order, agent, units=1, amount=100, key="k")
    assert back(order, agent, units=1, amount=100, key="k") == first
    assert spend(rain) == 200 and OrderReturn.objects.count() == 1


# --- No order counts twice --------------------------------------------------------------------------------


def tell(rain, total, at):
    customer = Customer.objects.get(pk=rain.pk)
    told_total(customer, Decimal(total), now=at)
    customer.save()


def test_orders_placed_before_a_total_was_told_are_in_it(rain, agent):
    tell(rain, 5000, NOW - timedelta(days=1))
    before = delivered(rain, agent, placed=NOW - timedelta(days=30), code="OLD")
    assert spend(rain) == 5000
    delivered(rain, agent, placed=NOW, code="NEW")
    assert spend(rain) == 5300
    back(before, agent, units=1, amount=100)
    assert spend(rain) == 5200, "a refund since the total was told is not in it"


def test_the_same_total_told_again_keeps_what_was_bought_since_and_another_takes_its_place(rain, agent):
    tell(rain, 5000, NOW - timedelta(days=2))
    delivered(rain, agent, placed=NOW - timedelta(days=1))
    tell(rain, 5000, NOW)
    assert spend(rain) == 5300
    tell(rain, 5300, NOW)
    assert spend(rain) == 5300
    delivered(rain, agent, placed=NOW - timedelta(hours=1), code="LATE")
    assert spend(rain) == 5300


def test_a_total_of_nothing_tells_nothing(rain, agent):
    tell(rain, 0, NOW)
    delivered(rain, agent, placed=NOW - timedelta(days=30))
    assert spend(rain) == 300


def test_an_order_delivered_after_the_total_but_placed_before_it_adds_nothing(rain, agent):
    order = ordering.open_order(
        customer=rain, lines=[Line("净水机 M3", 1, Decimal(80))], address=ADDRESS, payment="prepaid", by=agent,
        now=NOW - timedelta(days=3),
    )
    tell(rain, 1000, NOW - timedelta(days=2))
    ordering.confirm(order, by=agent)
    ordering.plan(order, planned_on=timezone.localdate(), by=agent)
    ordering.reconfirm(order, by=agent)
    ordering.step(order, "shipped", by=agent)
    ordering.step(order, "delivered", by=agent)
    assert Order.objects.get().state == "delivered" and spend(rain) == 1000
