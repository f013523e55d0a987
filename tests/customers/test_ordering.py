from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.models import Event
from customers import ordering
from customers.models import Communication, Customer, Order
from customers.ordering import Line, OrderRefused, StaleOrder
from tests.factories import CustomerFactory

ADDRESS = "上海市浦东新区张江路 88 号 301 室"
FILTER = Line("净水机 M3", 1, Decimal("2899.00"), "五级过滤")
WHOLE = {"source": "erp", "lines": [FILTER], "address": ADDRESS, "payment": "invoice"}
TODAY = timezone.localdate
State = Order.State


@pytest.fixture
def rain(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234")


@pytest.fixture
def order(rain, agent):
    return ordering.open_order(
        customer=rain, lines=[FILTER], address=ADDRESS, payment="prepaid", need="家里水碱重", advice="M3", by=agent
    )


def planned(order, agent):
    order = ordering.confirm(order, by=agent)
    return ordering.plan(order, planned_on=TODAY() + timedelta(days=3), window="上午", by=agent)


def shipped(order, agent):
    return ordering.step(ordering.reconfirm(planned(order, agent), by=agent), State.SHIPPED, by=agent)


def test_an_order_walks_from_need_to_after_sale(order, agent, rain):
    order = shipped(order, agent)
    for to in (State.DELIVERED, State.INSTALLED, State.AFTER_SALE):
        order = ordering.step(order, to, by=agent)
    assert order.state == State.AFTER_SALE and order.delivered_at and order.installed_at
    moves = Event.objects.filter(kind="order_moved", subject_id=order.pk).order_by("pk")
    assert [event.data["to"] for event in moves] == list(ordering.STEPS[1:])


@pytest.mark.parametrize(
    ("lacking", "word"),
    [({"lines": []}, "model"), ({"address": ""}, "delivery address"), ({"payment": ""}, "payment")],
)
def test_nothing_is_confirmed_before_model_quantity_address_and_payment_are_known(rain, agent, lacking, word):
    known = {"lines": [FILTER], "address": ADDRESS, "payment": "prepaid"} | lacking
    order = ordering.open_order(customer=rain, by=agent, **known)
    with pytest.raises(OrderRefused, match=word):
        ordering.confirm(order, by=agent)
    assert not Communication.objects.exists()


def test_an_unconfirmed_order_cannot_ship(order, agent):
    with pytest.raises(OrderRefused, match="unconfirmed"):
        ordering.step(order, State.SHIPPED, by=agent)


def test_an_order_that_was_not_reconfirmed_cannot_ship(order, agent):
    with pytest.raises(OrderRefused, match="reconfirmed"):
        ordering.step(planned(order, agent), State.SHIPPED, by=agent)


def test_not_even_the_database_lets_an_unconfirmed_order_ship(order):
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(state="shipped")


@pytest.mark.parametrize(
    "what", [{"address": "上海市徐汇区漕溪路 1 号"}, {"lines": [Line("净水机 M5", 2, Decimal(3999))]}]
)
def test_a_change_after_reconfirmation_plans_anew_and_asks_again(order, agent, what):
    order = ordering.reconfirm(planned(order, agent), by=agent)
    order = ordering.change(order, by=agent, reason="客户改主意", **what)
    assert order.state == State.PLANNED and order.reconfirmed_at is None
    assert order.plans.count() == 2 and order.plans.first().reason == "客户改主意"
    with pytest.raises(OrderRefused, match="reconfirmed"):
        ordering.step(order, State.SHIPPED, by=agent)


def test_another_day_is_a_further_row_of_the_plan_with_its_reason(order, agent):
    order = ordering.reconfirm(planned(order, agent), by=agent)
    later = TODAY() + timedelta(days=9)
    with pytest.raises(OrderRefused, match="why"):
        ordering.plan(order, planned_on=later, by=agent)
    order = ordering.plan(order, planned_on=later, reason="缺货", by=agent)
    assert [row.planned_on for row in order.plans.all()] == [later, TODAY() + timedelta(days=3)]
    assert order.state == State.PLANNED and order.reconfirmed_at is None


def test_no_delivery_is_planned_for_yesterday(order, agent):
    order = ordering.confirm(order, by=agent)
    with pytest.raises(OrderRefused, match="over"):
        ordering.plan(order, planned_on=TODAY() - timedelta(days=1), by=agent)


def test_a_confirmed_order_keeps_what_it_was_confirmed_with(order, agent):
    order = ordering.confirm(order, by=agent)
    with pytest.raises(OrderRefused, match="cannot lose"):
        ordering.change(order, by=agent, address="")
    order.refresh_from_db()
    assert order.address == ADDRESS


def test_what_has_shipped_is_neither_changed_nor_cancelled(order, agent):
    order = shipped(order, agent)
    with pytest.raises(OrderRefused):
        ordering.change(order, by=agent, address="别处")
    with pytest.raises(OrderRefused):
        ordering.step(order, State.CANCELLED, by=agent, note="不要了")


def test_each_contact_is_a_record_of_result_time_and_person(order, agent, rain):
    ordering.communicate(order, channel="phone", result="no_answer", note="响铃无人接", by=agent)
    order = ordering.reconfirm(planned(order, agent), by=agent, note="周三上午，五级过滤")
    told = [(row.result, row.by, row.note) for row in order.communications.order_by("pk")]
    assert told == [
        ("no_answer", agent, "响铃无人接"), ("agreed", agent, ""), ("agreed", agent, "周三上午，五级过滤"),
    ]
    rain.refresh_from_db()
    assert rain.last_contact_at


def test_a_delivered_order_is_spent_once(order, agent, rain):
    order = shipped(order, agent)
    rain.refresh_from_db()
    assert rain.spend == 0
    order = ordering.step(order, State.DELIVERED, by=agent)
    ordering.step(order, State.INSTALLED, by=agent)
    rain.refresh_from_db()
    assert rain.spend == Decimal("2899.00")
    assert rain.history.first().spend == Decimal("2899.00")


def test_the_second_of_two_editors_is_shown_how_the_order_stands(order, agent):
    ordering.change(order, by=agent, need="要静音", version=order.version)
    with pytest.raises(StaleOrder) as stale:
        ordering.change(order, by=agent, need="要便宜", version=order.version)
    assert stale.value.current.need == "要静音"


def test_the_address_lies_encrypted_and_is_shown_masked(order):
    assert order.address_masked == "上海市浦东新区***"
    order.refresh_from_db()
    assert order.address == ADDRESS


# --- From other systems -----------------------------------------------------------------------------------


def test_an_order_taken_in_twice_is_made_once(rain):
    given_ = {"customer": rain, "source": "erp", "code": "A-1", "lines": [FILTER], "state": "delivered"}
    first, what = ordering.take_in(**given_)
    again, nothing = ordering.take_in(**given_)
    assert (what, nothing) == ("made", "unchanged") and first.pk == again.pk
    rain.refresh_from_db()
    assert rain.spend == Decimal("2899.00")
    assert first.confirmed_at and first.reconfirmed_at


def test_a_corrected_amount_corrects_the_spend(rain):
    ordering.take_in(customer=rain, source="erp", code="A-1", amount=Decimal(100), state="delivered")
    _order, what = ordering.take_in(customer=rain, source="erp", code="A-1", amount=Decimal(80), state="delivered")
    rain.refresh_from_db()
    assert what == "changed" and rain.spend == Decimal(80)


def test_another_system_cannot_ship_what_nobody_confirmed(rain):
    whole = WHOLE | {"customer": rain, "code": "A-2"}
    with pytest.raises(OrderRefused, match="cannot ship"):
        ordering.take_in(**whole, state="shipped")
    assert not Order.objects.exists()
    order, _what = ordering.take_in(**whole, state="planned", planned_on=TODAY() + timedelta(days=2))
    with pytest.raises(OrderRefused, match="cannot ship"):
        ordering.take_in(**whole, state="delivered")
    now = timezone.now()
    order, what = ordering.take_in(**whole, state="delivered", confirmed_at=now, reconfirmed_at=now)
    assert what == "changed" and order.state == "delivered"


def test_states_go_forward_only(rain):
    ordering.take_in(customer=rain, source="erp", code="A-3", amount=Decimal(5), state="delivered")
    order, what = ordering.take_in(customer=rain, source="erp", code="A-3", state="need")
    assert what == "unchanged" and order.state == "delivered"


def test_a_changed_day_in_the_other_system_plans_anew(rain, agent):
    whole = WHOLE | {"customer": rain, "code": "A-4"}
    day = TODAY() + timedelta(days=2)
    order, _what = ordering.take_in(**whole, state="planned", planned_on=day)
    ordering.reconfirm(order, by=agent)
    order, what = ordering.take_in(**whole, planned_on=day + timedelta(days=1))
    assert what == "changed" and order.state == "planned" and order.reconfirmed_at is None


# --- Any walk ---------------------------------------------------------------------------------------------

ACTS = {
    "confirm": lambda order, by: ordering.confirm(order, by=by),
    "plan": lambda order, by: ordering.plan(order, planned_on=TODAY() + timedelta(days=1), reason="改约", by=by),
    "reconfirm": lambda order, by: ordering.reconfirm(order, by=by),
    "ship": lambda order, by: ordering.step(order, State.SHIPPED, by=by),
    "deliver": lambda order, by: ordering.step(order, State.DELIVERED, by=by),
    "install": lambda order, by: ordering.step(order, State.INSTALLED, by=by),
    "move": lambda order, by: ordering.change(order, by=by, address=f"上海市静安区南京路 {order.version} 号"),
    "grow": lambda order, by: ordering.change(order, by=by, lines=[Line("滤芯", order.version + 1, Decimal(1))]),
    "empty": lambda order, by: ordering.change(order, by=by, lines=[]),
    "cancel": lambda order, by: ordering.step(order, State.CANCELLED, by=by, note="不要了"),
}


@settings(
    max_examples=40, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(walk=st.lists(st.sampled_from([name for name in ACTS if name != "cancel"] * 3 + ["cancel"]), max_size=12))
def test_no_walk_ships_what_was_not_confirmed_and_reconfirmed_since_the_last_change(rain, agent, walk):
    with transaction.atomic():
        order = ordering.open_order(customer=rain, lines=[FILTER], address=ADDRESS, payment="prepaid", by=agent)
        agreed, asked = False, False
        for name in walk:
            try:
                order = ACTS[name](order, agent)
            except OrderRefused:
                order = Order.objects.get(pk=order.pk)
                continue
            if name == "confirm":
                agreed = True
            if name == "reconfirm":
                asked = True
            if name in ("plan", "move", "grow") and order.state in ordering.OPEN:
                asked = False
            if name == "ship":
                assert agreed and asked
            assert order.state not in ordering.OUT or not ordering.missing(order)
        transaction.set_rollback(True)


def test_placed_days_and_payment_behaviour_are_kept(rain):
    order, _what = ordering.take_in(
        customer=rain, source="erp", code="A-9", amount=Decimal(5), pay_by=date(2026, 1, 10), paid_on=date(2026, 1, 12)
    )
    assert (order.pay_by, order.paid_on) == (date(2026, 1, 10), date(2026, 1, 12))
    assert Customer.objects.get(pk=rain.pk).spend == 0
