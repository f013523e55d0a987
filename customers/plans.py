"""The communication plan at work (A3; P1): planned contacts 计划沟通, made at night as tasks about customers.

Each active row of the plan makes one task a customer and period. Its day follows from the customer's id, so that a
group is spread evenly over the working days of the period; the task appears up to `AHEAD` days before. Days that were
missed (a night without a run, a customer who has just come into the group) are made up for a week later.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from psycopg2 import sql

from core.models import WorkCalendar
from customers.consent import MAY_PLAN
from customers.models import CommunicationPlan, Customer, Task

AHEAD = 7  # days before it is due that a task is made
BATCH = 20_000
MONTHS = {"monthly": 1, "quarterly": 3, "half_yearly": 6, "yearly": 12}
Method = CommunicationPlan.Method
OF_CONTACT = {"phone": "phone", "sms": "phone", "email": "email", "wechat": "wechat"}  # method: kind of contact

# The valid contact that was preferred, the one verified last where there are several; phone before mail and WeChat.
PREFERRED = """coalesce((
    SELECT k.kind FROM customers_contact k
    WHERE k.customer_id = c.id AND k.valid AND k.kind IN ('phone', 'email', 'wechat')
    ORDER BY k.preferred DESC, k.verified_on DESC NULLS LAST,
             array_position(ARRAY['phone', 'email', 'wechat'], k.kind::text), k.id
    LIMIT 1), 'preferred')"""
UNDER_WAY = """EXISTS (SELECT 1 FROM customers_order o WHERE o.customer_id = c.id
    AND o.state IN ('confirmed', 'planned', 'reconfirmed', 'shipped'))"""
# What was delivered counts as spent; spend without orders came from another system.
DELIVERED = """(c.spend > 0 OR EXISTS (SELECT 1 FROM customers_order o WHERE o.customer_id = c.id
    AND o.state IN ('delivered', 'installed', 'after_sale')))"""
STANDING = {
    "": "true", "delivery": UNDER_WAY, "after_sale": DELIVERED, "pre_sale": f"NOT {UNDER_WAY} AND NOT {DELIVERED}",
}
COLUMNS = "id, customer_id, kind, key, reason, plan_id, assignee_id, created_at, due_on, done_at, done_by_id, note"
HISTORY = f"""
INSERT INTO customers_historicaltask ({COLUMNS}, history_date, history_type, history_change_reason)
SELECT {COLUMNS}, %(now)s, {{type}}, {{why}} FROM written ORDER BY id
"""  # noqa: S608  constants
MAKE = """
WITH due AS (
    SELECT c.id, c.account_manager_id, m.channel, (%(days)s::date[])[1 + (c.id + %(plan)s) %% %(n)s] AS day
    FROM customers_customer c CROSS JOIN LATERAL (SELECT {method} AS channel) m
    WHERE c.id BETWEEN %(low)s AND %(high)s AND c.merged_into_id IS NULL AND c.erased_at IS NULL
      AND (c.id + %(plan)s) %% %(n)s BETWEEN %(first)s AND %(last)s AND (%(tier)s IS NULL OR c.tier_id = %(tier)s)
      AND {standing} AND {may_plan}
      AND NOT EXISTS (SELECT 1 FROM customers_task t
                      WHERE t.customer_id = c.id AND t.plan_id = %(plan)s AND t.done_at IS NULL)
), written AS (
    INSERT INTO customers_task (customer_id, kind, key, reason, plan_id, assignee_id, created_at, due_on, note)
    SELECT id, 'contact', 'plan:' || %(plan)s || ':' || id || ':' || %(period)s::text,
           jsonb_build_object('period', %(period)s::text, 'method', channel), %(plan)s, account_manager_id, %(now)s,
           CASE WHEN day < %(today)s THEN day + %(ahead)s ELSE day END, ''
    FROM due ORDER BY id
    ON CONFLICT (key) DO NOTHING
    RETURNING *
) {history}
"""
# Nobody is to make a contact that is not wanted any more; `settled` keeps it out of the figures.
SETTLE = """
WITH idle AS (
    SELECT t.id FROM customers_task t
    JOIN customers_customer c ON c.id = t.customer_id JOIN customers_communicationplan p ON p.id = t.plan_id
    CROSS JOIN LATERAL (SELECT t.reason ->> 'method' AS channel) m
    WHERE t.customer_id BETWEEN %(low)s AND %(high)s AND t.done_at IS NULL AND t.kind = 'contact'
      AND (NOT p.is_active OR c.merged_into_id IS NOT NULL OR c.erased_at IS NOT NULL OR NOT ({may_plan})
           OR EXISTS (SELECT 1 FROM customers_task e WHERE e.customer_id = t.customer_id AND e.plan_id = t.plan_id
                      AND e.done_at IS NULL AND e.id < t.id))
    ORDER BY t.id FOR UPDATE OF t SKIP LOCKED
), written AS (
    UPDATE customers_task t SET done_at = %(now)s, reason = t.reason || '{{"settled": true}}'
    FROM idle WHERE t.id = idle.id RETURNING t.*
) {history}
"""


@dataclass(frozen=True)
class Period:
    """A month, a quarter, half a year or a year, with the days on which contacts may fall."""

    name: str
    days: tuple[date, ...]


@dataclass(frozen=True)
class Coverage:
    """Of the planned contacts due in a month: all, and carried out; and those that are late, whatever their month."""

    due: int
    done: int
    late: int


def make_tasks(*, now: datetime | None = None, batch: int = BATCH) -> int:
    """Makes the contacts that fall due within a week and returns how many; a second run makes none.

    Goes through the customers by ranges of ids, a transaction each. Contacts that are not wanted any more (consent
    withdrawn, plan switched off, customer merged or erased) are settled on the way.
    """
    now = now or timezone.now()
    rows = _rows(timezone.localdate(now))
    made = 0
    for low, high in _ranges(batch):
        made += _batch(rows, {"low": low, "high": high, "now": now, "today": timezone.localdate(now), "ahead": AHEAD})
    return made


@transaction.atomic
def _batch(rows: list[dict], values: dict) -> int:
    may_plan, made = sql.SQL(MAY_PLAN), 0
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(SETTLE).format(may_plan=may_plan, history=_history("~", "not wanted any more")), values
        )
        for row in rows:
            method = sql.Literal(row["method"]) if row["method"] != Method.PREFERRED else sql.SQL(PREFERRED)
            make = sql.SQL(MAKE).format(
                method=method, standing=sql.SQL(STANDING[row["service"]]), may_plan=may_plan,
                history=_history("+", "communication plan"),
            )
            cursor.execute(make, values | row)
            made += cursor.rowcount
    return made


def _history(type_: str, why: str) -> sql.Composable:
    return sql.SQL(HISTORY).format(type=sql.Literal(type_), why=sql.Literal(why))


def _ranges(batch: int) -> Iterator[tuple[int, int]]:
    done = 0
    while True:
        ids = Customer.objects.filter(pk__gt=done).order_by("pk").values_list("pk", flat=True)
        last = ids[batch - 1 : batch].first() or ids.reverse().first()
        if last is None:
            return
        yield done + 1, last
        done = last


def _rows(today: date) -> list[dict]:
    """What to look for: each active plan with each period of which days lie around today."""
    rows = []
    for plan in CommunicationPlan.objects.filter(is_active=True).order_by("pk"):
        shifts = (-AHEAD, 0, AHEAD)
        for period in {p.name: p for n in shifts if (p := period_of(plan.frequency, today + timedelta(n)))}.values():
            first = bisect_left(period.days, today - timedelta(AHEAD))
            last = bisect_right(period.days, today + timedelta(AHEAD)) - 1
            if first <= last:
                rows.append({
                    "plan": plan.pk, "tier": plan.tier_id, "service": plan.service, "method": plan.method,
                    "period": period.name, "days": list(period.days), "n": len(period.days),
                    "first": first, "last": last,
                })  # fmt: skip
    return rows


def period_of(frequency: str, day: date) -> Period:
    """The period that the day belongs to: 2026-10, 2026-Q4, 2026-H2 or 2026, with its working days."""
    months = MONTHS[frequency]
    place = (day.month - 1) // months
    begin = date(day.year, place * months + 1, 1)
    end = date(day.year + (begin.month + months > 12), (begin.month + months - 1) % 12 + 1, 1)
    name = {1: f"{day:%Y-%m}", 3: f"{day.year}-Q{place + 1}", 6: f"{day.year}-H{place + 1}"}.get(months, f"{day.year}")
    return Period(name, _working_days(begin, end))


def _working_days(begin: date, end: date) -> tuple[date, ...]:
    """The days of [begin, end) on which the standard calendar is open; all of them where it never is."""
    days = [begin + timedelta(n) for n in range((end - begin).days)]
    calendar = WorkCalendar.objects.standard()
    if calendar is None:
        return tuple(days)
    at = [timezone.make_aware(datetime.combine(day, time())) for day in (begin, end)]
    opened = {timezone.localdate(opening) for opening, _closing in calendar.hours().intervals(*at)}
    return tuple(day for day in days if day in opened) or tuple(days)


def coverage(tasks: QuerySet[Task], today: date) -> Coverage:
    """How far the planned contacts among these tasks have come; the one definition of it. What was settled because
    it was not wanted any more counts as neither.
    """
    begin = today.replace(day=1)
    end = (begin + timedelta(32)).replace(day=1)
    of_month = Q(due_on__gte=begin, due_on__lt=end)
    contacts = tasks.filter(kind=Task.Kind.CONTACT).exclude(reason__has_key="settled")
    found = contacts.filter(of_month | Q(done_at=None)).order_by().aggregate(
        due=Count("pk", filter=of_month), done=Count("pk", filter=of_month & Q(done_at__isnull=False)),
        late=Count("pk", filter=Q(done_at=None, due_on__lt=today)),
    )
    return Coverage(**found)
