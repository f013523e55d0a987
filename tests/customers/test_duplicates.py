"""Suspected duplicates: while typing, every night, and what people decide."""

from datetime import date

import pytest

from customers import duplicates, registry
from customers.models import Customer, DuplicatePair
from tests.factories import CustomerFactory


@pytest.fixture
def rain(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234", email="rain@example.com", company="北方")


def found(**typed):
    return [(one.customer, one.grounds) for one in duplicates.suspects(**typed)]


def test_a_number_in_any_written_form_is_suspected(team, rain):
    assert found(team=team, phone="+86 138-1234-1234") == [(rain, ("phone",))]
    assert found(team=team, phone="138") == []


def test_mail_name_with_company_and_initials_with_four_digits_are_grounds(team, rain):
    assert found(team=team, email="Rain@Example.com") == [(rain, ("email",))]
    assert found(team=team, name="王小雨", company="北方") == [(rain, ("name_company",))]
    assert found(team=team, name="王晓宇", phone="13900001234") == [(rain, ("initials_last4",))]
    assert found(team=team, name="王小雨") == []  # names alone are shared by many


def test_more_grounds_score_higher_and_never_above_a_hundred(team, rain):
    all_of_them = duplicates.suspects(
        team=team, name="王小雨", phone="13812341234", email="rain@example.com", company="北方"
    )
    one = duplicates.suspects(team=team, email="rain@example.com")
    assert 100 >= all_of_them[0].score > one[0].score
    assert duplicates.score(duplicates.SCORES) == 100 and duplicates.score([]) == 0


def test_neither_oneself_nor_another_team_nor_the_merged_are_suspected(team, other_team, rain):
    assert found(team=other_team, phone="13812341234") == []
    assert found(team=team, phone="13812341234", but=rain) == []
    Customer.objects.filter(pk=rain.pk).update(merged_into=CustomerFactory(team=team))
    assert found(team=team, phone="13812341234") == []


def test_the_night_finds_pairs_of_each_team_once(team, other_team, rain):
    twin = CustomerFactory(team=team, name="王晓雨", phone="13812341234", email="rain@example.com")
    namesake = CustomerFactory(team=team, name="王小雨", company="北方")
    CustomerFactory(team=other_team, name="王小雨", phone="13812341234", company="北方")
    assert duplicates.search_all() == 2 and duplicates.search_all() == 0
    pairs = {(pair.first, pair.second): (pair.score, pair.grounds) for pair in DuplicatePair.objects.all()}
    assert pairs == {
        (rain, twin): (100, ["phone", "email", "initials_last4"]), (rain, namesake): (60, ["name_company"]),
    }


def test_equal_names_and_birthdays_are_found(team):
    for _ in range(2):
        CustomerFactory(team=team, name="李四", birthday=date(1980, 2, 29))
    duplicates.search(team=team)
    assert DuplicatePair.objects.get().grounds == ["name_birthday"]


def test_a_number_that_a_crowd_shares_makes_no_pairs(team):
    for _ in range(duplicates.CROWD + 1):
        CustomerFactory(team=team, name="总机", company="", phone="01088886666")
    duplicates.search(team=team)
    assert not DuplicatePair.objects.exists()


def test_what_was_called_two_customers_is_never_suspected_again(team, rain, specialist):
    CustomerFactory(team=team, name="王晓雨", phone="13812341234")
    duplicates.search(team=team)
    pair = duplicates.waiting(specialist).get()
    duplicates.dismiss(pair=pair, by=specialist)
    assert duplicates.dismiss(pair=pair, by=specialist).decided_by == specialist
    duplicates.search(team=team)
    assert not duplicates.waiting(specialist).exists()


def test_a_pair_out_of_sight_is_not_waiting(team, rain, outsider):
    CustomerFactory(team=team, name="王晓雨", phone="13812341234")
    duplicates.search(team=team)
    assert not duplicates.waiting(outsider).exists()


def test_managers_see_their_customers_in_any_team(rain, outsider):
    assert not Customer.objects.visible_to(outsider).exists()
    Customer.objects.filter(pk=rain.pk).update(account_manager=outsider)
    fresh = type(outsider).objects.get(pk=outsider.pk)
    assert list(Customer.objects.visible_to(fresh)) == [rain]


def test_standing_follows_merges_to_their_end(team, rain):
    middle, last = CustomerFactory(team=team), CustomerFactory(team=team)
    Customer.objects.filter(pk=rain.pk).update(merged_into=middle)
    Customer.objects.filter(pk=middle.pk).update(merged_into=last)
    assert registry.standing(rain) == last
