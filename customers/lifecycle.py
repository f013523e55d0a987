"""The life cycle 生命周期 and the lifetime value of customers (B4, B5), as SQL over the same rows as the scoring.

exploring → forming → stable → declining, by what is known: confirmed orders, days as a customer, complaints, and the
silence since the last order or contact. Whose orders are not known, though they have spent, stays where an import or
a colleague put them, and only moves into decline. Who never bought explores.

Lifetime value = margin rate × what they spend in a year × the years they are expected to stay, by stage. What they
spend in a year are the orders of the last year; where no orders are known, all they spent by whole years as a customer.
"""

from decimal import Decimal

from django.db import connection
from psycopg2 import sql

from customers.models import Customer, LifecycleRule, ScoringVersion

Stage = Customer.Stage
YEARLY = """(CASE WHEN coalesce(s.orders_all, 0) > 0 THEN s.spent_year
             ELSE round(c.spend / greatest(floor((%(today)s - c.since) / 365.25), 1), 2) END)"""
DECLINING = """(m.silence >= {decline_silence} OR coalesce(s.complaints_year, 0) >= {decline_complaints})"""
STAGE = """
CASE WHEN NOT {bought} THEN 'exploration'
     WHEN {declining} THEN 'decline'
     WHEN coalesce(s.orders_all, 0) = 0 THEN c.stage
     WHEN s.orders_all >= {stable_orders} AND %(today)s - c.since >= {stable_days} THEN 'stable'
     WHEN s.orders_all >= {forming_orders} THEN 'formation'
     ELSE 'exploration' END
"""
MOVES = """
INSERT INTO customers_lifecyclemove (customer_id, was, now, at, signals)
SELECT id, old_stage, stage, %(now)s, stage_signals FROM scored WHERE stage <> old_stage ORDER BY id
"""
EVENTS = """
INSERT INTO core_event (at, kind, subject_type, subject_id, customer_id, team_id, actor_name, data)
SELECT %(now)s, 'stage_changed', 'customers.customer', id, id, team_id, '',
       jsonb_build_object('from', old_stage, 'to', stage)
FROM scored WHERE stage <> old_stage ORDER BY id
"""
# The key holds the day: who declines again later gets another task, a repeated run none.
TASKS = """
WITH made AS (
    INSERT INTO customers_task (customer_id, kind, key, reason, assignee_id, created_at, due_on, note)
    SELECT s.id, 'retention', 'retention:' || s.id || ':' || %(today)s, s.stage_signals, s.account_manager_id,
           %(now)s, %(today)s + %(days)s, ''
    FROM scored s
    WHERE s.stage = 'decline' AND s.old_stage <> 'decline'
      AND NOT EXISTS (SELECT 1 FROM customers_task t
                      WHERE t.customer_id = s.id AND t.customer_id BETWEEN %(low)s AND %(high)s
                        AND t.kind = 'retention' AND t.done_at IS NULL)
    ORDER BY s.id
    ON CONFLICT (key) DO NOTHING RETURNING *
)
INSERT INTO customers_historicaltask (id, customer_id, kind, key, reason, assignee_id, created_at, due_on, done_at,
                                      done_by_id, note, history_date, history_type)
SELECT id, customer_id, kind, key, reason, assignee_id, created_at, due_on, done_at, done_by_id, note, %(now)s, '+'
FROM made
"""


MEDIANS = """
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY round(clv / nullif(CASE stage {} END, 0), 2)),
       percentile_disc(0.5) WITHIN GROUP (ORDER BY clv)
FROM customers_customer WHERE clv IS NOT NULL AND merged_into_id IS NULL AND erased_at IS NULL
"""


def rule() -> LifecycleRule:
    """The admin's row, or the standard values where there is none."""
    return LifecycleRule.objects.first() or LifecycleRule()


def stage_of(found: LifecycleRule, *, bought: str) -> sql.Composable:
    """The stage of a row of `points.known` as SQL."""
    names = ("decline_silence", "decline_complaints", "stable_orders", "stable_days", "forming_orders")
    numbers = {name: sql.Literal(getattr(found, name)) for name in names}
    return sql.SQL(STAGE).format(
        bought=sql.SQL(bought), declining=sql.SQL(DECLINING).format(**numbers), **numbers,
    )


def factors(found: LifecycleRule, version: ScoringVersion) -> dict[str, Decimal]:
    """By which a year's spend is multiplied to give the lifetime value, for each stage."""
    return {stage: version.margin_rate * getattr(found, f"years_{stage}") for stage in Stage.values}


def value_of(by_stage: dict[str, Decimal], *, bought: str) -> sql.Composable:
    """The lifetime value of a row whose new stage is `g.stage`, as SQL; NULL for who has not bought."""
    steps = [sql.SQL("WHEN {} THEN {}").format(sql.Literal(stage), sql.Literal(by)) for stage, by in by_stage.items()]
    return sql.SQL("CASE WHEN {} THEN round({} * (CASE g.stage {} END), 2) END").format(
        sql.SQL(bought), sql.SQL(YEARLY), sql.SQL(" ").join(steps)
    )


def value_cuts(by_stage: dict[str, Decimal]) -> dict:
    """Where the 2×2 of values (B3) is cut: the median of what buyers spend in a year, and of their lifetime value.

    Comes with the factors that lead from one to the other, as JSON; {} where nobody has bought.
    """
    steps = [sql.SQL("WHEN {} THEN {}").format(sql.Literal(stage), sql.Literal(by)) for stage, by in by_stage.items()]
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(MEDIANS).format(sql.SQL(" ").join(steps)))
        current, lasting = cursor.fetchone()
    if lasting is None:
        return {}
    factors = {stage: str(by) for stage, by in by_stage.items()}
    return {"current": str(current or 0), "lasting": str(lasting), "factors": factors}


def record(cursor, values: dict, *, days: int) -> None:
    """Writes the moves of the batch in `scored`, with their events and the tasks to win back who declines."""
    cursor.execute(MOVES, values)
    if not cursor.rowcount:
        return
    cursor.execute(EVENTS, values)
    cursor.execute(TASKS, values | {"days": days})
