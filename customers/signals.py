"""What customers do, counted for all at once, so that scoring and life cycle read one row each (B1, B4).

Orders and contacts are counted here, a range of customers at a time. What the apps above know, complaints and
satisfaction, they push down by `take`. Nothing is written that has not changed.
"""

from datetime import datetime, timedelta

from django.db import connection, transaction
from psycopg2 import sql

from customers import points

YEAR, QUARTER = timedelta(days=365), timedelta(days=90)
PUSHED = ("complaints_year", "satisfaction")
CONTACTS = ("opened", "customer_wrote", "call_ended")

REFRESH = """
WITH refunded AS (
    SELECT r.order_id, sum(r.amount) AS amount FROM customers_orderreturn r JOIN customers_order o ON o.id = r.order_id
    WHERE o.customer_id BETWEEN %(low)s AND %(high)s GROUP BY r.order_id
), bought AS (
    SELECT customer_id, count(*) AS orders_all, max(placed_at) AS last_order_at,
           count(*) FILTER (WHERE placed_at >= %(year)s) AS orders_year,
           coalesce(sum(o.amount - coalesce(r.amount, 0)) FILTER (WHERE placed_at >= %(year)s), 0) AS spent_year,
           round(100.0 * count(*) FILTER (WHERE paid_on <= pay_by)
                 / nullif(count(*) FILTER (WHERE paid_on IS NOT NULL AND pay_by IS NOT NULL OR pay_by < %(today)s), 0),
                 2) AS paid_in_time
    FROM customers_order o LEFT JOIN refunded r ON r.order_id = o.id
    WHERE customer_id BETWEEN %(low)s AND %(high)s AND confirmed_at IS NOT NULL AND state <> 'cancelled'
    GROUP BY customer_id
), spoken AS (
    SELECT customer_id, count(*) AS contacts_90 FROM core_event
    WHERE customer_id BETWEEN %(low)s AND %(high)s AND at >= %(quarter)s AND kind = ANY(%(contacts)s)
    GROUP BY customer_id
), counted AS (
    SELECT c.id AS customer_id, coalesce(b.orders_all, 0) AS orders_all, coalesce(b.orders_year, 0) AS orders_year,
           coalesce(b.spent_year, 0) AS spent_year, b.last_order_at, b.paid_in_time,
           coalesce(t.contacts_90, 0) AS contacts_90
    FROM customers_customer c
    LEFT JOIN bought b ON b.customer_id = c.id LEFT JOIN spoken t ON t.customer_id = c.id
    WHERE c.id BETWEEN %(low)s AND %(high)s AND c.merged_into_id IS NULL AND c.erased_at IS NULL
)
INSERT INTO customers_signals AS s (customer_id, orders_all, orders_year, spent_year, last_order_at, paid_in_time,
                                    contacts_90, complaints_year, satisfaction, refreshed_at)
SELECT customer_id, orders_all, orders_year, spent_year, last_order_at, paid_in_time, contacts_90, 0, NULL, %(now)s
FROM counted ORDER BY customer_id
ON CONFLICT (customer_id) DO UPDATE
SET orders_all = excluded.orders_all, orders_year = excluded.orders_year, spent_year = excluded.spent_year,
    last_order_at = excluded.last_order_at, paid_in_time = excluded.paid_in_time,
    contacts_90 = excluded.contacts_90, refreshed_at = excluded.refreshed_at
WHERE (s.orders_all, s.orders_year, s.spent_year, s.last_order_at, s.paid_in_time, s.contacts_90)
      IS DISTINCT FROM (excluded.orders_all, excluded.orders_year, excluded.spent_year, excluded.last_order_at,
                        excluded.paid_in_time, excluded.contacts_90)
"""
TAKE = """
WITH told AS ({select})
INSERT INTO customers_signals AS s (customer_id, orders_all, orders_year, spent_year, contacts_90,
                                    complaints_year, satisfaction, refreshed_at)
SELECT customer_id, 0, 0, 0, 0, {inserted}, %(now)s FROM told ORDER BY customer_id
ON CONFLICT (customer_id) DO UPDATE SET {column} = excluded.{column}, refreshed_at = excluded.refreshed_at
WHERE s.{column} IS DISTINCT FROM excluded.{column}
"""
FORGET = """
WITH told AS ({select})
UPDATE customers_signals s SET {column} = {nothing}, refreshed_at = %(now)s
WHERE s.{column} IS DISTINCT FROM {nothing} AND NOT EXISTS (SELECT 1 FROM told WHERE told.customer_id = s.customer_id)
"""


def refresh(*, now: datetime, low: int = points.EVERYBODY["low"], high: int = points.EVERYBODY["high"]) -> int:
    """Counts orders and contacts of the customers of a range of ids; returns how many rows have changed.

    Orders count once confirmed, unless cancelled. Paid in time is a share of those with a day to be paid by.
    """
    values = points.values(now, low, high)
    values |= {"year": now - YEAR, "quarter": now - QUARTER, "contacts": list(CONTACTS)}
    with connection.cursor() as cursor:
        cursor.execute(REFRESH, values)
        return cursor.rowcount


@transaction.atomic
def take(column: str, select: str, values: dict, *, now: datetime) -> int:
    """Takes a signal from an app above: `select` gives (customer_id, value), once for each who has any.

    Those it does not name lose the signal. Returns how many rows have changed. Raises ValueError for a column that
    is counted here.
    """
    if column not in PUSHED:
        raise ValueError(column)
    names = {
        "select": sql.SQL(select), "column": sql.Identifier(column),
        "inserted": sql.SQL("value, NULL" if column == "complaints_year" else "0, value"),
        "nothing": sql.SQL("0" if column == "complaints_year" else "NULL"),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(TAKE).format(**names), values | {"now": now})
        changed = cursor.rowcount
        cursor.execute(sql.SQL(FORGET).format(**names), values | {"now": now})
        return changed + cursor.rowcount
