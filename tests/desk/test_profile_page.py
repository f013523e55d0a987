from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from core import events
from core.models import Event
from customers import freshness, needs, ordering, profile
from customers.models import Customer, CustomField, Task, Tier
from customers.ordering import Line
from tests.factories import CustomerFactory


@pytest.fixture
def rain(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234", vip=True)


@pytest.fixture
def client(signed_in, agent):
    return signed_in(agent)


def url(name, *args):
    return reverse(f"desk:{name}", args=args)


def form_of(client, customer, **more):
    form = client.get(url("customer_edit", customer.pk)).context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else value for name, value in values.items() if value is not False} | more


# --- The 360° page ----------------------------------------------------------------------------------------


def fill(customer, agent, number):
    """That many events of all apps, with orders, needs and tasks."""
    order = ordering.open_order(customer=customer, lines=[Line("净水机", 1, Decimal(9))], by=agent)
    needs.note(customer=customer, text="要静音", by=agent)
    Event.objects.bulk_create([
        events.draft(
            "order_contacted", order, by=agent, customer_id=customer.pk, team_id=customer.team_id, result="informed",
            code=order.code,
        )
        for _n in range(number - 2)
    ])  # fmt: skip


def test_the_page_takes_twenty_queries_for_five_and_for_five_hundred_events(
    client, rain, agent, django_assert_max_num_queries
):
    field = CustomField.objects.create(code="water", name_zh="水质", name_en="Water")
    Customer.objects.filter(pk=rain.pk).update(attributes={field.code: "硬"})
    fill(rain, agent, 5)
    client.get(url("customer", rain.pk))
    with django_assert_max_num_queries(20) as short:
        client.get(url("customer", rain.pk))
    fill(rain, agent, 495)
    with django_assert_max_num_queries(20) as long:
        client.get(url("customer", rain.pk))
    assert len(long) == len(short)


def test_the_page_shows_orders_needs_own_fields_and_their_age(client, rain, agent):
    CustomField.objects.create(code="water", name_zh="水质", name_en="Water")
    Customer.objects.filter(pk=rain.pk).update(attributes={"water": "很硬"}, verified_on=timezone.localdate())
    order, _what = ordering.take_in(
        customer=rain, source="erp", code="A-77", state="delivered",
        lines=[Line("净水机 M3", 1, Decimal(2899), serial="SN-42")],
    )
    needs.note(customer=rain, text="要静音的机器", by=agent)
    page = client.get(url("customer", rain.pk)).content.decode()
    for text in ("A-77", "SN-42", "要静音的机器", "Water", "很硬", "verified", "Delivered"):
        assert text in page
    assert "Profile out of date" not in page


def test_the_timeline_tells_orders_and_profile_and_narrows_to_orders(client, rain, agent):
    order = ordering.open_order(customer=rain, lines=[Line("净水机", 1)], by=agent)
    profile.verify(rain, by=agent)
    page = client.get(url("customer", rain.pk)).content.decode()
    assert "李娜 wrote down an order" in page and "李娜 verified the profile" in page
    orders_only = client.get(url("customer", rain.pk), {"show": "orders"}).content.decode()
    assert order.code in orders_only and "李娜 verified the profile" not in orders_only


def test_a_stale_profile_is_marked_and_verified_with_one_click(client, rain):
    Customer.objects.filter(pk=rain.pk).update(verified_on=timezone.localdate() - timedelta(days=4000))
    Tier.objects.update(fresh_days=30)
    freshness.make_tasks()
    assert "Profile out of date" in client.get(url("customer", rain.pk)).content.decode()
    client.post(url("customer_verify", rain.pk))
    assert "Profile out of date" not in client.get(url("customer", rain.pk)).content.decode()
    assert Task.objects.get().done_at


def test_a_task_is_finished_with_what_came_of_it(client, rain):
    task = Task.objects.create(customer=rain, kind="retention", key="k", due_on=timezone.localdate())
    client.post(url("customer_task", rain.pk, task.pk), {"note": "已回访，愿意继续"})
    task.refresh_from_db()
    assert task.done_at and task.note == "已回访，愿意继续"


# --- Editing ----------------------------------------------------------------------------------------------


def test_the_profile_is_saved(client, rain):
    answer = client.post(
        url("customer_edit", rain.pk), form_of(client, rain, occupation="教师", company_size="small", verified="on")
    )
    rain.refresh_from_db()
    assert answer.status_code == 302
    assert (rain.occupation, rain.company_size, rain.verified_on) == ("教师", "small", timezone.localdate())


def test_the_second_editor_sees_both_versions_and_may_then_decide(client, signed_in, lead, rain):
    mine = form_of(client, rain, company="晴川水务")
    other = signed_in(lead)
    other.post(url("customer_edit", rain.pk), form_of(other, rain, company="晴川净水"))
    answer = client.post(url("customer_edit", rain.pk), mine)
    page = answer.content.decode()
    assert answer.status_code == 409 and "晴川净水" in page and "晴川水务" in page and "王强" in page
    rain.refresh_from_db()
    assert rain.company == "晴川净水"
    again = mine | {"seen": answer.context["form"]["seen"].value()}
    assert client.post(url("customer_edit", rain.pk), again).status_code == 302
    rain.refresh_from_db()
    assert rain.company == "晴川水务"


def test_bad_input_keeps_what_was_typed(client, rain):
    CustomField.objects.create(code="hardness", name_zh="硬度", name_en="Hardness", kind="number")
    for bad in ({"name": ""}, {"x_hardness": "many"}, {"birthday": "soon"}, {"seen": "forged"}, {"name": "王" * 121}):
        answer = client.post(url("customer_edit", rain.pk), form_of(client, rain, occupation="教师") | bad)
        assert answer.status_code == 422 and "教师" in answer.content.decode()
    rain.refresh_from_db()
    assert rain.occupation == ""


def test_agents_do_not_hand_customers_to_another_manager(client, signed_in, lead, agent, rain):
    client.post(url("customer_edit", rain.pk), form_of(client, rain, account_manager=agent.pk))
    rain.refresh_from_db()
    assert rain.account_manager is None
    head = signed_in(lead)
    head.post(url("customer_edit", rain.pk), form_of(head, rain, account_manager=agent.pk))
    rain.refresh_from_db()
    assert rain.account_manager == agent


def test_contacts_are_added_preferred_verified_and_invalidated(client, rain):
    client.post(
        url("customer_contacts", rain.pk),
        {"kind": "phone", "value": "13900001111", "source": "call", "preferred": "on", "verified": "on"},
    )
    first, second = rain.contacts.order_by("pk")
    assert second.preferred and second.verified_on and not first.preferred
    for act in ("prefer", "verify", "invalidate"):
        client.post(url("customer_contact", rain.pk, first.pk), {"act": act})
    first.refresh_from_db()
    assert not first.valid and not first.preferred and first.verified_on
    page = client.get(url("customer_edit", rain.pk)).content.decode()
    assert "not valid" in page and "13900001111" not in page
    assert client.post(url("customer_contact", rain.pk, first.pk), {"act": "sell"}).status_code == 400


@pytest.mark.parametrize("value", ["abc", "", "1" * 300])
def test_what_is_no_number_is_refused_beside_the_field(client, rain, value):
    answer = client.post(url("customer_contacts", rain.pk), {"kind": "phone", "value": value, "source": "call"})
    assert answer.status_code == 422 and "invalid-feedback" in answer.content.decode()
    assert rain.contacts.count() == 1


def test_needs_are_written_down_and_met(client, rain):
    client.post(url("customer_needs", rain.pk), {"text": "要静音", "topic": "噪声", "source": "call"})
    need = rain.needs.get()
    client.post(url("need_met", rain.pk, need.pk))
    need.refresh_from_db()
    assert need.met_at and client.post(url("customer_needs", rain.pk), {"text": " "}).status_code == 422


def test_nothing_of_it_exists_for_another_team(signed_in, outsider, rain, agent):
    browser, contact = signed_in(outsider), rain.contacts.get()
    need = needs.note(customer=rain, text="要静音", by=agent)
    assert browser.get(url("customer_edit", rain.pk)).status_code == 404
    for name, args in [
        ("customer_edit", ()), ("customer_verify", ()), ("customer_contacts", ()), ("customer_contact", (contact.pk,)),
        ("customer_needs", ()), ("need_met", (need.pk,)), ("customer_task", (1,)),
    ]:
        assert browser.post(url(name, rain.pk, *args)).status_code == 404


# --- The list ---------------------------------------------------------------------------------------------


def test_customers_are_found_by_the_admins_own_fields(client, rain, team):
    CustomField.objects.create(code="hardness", name_zh="硬度", name_en="Hardness", kind="number")
    CustomerFactory(team=team, name="李四", attributes={"hardness": 10})
    Customer.objects.filter(pk=rain.pk).update(attributes={"hardness": 320})
    page = client.get(url("customers"), {"q": "硬度：320"}).content.decode()
    assert "王小雨" in page and "李四" not in page
    assert "王小雨" not in client.get(url("customers"), {"q": "hardness:many"}).content.decode()


def test_the_list_reports_how_many_profiles_are_fresh(client, rain, team):
    Tier.objects.update(fresh_days=30)
    CustomerFactory(team=team, since=timezone.localdate() - timedelta(days=400))
    assert "50.0 % of the profiles are fresh (1 of 2)" in client.get(url("customers")).content.decode()
