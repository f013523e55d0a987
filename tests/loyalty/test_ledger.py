from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from core.management.commands.defaults import fill_all
from customers.models import Tier
from loyalty import ledger
from loyalty.models import PointsEntry
from tests.factories import CustomerFactory


def test_a_balance_is_the_sum_of_its_lines(team):
    customer = CustomerFactory(team=team)
    ledger.post(customer=customer, points=100, reason="gift", key="a")
    ledger.post(customer=customer, points=-30, reason="redemption", key="b")
    assert ledger.balance(customer) == 70


def test_a_key_counts_once_however_often_it_is_posted(team):
    customer = CustomerFactory(team=team)
    for _again in range(3):
        ledger.post(customer=customer, points=100, reason="gift", key="a")
    assert ledger.balance(customer) == 100


def test_nobody_redeems_more_than_they_have(team):
    customer = CustomerFactory(team=team)
    with pytest.raises(ledger.LedgerRefused):
        ledger.post(customer=customer, points=-1, reason="redemption", key="a")
    assert PointsEntry.objects.count() == 0


def test_even_sql_by_hand_cannot_change_a_line(team):
    ledger.post(customer=CustomerFactory(team=team), points=5, reason="gift", key="a")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE loyalty_pointsentry SET points = 500")
    with pytest.raises(TypeError):
        PointsEntry.objects.update(points=500)


def test_spend_is_credited_once_and_by_the_tiers_rate(team):
    fill_all()
    vip = CustomerFactory(team=team, vip=True, spend=Decimal("100.40"))
    plain = CustomerFactory(team=team, tier=Tier.objects.get(code="ordinary"), spend=Decimal("10"))
    assert ledger.credit_due() == 2
    assert ledger.credit_due() == 0
    assert (ledger.balance(vip), ledger.balance(plain)) == (200, 10)
    vip.spend = Decimal("150")
    vip.save()
    ledger.credit_due()
    assert ledger.balance(vip) == 300
