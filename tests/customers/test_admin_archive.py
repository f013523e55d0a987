"""The administration of the archive: fields of the admin's own, and a masked look at orders."""

import pytest
from django.urls import reverse

from customers import ordering
from customers.models import Customer, CustomField
from customers.ordering import Line
from tests.factories import CustomerFactory

ADD = "admin:customers_customfield_add"


def given(**more):
    return {
        "code": "home", "name_zh": "住房", "name_en": "Home", "kind": "choice", "choices": "自有\n租房\n\n自有",
        "position": "10", "is_active": "on",
    } | more  # fmt: skip


@pytest.fixture
def client(signed_in, admin):
    return signed_in(admin)


def test_a_field_with_choices_is_written_one_a_line(client):
    client.post(reverse(ADD), given())
    assert CustomField.objects.get().choices == ["自有", "租房"]


@pytest.mark.parametrize(
    "bad", [{"choices": ""}, {"code": "a b"}, {"name_zh": "住：房"}, {"kind": "colour"}, {"choices": "长" * 201}]
)
def test_a_field_that_makes_no_sense_is_refused(client, bad):
    assert client.post(reverse(ADD), given(**bad)).status_code == 200
    assert not CustomField.objects.exists()


def test_the_kind_of_a_field_that_is_filled_in_stands(client, team):
    client.post(reverse(ADD), given())
    field = CustomField.objects.get()
    CustomerFactory(team=team, attributes={"home": "自有"})
    change = reverse("admin:customers_customfield_change", args=[field.pk])
    assert client.post(change, given(kind="text")).status_code == 200
    field.refresh_from_db()
    assert field.kind == "choice"
    assert client.post(change, given(is_active="")).status_code == 302
    assert Customer.objects.get().attributes == {"home": "自有"}


def test_orders_are_looked_at_masked(client, team, agent):
    customer = CustomerFactory(team=team, name="王小雨", phone="13812341234")
    order = ordering.open_order(
        customer=customer, lines=[Line("净水机", 1)], address="上海市浦东新区张江路 88 号", need="打 13812341234",
        by=agent,
    )
    pages = [reverse("admin:customers_order_changelist"), reverse("admin:customers_order_change", args=[order.pk])]
    for page in pages:
        text = client.get(page).content.decode()
        assert order.code in text and "张江路" not in text and "13812341234" not in text and "王小雨" not in text
    assert order.code in client.get(pages[0], {"q": order.code[:6]}).content.decode()
