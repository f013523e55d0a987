"""Fresh profiles (A2): how old what we know may be is the tier's; what is older makes a task to update it.

A profile is as old as its last verification, or as the archive itself where it was never verified.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Count, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from core import events, live
from customers.models import Customer, Task, Tier
from staff.models import Role, User

DUE_IN = 14  # days that a task to update a profile may take
KEPT = 900  # seconds for which a rate is kept

# The key counts the periods that have gone by, so that a profile left stale asks again after a further one.
MAKE = """
WITH stale AS (
    SELECT c.id, c.account_manager_id, t.fresh_days, coalesce(c.verified_on, c.since) AS known_on
    FROM customers_customer c JOIN customers_tier t ON t.id = c.tier_id
    WHERE c.merged_into_id IS NULL AND c.erased_at IS NULL AND t.fresh_days > 0
      AND coalesce(c.verified_on, c.since) < %(today)s::date - t.fresh_days
      AND NOT EXISTS (SELECT 1 FROM customers_task k
                      WHERE k.customer_id = c.id AND k.kind = 'update' AND k.done_at IS NULL)
), made AS (
    INSERT INTO customers_task (customer_id, kind, key, reason, assignee_id, created_at, due_on, note)
    SELECT id, 'update',
           'update:' || id || ':' || known_on || ':' || (%(today)s::date - known_on) / fresh_days,
           jsonb_build_object('known_on', known_on, 'fresh_days', fresh_days),
           account_manager_id, %(now)s, %(due)s, ''
    FROM stale ORDER BY id
    ON CONFLICT (key) DO NOTHING
    RETURNING *
)
INSERT INTO customers_historicaltask
    (id, customer_id, kind, key, reason, assignee_id, created_at, due_on, done_at, done_by_id, note, history_date,
     history_type, history_change_reason)
SELECT id, customer_id, kind, key, reason, assignee_id, created_at, due_on, done_at, done_by_id, note, %(now)s,
       '+', 'stale profile'
FROM made
"""
# A profile that was verified on another way (a file, the interface) needs no task any more.
SETTLE = """
WITH settled AS (
    UPDATE customers_task k SET done_at = %(now)s
    FROM customers_customer c JOIN customers_tier t ON t.id = c.tier_id
    WHERE k.customer_id = c.id AND k.kind = 'update' AND k.done_at IS NULL
      AND (coalesce(c.verified_on, c.since) >= %(today)s::date - t.fresh_days
           OR c.merged_into_id IS NOT NULL OR c.erased_at IS NOT NULL)
    RETURNING k.*
)
INSERT INTO customers_historicaltask
    (id, customer_id, kind, key, reason, assignee_id, created_at, due_on, done_at, done_by_id, note, history_date,
     history_type, history_change_reason)
SELECT id, customer_id, kind, key, reason, assignee_id, created_at, due_on, done_at, done_by_id, note, %(now)s,
       '~', 'profile fresh again'
FROM settled
"""


@dataclass(frozen=True)
class Rate:
    """How many profiles there are and how many of them are fresh."""

    fresh: int
    total: int

    @property
    def percent(self) -> float | None:
        return round(100 * self.fresh / self.total, 1) if self.total else None


def is_stale(customer: Customer, today: date | None = None) -> bool:
    """Whether the profile is older than its tier allows."""
    return is_old(customer.verified_on or customer.since, customer.tier, today)


def is_old(known_on: date | None, tier: Tier, today: date | None = None) -> bool:
    """Whether something known on that day, or never verified, is older than the tier allows."""
    today = today or timezone.localdate()
    return bool(tier.fresh_days) and (known_on is None or known_on < today - timedelta(days=tier.fresh_days))


@transaction.atomic
def make_tasks(*, now: datetime | None = None) -> tuple[int, int]:
    """Makes a task for each stale profile and settles those that are fresh again; returns (made, settled).

    Set-based, for all customers at once; a second run on the same day changes nothing.
    """
    now = now or timezone.now()
    today = timezone.localdate(now)
    values = {"now": now, "today": today, "due": today + timedelta(days=DUE_IN)}
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, values)
        settled = cursor.rowcount
        cursor.execute(MAKE, values)
        return cursor.rowcount, settled


@transaction.atomic
def close(task: Task, *, by: User | None, note: str = "", now: datetime | None = None) -> Task:
    """A task about a customer is done; closing it again changes nothing."""
    now = now or timezone.now()
    found = Task.objects.select_for_update(of=("self",)).select_related("customer").get(pk=task.pk)
    if found.done_at:
        return found
    found.done_at, found.done_by, found.note = now, by, note.replace("\0", "").strip()[:400]
    found._history_user = by  # type: ignore[attr-defined]
    found.save(update_fields=["done_at", "done_by", "note"])
    customer = found.customer
    events.record(
        "task_done", found, by=by, customer_id=customer.pk, team_id=customer.team_id, now=now, task=found.kind,
        note=found.note,
    )
    live.publish("customer", team_id=customer.team_id, customer=customer.pk)
    return found


def rate(customers, today: date | None = None) -> Rate:
    """How many of these customers have a fresh profile, in one query."""
    today = today or timezone.localdate()
    fresh = Q(pk__in=[])
    for tier in Tier.objects.all():
        since = Q(known_on__gte=today - timedelta(days=tier.fresh_days)) if tier.fresh_days else Q()
        fresh |= Q(tier=tier) & since
    counted = customers.order_by().annotate(known_on=Coalesce("verified_on", "since"))
    found = counted.aggregate(total=Count("pk"), fresh=Count("pk", filter=fresh))
    return Rate(found["fresh"], found["total"])


def rate_for(user: User) -> Rate:
    """The rate of the customers in a user's sight, counted at most every quarter of an hour."""
    scope = "all" if user.is_admin else f"{'d' if user.role == Role.SUPERVISOR else 't'}{user.team_id}"
    key = f"freshness:{scope}:{timezone.localdate()}"
    found = cache.get(key)
    if found is None:
        counted = rate(Customer.objects.visible_to(user))
        found = (counted.fresh, counted.total)
        cache.set(key, found, KEPT)
    return Rate(*found)
