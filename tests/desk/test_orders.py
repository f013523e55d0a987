import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from core.models import Event
from customers import ordering, registry
from customers.models import Order, OrderReturn, Reveal
from customers.ordering import Line
from desk import orders_page
from tests.factories import CustomerFactory

ADDRESS = "上海市浦东新区张江路 88 号 301 室"
FILTER = Line("净水机 M3", 1, Decimal("2899.00"))


@pytest.fixture
def rain(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234")


@pytest.fixture
def order(rain, agent):
    return ordering.open_order(customer=rain, lines=[FILTER], address=ADDRESS, payment="prepaid", by=agent)


@pytest.fixture
def client(signed_in, agent):
    return signed_in(agent)


def written(**more):
    lines = {
        "lines-TOTAL_FORMS": "2", "lines-INITIAL_FORMS": "0", "lines-0-product": "净水机 M3", "lines-0-quantity": "2",
        "lines-0-price": "100",
    }  # fmt: skip
    return lines | {"need": "水碱重", "payment": "prepaid", "address": ADDRESS} | more


def step(client, order, to, **more):
    order.refresh_from_db()
    data = {"to": to, "version": order.version, **more}
    return client.post(reverse("desk:order_step", args=[order.pk]), data)


def page(client, order):
    return client.get(reverse("desk:order", args=[order.pk])).content.decode()


# --- Writing ----------------------------------------------------------------------------------------------


def test_an_order_is_written_down_on_the_customer(client, rain):
    answer = client.post(reverse("desk:order_new", args=[rain.pk]), written())
    order = Order.objects.get()
    assert answer.status_code == 302 and order.customer == rain and order.amount == 200
    assert order.address == ADDRESS and order.lines.get().product == "净水机 M3"


def test_a_known_address_is_chosen_without_being_shown(client, rain):
    contact = registry.add_contact(rain, kind="address", value=ADDRESS, source="call")
    form = client.get(reverse("desk:order_new", args=[rain.pk])).content.decode()
    assert "上海市浦东新区***" in form and "张江路" not in form
    client.post(reverse("desk:order_new", args=[rain.pk]), written(address="", known_address=contact.pk))
    assert Order.objects.get().address == ADDRESS


@pytest.mark.parametrize(
    "bad", [{"lines-0-quantity": "0"}, {"lines-0-price": "-1"}, {"lines-1-quantity": "3"}, {"payment": "barter"},
            {"need": "长" * 401}],
)
def test_bad_input_keeps_what_was_typed(client, rain, bad):
    answer = client.post(reverse("desk:order_new", args=[rain.pk]), written(**bad))
    assert answer.status_code == 422 and not Order.objects.exists()
    assert "净水机 M3" in answer.content.decode() and "invalid-feedback" in answer.content.decode()


# --- Steps ------------------------------------------------------------------------------------------------


def test_the_page_leads_through_all_steps(client, order):
    day = timezone.localdate() + timedelta(days=3)
    for to, more in [
        ("confirmed", {"channel": "phone"}), ("planned", {"planned_on": day, "window": "上午"}),
        ("reconfirmed", {"channel": "phone", "note": "时间规格无误"}), ("shipped", {}), ("delivered", {}),
        ("installed", {}), ("after_sale", {}),
    ]:
        assert f'value="{to}"' in page(client, order)
        assert step(client, order, to, **more).status_code == 302
    order.refresh_from_db()
    assert order.state == "after_sale" and order.communications.count() == 2
    order.customer.refresh_from_db()
    assert order.customer.spend == Decimal("2899.00")


def test_a_step_that_is_refused_says_why_and_moves_nothing(client, order):
    answer = step(client, order, "shipped")
    assert answer.status_code == 422 and "An unconfirmed order cannot ship." in answer.content.decode()
    order.refresh_from_db()
    assert order.state == "need"


def test_planning_without_a_day_is_said_beside_the_field(client, order, agent):
    ordering.confirm(order, by=agent)
    answer = step(client, order, "planned", planned_on="soon")
    assert answer.status_code == 422 and "invalid-feedback" in answer.content.decode()


def test_two_at_once_ship_once_and_the_second_sees_the_order_as_it_stands(client, order, agent):
    stale = order.version
    ordering.confirm(order, by=agent)
    late = {"to": "cancelled", "version": stale, "note": "不要了"}
    answer = client.post(reverse("desk:order_step", args=[order.pk]), late)
    assert answer.status_code == 422 and "changed this order meanwhile" in answer.content.decode()
    order.refresh_from_db()
    assert order.state == "confirmed"


def test_a_changed_order_is_planned_anew(client, order, agent):
    ordering.confirm(order, by=agent)
    ordering.plan(order, planned_on=timezone.localdate() + timedelta(days=3), by=agent)
    ordering.reconfirm(order, by=agent)
    order.refresh_from_db()
    edit = reverse("desk:order_edit", args=[order.pk])
    assert "plans it anew" in client.get(edit).content.decode()
    client.post(edit, written(reason="要两台", address="", version=order.version))
    order.refresh_from_db()
    assert order.state == "planned" and order.plans.count() == 2 and order.address == ADDRESS
    assert "要两台" in page(client, order)


def test_the_second_editor_of_an_order_is_told_and_keeps_what_they_typed(client, order, agent):
    stale = order.version
    ordering.change(order, by=agent, need="要静音")
    answer = client.post(reverse("desk:order_edit", args=[order.pk]), written(version=stale, need="要便宜"))
    assert answer.status_code == 409 and "要便宜" in answer.content.decode()
    order.refresh_from_db()
    assert order.need == "要静音"


def test_a_contact_is_written_down_with_its_result(client, order):
    client.post(
        reverse("desk:order_contact", args=[order.pk]), {"channel": "phone", "result": "no_answer", "note": "无人接"}
    )
    assert "无人接" in page(client, order)
    bad = client.post(reverse("desk:order_contact", args=[order.pk]), {"channel": "phone", "result": "maybe"})
    assert bad.status_code == 422


def test_serial_numbers_are_recorded_once_it_shipped(client, rain, agent):
    order, _what = ordering.take_in(customer=rain, source="erp", code="A-1", lines=[FILTER], state="delivered")
    line = order.lines.get()
    client.post(reverse("desk:order_units", args=[order.pk]), {
        f"unit-{line.pk}-serial": "SN-1", f"unit-{line.pk}-warranty_until": "2028-01-31",
    })  # fmt: skip
    line.refresh_from_db()
    assert line.serial == "SN-1" and line.warranty_until.year == 2028


# --- Sight ------------------------------------------------------------------------------------------------


def test_orders_of_another_team_do_not_exist(signed_in, outsider, order, rain):
    browser = signed_in(outsider)
    assert order.code not in browser.get(reverse("desk:orders")).content.decode()
    assert browser.get(reverse("desk:order", args=[order.pk])).status_code == 404
    assert browser.get(reverse("desk:customer_orders", args=[rain.pk])).status_code == 404
    for name in ("order_step", "order_contact", "order_units", "order_address", "order_edit"):
        assert browser.post(reverse(f"desk:{name}", args=[order.pk])).status_code == 404
    assert browser.post(reverse("desk:order_new", args=[rain.pk]), written()).status_code == 404


def test_the_address_is_masked_and_shown_for_a_logged_reason_to_those_who_send(client, signed_in, lead, order):
    assert "张江路" not in page(client, order)
    url = reverse("desk:order_address", args=[order.pk])
    assert client.post(url, {"reason": "上门"}).status_code == 403
    sender = signed_in(lead)
    assert sender.post(url, {"reason": ""}).status_code == 422
    assert ADDRESS in sender.post(url, {"reason": "安排送货"}).content.decode()
    assert Reveal.objects.get().reason == "安排送货"


# --- Lists ------------------------------------------------------------------------------------------------


def test_the_list_narrows_by_state_and_pages_by_key(client, rain, agent, order):
    for n in range(orders_page.ROWS + 1):
        ordering.take_in(customer=rain, source="erp", code=f"A-{n}", lines=[FILTER], state="delivered")
    first, onward = orders_page.rows(agent)
    second, end = orders_page.rows(agent, before=onward)
    assert len(first) == orders_page.ROWS and end is None and len({o.pk for o in [*first, *second]}) == 32
    assert order.code in client.get(reverse("desk:orders"), {"state": "need"}).content.decode()
    assert order.code not in client.get(reverse("desk:orders"), {"state": "delivered"}).content.decode()


@pytest.mark.parametrize("query", ["before=abc", "before=99999999999999999999", "state=lost", "state=%00"])
def test_odd_queries_are_harmless(client, order, query):
    assert client.get(f"{reverse('desk:orders')}?{query}").status_code == 200


def test_pages_take_few_queries_at_any_length(client, rain, agent, order, django_assert_max_num_queries):
    for n in range(20):
        ordering.take_in(customer=rain, source="erp", code=f"A-{n}", lines=[FILTER, FILTER], state="delivered")
        ordering.communicate(order, channel="phone", result="informed", by=agent)
    with django_assert_max_num_queries(10):
        client.get(reverse("desk:orders"))
    with django_assert_max_num_queries(12):
        client.get(reverse("desk:customer_orders", args=[rain.pk]))
    with django_assert_max_num_queries(14):
        client.get(reverse("desk:order", args=[order.pk]))


# --- Sent twice, and by two -------------------------------------------------------------------------------


def key_of(html, at):
    """The key of the form that posts to this address."""
    form = html[html.index(f'action="{at}"'):] if f'action="{at}"' in html else html[html.index("c-order-form"):]
    return re.search(r'name="key" value="([0-9a-f]{32})"', form)[1]


def test_the_form_of_a_new_order_sent_twice_leads_to_the_same_order(client, rain):
    url = reverse("desk:order_new", args=[rain.pk])
    html = client.get(url).content.decode()
    sent = written(key=key_of(html, url))
    first, second = client.post(url, sent), client.post(url, sent)
    order = Order.objects.get()
    assert first.url == second.url == reverse("desk:order", args=[order.pk])
    assert order.lines.count() == 1 and Event.objects.filter(kind="order_made").count() == 1
    assert key_of(client.get(url).content.decode(), url) != sent["key"], "each page has a key of its own"


def test_a_form_that_was_refused_may_be_sent_again_with_its_key(client, rain):
    url, key = reverse("desk:order_new", args=[rain.pk]), "a" * 32
    assert client.post(url, written(key=key, payment="barter")).status_code == 422
    assert client.post(url, written(key=key)).status_code == 302
    assert Order.objects.count() == 1


def test_a_step_sent_twice_is_taken_once_and_leads_to_the_order(client, order):
    url = reverse("desk:order_step", args=[order.pk])
    sent = {"to": "confirmed", "version": order.version, "channel": "phone", "key": key_of(page(client, order), url)}
    answers = [client.post(url, sent), client.post(url, sent)]
    assert [answer.status_code for answer in answers] == [302, 302]
    order.refresh_from_db()
    assert order.state == "confirmed" and order.version == 2 and order.communications.count() == 1


def test_a_contact_sent_twice_is_written_down_once(client, order):
    url = reverse("desk:order_contact", args=[order.pk])
    sent = {"channel": "phone", "result": "informed", "note": "明天到", "key": key_of(page(client, order), url)}
    client.post(url, sent)
    client.post(url, sent)
    assert order.communications.count() == 1
    client.post(url, sent | {"key": "b" * 32})
    assert order.communications.count() == 2, "the same words on another day are another contact"


def test_the_second_editor_sees_both_versions_and_may_decide(client, order, lead):
    ordering.change(order, by=lead, need="要送到楼上", lines=[Line("净水机 M5", 1, Decimal(3200))])
    url = reverse("desk:order_edit", args=[order.pk])
    sent = written(version="1", address="", need="水碱重", key="c" * 32)
    answer = client.post(url, sent)
    html = answer.content.decode()
    assert answer.status_code == 409 and Order.objects.get().need == "要送到楼上"
    both = html[html.index('id="both"'):html.index("</table>")]
    for words in ("要送到楼上", "水碱重", "净水机 M5 × 1 · ¥3200.00", "净水机 M3 × 2 · ¥100.00"):
        assert words in both
    assert "预付" not in both, "payment is the same in both"
    version = re.search(r'name="version" value="(\d+)"', html)[1]
    assert client.post(url, sent | {"version": version}).status_code == 302
    assert Order.objects.get().need == "水碱重"


# --- Returns ----------------------------------------------------------------------------------------------


@pytest.fixture
def delivered(rain, agent):
    order, _what = ordering.take_in(
        customer=rain, source="shop", code="R-1", lines=[Line("净水机 M3", 3, Decimal(100))], state="delivered",
        by=agent,
    )
    return order


def test_goods_come_back_on_the_page_of_the_order(client, delivered, rain):
    url = reverse("desk:order_return", args=[delivered.pk])
    line, today = delivered.lines.get(), timezone.localdate().isoformat()
    key = key_of(page(client, delivered), url)
    why = "不合适，请打 13987651234"
    sent = {f"line_{line.pk}": "2", "amount": "150", "returned_on": today, "reason": why, "key": key}
    assert [client.post(url, sent).status_code for _ in range(2)] == [302, 302]
    html = page(client, delivered)
    assert "净水机 M3 × 2" in html and "¥150" in html and "13987651234" not in html
    rain.refresh_from_db()
    assert rain.spend == 150
    timeline = client.get(reverse("desk:customer", args=[rain.pk])).content.decode()
    assert "¥150" in timeline and "不合适" in timeline


@pytest.mark.parametrize("bad", [{"amount": "301"}, {"reason": ""}, {"returned_on": "2999-01-01"}, {"amount": "0"}])
def test_a_return_that_cannot_be_keeps_what_was_typed(client, delivered, bad):
    sent = {"amount": "10", "returned_on": timezone.localdate().isoformat(), "reason": "漏水", **bad}
    answer = client.post(reverse("desk:order_return", args=[delivered.pk]), sent)
    html = answer.content.decode()
    assert answer.status_code == 422 and not OrderReturn.objects.exists()
    assert ("漏水" in html) == bool(sent["reason"]) and ("invalid-feedback" in html or "c-banner" in html)


def test_another_team_takes_nothing_back(signed_in, outsider, delivered):
    url = reverse("desk:order_return", args=[delivered.pk])
    assert signed_in(outsider).post(url, {"amount": "1", "reason": "x"}).status_code == 404


def test_what_was_not_delivered_has_no_place_for_returns(client, order):
    assert 'id="returns"' not in page(client, order)
