from datetime import timedelta

import pytest
from django.utils import timezone

from customers import lookup
from customers.models import Customer, CustomField, Order, OrderLine
from tests.factories import CustomerFactory


@pytest.fixture
def rain(team):
    return CustomerFactory(
        team=team, name="王小雨", company="华东机械", phone="13812341234", email="rain@example.com"
    )


def names(user, text):
    return [match.customer.name for match in lookup.as_typed(user, text)]


@pytest.mark.parametrize(
    "typed",
    ["13812341234", "138 1234 1234", "+86 138-1234-1234", "0086 13812341234", "１３８１２３４１２３４", "1234",
     "rain@example.com", "RAIN@Example.com ", "王", "王小", "wx", "WXY", "华东"],
)
def test_a_customer_is_found_as_one_types(agent, rain, typed):
    assert names(agent, typed) == ["王小雨"]


def test_a_customer_is_found_by_their_number(agent, rain):
    assert names(agent, rain.number) == names(agent, f"k{rain.pk}") == ["王小雨"]


@pytest.mark.parametrize(
    "typed", ["", "  ", "138", "138123412", "12345", "rain@", "小雨", "%", "_", "\0", "K-", "999999999999999"]
)
def test_what_means_nobody_finds_nobody(agent, rain, typed):
    assert names(agent, typed) == []


@pytest.mark.parametrize("typed", ["13812341234", "1234", "rain@example.com", "王小雨", "wxy", "华东"])
def test_nobody_finds_customers_of_another_team(outsider, rain, typed):
    assert names(outsider, typed) == []
    assert names(outsider, rain.number) == []


def test_supervisors_find_their_departments_and_admins_all(supervisor, admin, rain, outsider):
    there = CustomerFactory(team=outsider.team, name="王小雪", phone="13812345555")
    assert names(supervisor, "王小") == ["王小雨"]
    assert sorted(names(admin, "王小")) == ["王小雨", "王小雪"]
    assert names(admin, "5555") == [there.name]


def test_latin_names_are_found_however_they_are_capitalised(agent, team):
    CustomerFactory(team=team, name="Emma Clarke")
    for typed in ("emma", "Emma C", "emma c", "ec"):
        assert names(agent, typed) == ["Emma Clarke"]


def test_the_number_is_shown_masked_and_the_latest_contact_comes_first(agent, rain, team):
    recent = CustomerFactory(team=team, name="王小风", phone="13900001234")
    Customer.objects.filter(pk=recent.pk).update(last_contact_at=timezone.now())
    Customer.objects.filter(pk=rain.pk).update(last_contact_at=timezone.now() - timedelta(days=3))
    found = lookup.as_typed(agent, "1234")
    assert [(m.customer.name, m.shown, m.how) for m in found] == [
        ("王小风", "139****1234", "last4"),
        ("王小雨", "138****1234", "last4"),
    ]


def test_a_flood_of_matches_is_capped(agent, team):
    for _ in range(12):
        CustomerFactory(team=team)
    assert len(lookup.as_typed(agent, "王小雨")) == lookup.LIMIT


def test_looking_up_takes_few_queries_however_many_match(agent, team, django_assert_max_num_queries):
    for n in range(8):
        CustomerFactory(team=team, phone=f"1380000{n:04d}")
    with django_assert_max_num_queries(5):
        assert len(lookup.as_typed(agent, "王小雨")) == 8


def test_a_number_elsewhere_tells_the_team_and_nothing_else(outsider, agent, rain, team):
    assert lookup.elsewhere(outsider, "138 1234 1234") == team
    assert lookup.elsewhere(agent, "138 1234 1234") is None
    assert lookup.elsewhere(outsider, "1234") is None
    assert lookup.elsewhere(outsider, "13899999999") is None


@pytest.fixture
def order(rain):
    order = Order.objects.create(customer=rain, code="SO-250301-77", source="form")
    OrderLine.objects.create(order=order, product="净水机", serial="JS20250301X")
    return order


@pytest.mark.parametrize(
    ("typed", "how"),
    [("SO-250301-77", "order"), ("so-2503", "order"), ("JS20250301X", "serial"), ("js2025", "serial"),
     ("13812341234", "phone"), ("1234", "last4"), ("rain@example.com", "email"), ("王", "name"), ("华东", "company")],
)  # fmt: skip
def test_a_match_tells_by_what_it_was_found(agent, order, typed, how):
    assert [(match.customer.name, match.how) for match in lookup.as_typed(agent, typed)] == [("王小雨", how)]


@pytest.mark.parametrize("typed", ["250301", "SO-", "2025", "X", "JS2024"])
def test_parts_of_order_and_serial_numbers_find_nobody(agent, order, typed):
    assert names(agent, typed) == []


@pytest.mark.parametrize("typed", ["SO-250301-77", "JS20250301X"])
def test_orders_of_another_team_find_nobody(outsider, order, typed):
    assert names(outsider, typed) == []


def test_the_admins_own_fields_are_searched_when_complete(agent, rain):
    CustomField.objects.create(code="contract", name_zh="合同号", name_en="Contract")
    CustomField.objects.create(code="seats", name_zh="席位", name_en="Seats", kind="number")
    Customer.objects.filter(pk=rain.pk).update(attributes={"contract": "HT-9 号", "seats": 250})
    assert names(agent, "HT-9 号") == names(agent, "250") == ["王小雨"]
    assert names(agent, "HT-9") == names(agent, "25") == []


@pytest.mark.parametrize("typed", ["13812341234", "1234", "rain@example.com", "王小雨", "wxy", "华东", "SO-250301-77"])
@pytest.mark.parametrize("gone", ["merged", "erased"])
def test_who_was_merged_or_erased_is_not_found(agent, order, rain, team, typed, gone):
    into = CustomerFactory(team=team, name="另一个")
    change = {"merged_into": into} if gone == "merged" else {"erased_at": timezone.now()}
    Customer.objects.filter(pk=rain.pk).update(**change)
    assert names(agent, typed) == []


@pytest.mark.parametrize("typed", ["13812341234", "1234", "rain@example.com", "王小雨", "wxy", "华东", "SO-250301-77"])
def test_account_managers_find_their_customers_in_other_teams(outsider, order, rain, typed):
    Customer.objects.filter(pk=rain.pk).update(account_manager=outsider)
    assert names(outsider, typed) == ["王小雨"]
    assert lookup.elsewhere(outsider, "13812341234") is None


def test_a_customer_who_was_erased_is_not_told_to_other_teams(outsider, rain):
    Customer.objects.filter(pk=rain.pk).update(erased_at=timezone.now())
    assert lookup.elsewhere(outsider, "13812341234") is None
