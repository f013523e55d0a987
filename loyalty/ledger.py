"""The points ledger 积分流水: append-only, so a balance is always the sum of its lines."""

from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events
from customers.models import Customer
from loyalty.models import PointsEntry


class LedgerRefused(Exception):
    """The points cannot be moved; the text says why."""


@transaction.atomic
def post(
    *, customer: Customer, points: int, reason: str, key: str, by=None, note: str = "", now: datetime | None = None
) -> PointsEntry:
    """Writes one line; a key that is known returns its line. Raises `LedgerRefused` where the balance would go
    below zero."""
    now = now or timezone.now()
    Customer.objects.select_for_update().only("pk").get(pk=customer.pk)  # one writer of a balance at a time
    if known := PointsEntry.objects.filter(key=key).first():
        return known
    if points < 0 and balance(customer) + points < 0:
        raise LedgerRefused(_("Only %(balance)s points are left.") % {"balance": balance(customer)})
    entry = PointsEntry.objects.create(
        customer=customer, points=points, reason=reason, key=key, note=note, at=now, by_id=by.pk if by else None
    )
    events.record(
        "points", entry, by=by, customer_id=customer.pk, team_id=customer.team_id, now=now, points=points,
        reason=reason,
    )
    return entry


def balance(customer: Customer) -> int:
    return PointsEntry.objects.balance(customer)


CREDIT = """
INSERT INTO loyalty_pointsentry (customer_id, points, reason, note, key, at, by_id)
SELECT customer.id, owed.points - credited.points, 'spend', '', 'spend:' || customer.id || ':' || owed.points,
       %(now)s, NULL
FROM customers_customer customer
JOIN (SELECT tier_id, MAX(points_per_unit) AS rate FROM loyalty_benefit GROUP BY tier_id) benefit
  ON benefit.tier_id = customer.tier_id AND benefit.rate > 0
LEFT JOIN (
  SELECT customer_id, SUM(points) AS points FROM loyalty_pointsentry WHERE reason = 'spend' GROUP BY customer_id
) entry ON entry.customer_id = customer.id
CROSS JOIN LATERAL (SELECT FLOOR(customer.spend * benefit.rate)::int AS points) owed
CROSS JOIN LATERAL (SELECT COALESCE(entry.points, 0)::int AS points) credited
WHERE customer.spend > 0 AND owed.points > credited.points
  AND customer.merged_into_id IS NULL AND customer.erased_at IS NULL
ON CONFLICT (key) DO NOTHING
"""


@transaction.atomic
def credit_due(*, now: datetime | None = None) -> int:
    """Credits what customers have spent and not yet been credited for, set-based; returns the lines written.

    Points are spend × the tier's rate, in whole points (I2). Running it again credits nothing twice.
    """
    with connection.cursor() as cursor:
        cursor.execute(CREDIT, {"now": now or timezone.now()})
        return cursor.rowcount
