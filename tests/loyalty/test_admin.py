"""The ledger by hand: lines are added through the ledger's own rules, and only added."""

from uuid import uuid4

import pytest
from django.urls import reverse

from loyalty import ledger
from loyalty.models import PointsEntry
from tests.factories import CustomerFactory

ADD = "/admin/loyalty/pointsentry/add/"


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team)


def line(customer, **data) -> dict:
    return {"number": customer.number, "points": "50", "reason": "gift", "note": "补偿", "once": str(uuid4())} | data


def test_a_line_by_hand_goes_through_the_ledger_once(signed_in, admin, customer):
    client, data = signed_in(admin), line(customer)
    assert client.post(ADD, data).status_code == 302
    client.post(ADD, data)
    entry = PointsEntry.objects.get()
    assert (entry.points, entry.reason, entry.note, entry.by_id) == (50, "gift", "补偿", admin.pk)
    assert ledger.balance(customer) == 50


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"points": "-1", "reason": "redemption"}, "points"),
        ({"number": "K-999999"}, "number"),
        ({"number": "欧阳"}, "number"),
        ({"note": ""}, "note"),
        ({"reason": "spend"}, "reason"),
    ],
)
def test_a_line_that_breaks_a_rule_is_refused_beside_its_field(signed_in, admin, customer, data, field):
    answer = signed_in(admin).post(ADD, line(customer, **data))
    assert field in answer.context["adminform"].form.errors
    assert not PointsEntry.objects.exists()


def test_no_points_is_no_line(signed_in, admin, customer):
    signed_in(admin).post(ADD, line(customer, points="0"))
    assert not PointsEntry.objects.exists()


def test_a_line_is_neither_changed_nor_deleted(signed_in, admin, customer):
    entry = ledger.post(customer=customer, points=5, reason="gift", key="k")
    client = signed_in(admin)
    change = reverse("admin:loyalty_pointsentry_change", args=[entry.pk])
    assert client.post(change, line(customer, points="9")).status_code == 403
    assert client.post(reverse("admin:loyalty_pointsentry_delete", args=[entry.pk]), {"post": "yes"}).status_code == 403
    assert ledger.balance(customer) == 5
