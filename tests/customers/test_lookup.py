from datetime import timedelta

import pytest
from django.utils import timezone

from customers import lookup
from customers.models import Customer
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
    with django_assert_max_num_queries(4):
        assert len(lookup.as_typed(agent, "王小雨")) == 8


def test_a_number_elsewhere_tells_the_team_and_nothing_else(outsider, agent, rain, team):
    assert lookup.elsewhere(outsider, "138 1234 1234") == team
    assert lookup.elsewhere(agent, "138 1234 1234") is None
    assert lookup.elsewhere(outsider, "1234") is None
    assert lookup.elsewhere(outsider, "13899999999") is None
