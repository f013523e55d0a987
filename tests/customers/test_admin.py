"""Customers in the administration are masked, and found without showing them."""

import pytest
from django.urls import reverse

from tests.factories import CustomerFactory


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team, name="欧阳小雨", phone="13812341234", email="mei.ouyang@example.com")


def test_neither_list_nor_page_shows_personal_data(signed_in, admin, customer):
    client = signed_in(admin)
    for url in (
        reverse("admin:customers_customer_changelist"),
        reverse("admin:customers_customer_change", args=[customer.pk]),
    ):
        text = client.get(url).content.decode()
        assert "欧阳*" in text
        for secret in ("欧阳小雨", "13812341234", "mei.ouyang@example.com"):
            assert secret not in text


def test_the_page_shows_contacts_masked(signed_in, admin, customer):
    text = signed_in(admin).get(reverse("admin:customers_customer_change", args=[customer.pk])).content.decode()
    assert "138****1234" in text and "m***@example.com" in text


@pytest.mark.parametrize("typed", ["+86 138 1234 1234", "13812341234", "MEI.OUYANG@example.com", "number"])
def test_a_customer_is_found_by_number_or_whole_contact(signed_in, admin, customer, typed):
    CustomerFactory(team=customer.team, name="别人")
    typed = customer.number if typed == "number" else typed
    answer = signed_in(admin).get(reverse("admin:customers_customer_changelist"), {"q": typed})
    assert [row.pk for row in answer.context["cl"].result_list] == [customer.pk]


@pytest.mark.parametrize("typed", ["欧阳", "1381234", "x" * 30, "9" * 30])
def test_part_of_a_name_or_number_finds_nobody(signed_in, admin, customer, typed):
    answer = signed_in(admin).get(reverse("admin:customers_customer_changelist"), {"q": typed})
    assert list(answer.context["cl"].result_list) == []
