"""Two people at one order or profile at the same moment: one wins, the other is told, nothing is lost or doubled."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from core.models import Event
from customers import ordering, profile, registry
from customers.models import Customer, Order, OrderReturn
from customers.ordering import Line, OrderRefused, StaleOrder
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "上海市浦东新区张江路 88 号"
FILTER = Line("净水机 M3", 1, Decimal(100))


@pytest.fixture
def rain(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234")


@pytest.fixture
def order(rain, agent):
    return ordering.open_order(customer=rain, lines=[FILTER], address=ADDRESS, payment="prepaid", by=agent)


def at_once(*works):
    """Runs each in a thread of its own, all started together; (what they returned, what they raised)."""
    barrier, done, wrong = threading.Barrier(len(works)), [], []

    def run(work):
        try:
            barrier.wait(10)
            done.append(work())
        except Exception as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return done, wrong


def test_two_confirm_an_order_at_once_and_one_is_told(order, agent, lead):
    done, wrong = at_once(*(lambda by=by: ordering.confirm(order, by=by, version=1) for by in (agent, lead)))
    assert len(done) == 1 and [type(error) for error in wrong] == [StaleOrder]
    assert wrong[0].current.state == "confirmed"
    order.refresh_from_db()
    assert order.communications.count() == 1 and order.version == 2


def test_two_ship_an_order_at_once_and_it_ships_once(order, agent, lead):
    ordering.confirm(order, by=agent)
    ordering.plan(order, planned_on=timezone.localdate() + timedelta(days=1), by=agent)
    version = ordering.reconfirm(order, by=agent).version
    done, wrong = at_once(
        *(lambda by=by: ordering.step(order, "shipped", by=by, version=version) for by in (agent, lead))
    )
    assert len(done) == 1 and [type(error) for error in wrong] == [StaleOrder]
    assert Event.objects.filter(kind="order_moved", data__to="shipped").count() == 1


def test_somebody_new_who_calls_and_writes_at_once_becomes_one_customer(team):
    given = [{"phone": "13812341234"}, {"phone": "13812341234", "email": "yu@example.com"}, {"phone": "138 1234 1234"}]
    done, wrong = at_once(
        *(lambda one=one: registry.find_or_create(team=team, source="api", name="王小雨", **one) for one in given)
    )
    assert not wrong and sorted(made for _customer, made in done) == [False, False, True]
    assert {customer for customer, _made in done} == {Customer.objects.get()}


def test_without_a_version_the_second_is_told_that_the_step_is_over(order, agent, lead):
    done, wrong = at_once(*(lambda by=by: ordering.confirm(order, by=by) for by in (agent, lead)))
    assert len(done) == 1 and [type(error) for error in wrong] == [OrderRefused]


def test_two_edit_an_order_at_once_and_the_second_is_shown_the_first(order, agent, lead):
    done, wrong = at_once(
        *(lambda by=by, need=need: ordering.change(order, by=by, need=need, version=1)
          for by, need in ((agent, "要送到楼上"), (lead, "要周末送")))
    )
    assert len(done) == 1 and [type(error) for error in wrong] == [StaleOrder]
    assert Order.objects.get().need == done[0].need == wrong[0].current.need


def test_the_form_of_a_new_order_sent_twice_at_once_makes_one_order(rain, agent):
    done, wrong = at_once(
        *[lambda: ordering.open_order(customer=rain, lines=[FILTER], by=agent, key="one")] * 4
    )
    assert wrong == [] and len({order.pk for order in done}) == 1 and Order.objects.count() == 1


def test_a_step_sent_twice_at_once_is_taken_once_and_nobody_is_told_off(order, agent):
    done, wrong = at_once(*[lambda: ordering.confirm(order, by=agent, version=1, key="one")] * 3)
    assert wrong == [] and {one.state for one in done} == {"confirmed"} and order.communications.count() == 1


def test_two_take_the_same_goods_back_at_once_and_one_is_told(rain, agent, lead):
    order, _what = ordering.take_in(
        customer=rain, source="shop", code="A1", lines=[Line("净水机 M3", 2, Decimal(100))], state="delivered", by=agent
    )
    units = {order.lines.get().pk: 2}
    done, wrong = at_once(
        *(lambda by=by: ordering.take_back(order, units=units, amount=Decimal(200), reason="漏水", by=by)
          for by in (agent, lead))
    )
    assert len(done) == 1 and [type(error) for error in wrong] == [OrderRefused]
    assert OrderReturn.objects.count() == 1 and Customer.objects.get(pk=rain.pk).spend == 0


def test_two_orders_of_a_customer_delivered_at_once_both_count(rain, agent):
    done, wrong = at_once(
        *(lambda code=code: ordering.take_in(
            customer=rain, source="shop", code=code, lines=[FILTER], state="delivered", by=agent
        ) for code in ("A", "B", "C"))
    )
    assert wrong == [] and len(done) == 3 and Customer.objects.get(pk=rain.pk).spend == 300


def test_two_edit_the_same_field_of_a_profile_at_once_and_the_second_sees_both(rain, agent, lead):
    seen = profile.snapshot(rain)
    done, wrong = at_once(
        *(lambda by=by, job=job: profile.edit(rain, seen=seen, given={"occupation": job}, by=by)
          for by, job in ((agent, "教师"), (lead, "医生")))
    )
    assert len(done) == 1 and [type(error) for error in wrong] == [profile.StaleProfile]
    clash = wrong[0].conflicts[0]
    assert Customer.objects.get(pk=rain.pk).occupation == clash.theirs == done[0].occupation
    assert {clash.theirs, clash.yours} == {"教师", "医生"}


def test_two_edit_different_fields_of_a_profile_at_once_and_both_are_kept(rain, agent, lead):
    seen = profile.snapshot(rain)
    _done, wrong = at_once(
        lambda: profile.edit(rain, seen=seen, given={"occupation": "教师"}, by=agent),
        lambda: profile.edit(rain, seen=seen, given={"company": "华东机械"}, by=lead),
    )
    rain.refresh_from_db()
    assert wrong == [] and (rain.occupation, rain.company) == ("教师", "华东机械")
