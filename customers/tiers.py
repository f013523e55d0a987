"""Tiers 客户分级 by score (B1, B2), for all customers at once, each with its explanation.

A customer who has bought scores from 1 to 100, the sum of
- spend: 80 × the share of the team's customers who spent less,
- tenure: 1 a year, 10 at most,
- recency: 10 when there was a contact within 90 days.
Who has bought nothing scores 0. The tier is the best one whose threshold the score reaches; below all of them it is
the entry tier. Tiers set by hand stay: those with a name in the reason ("by"), and tiers that no score leads to.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from psycopg2 import sql

from core import live
from customers import registry
from customers.models import Customer, Tier
from staff.models import Team

RECENT = timedelta(days=90)

SCORE = """
CREATE TEMPORARY TABLE tier_score ON COMMIT DROP AS
WITH ranked AS (
    SELECT c.id, c.tier_id, c.spend, c.tier_reason, c.tier_score AS old_score,
           (percent_rank() OVER (PARTITION BY c.team_id ORDER BY c.spend))::numeric AS share,
           greatest(%(today)s::date - c.since, 0) / 365.25 AS years,
           coalesce(c.last_contact_at >= %(recent)s, false) AS recent
    FROM customers_customer c
    WHERE (%(team)s IS NULL OR c.team_id = %(team)s)
), scored AS (
    SELECT *, CASE WHEN spend <= 0 THEN 0 ELSE greatest(1, least(100, round(
        80 * share + least(10, floor(years)) + CASE WHEN recent THEN 10 ELSE 0 END))) END::int AS score
    FROM ranked
    WHERE NOT tier_reason ? 'by'
      AND tier_id IN (SELECT id FROM customers_tier WHERE least_score IS NOT NULL OR id = %(entry)s)
)
SELECT id, tier_id AS old_tier, old_score, score, tier_reason AS old_reason,
       coalesce((SELECT t.id FROM customers_tier t WHERE t.least_score <= score
                 ORDER BY t.rank LIMIT 1), %(entry)s) AS new_tier,
       jsonb_build_object('spend', to_char(spend, 'FM999999999990.00'), 'share', round(100 * share) || '%%',
                          'years', round(years, 1)::text, 'recent', recent, 'score', score) AS reason
FROM scored
"""
# What has not changed is not written, so that a nightly run costs what has moved.
WRITE = """
UPDATE customers_customer c SET tier_id = s.new_tier, tier_score = s.score, tier_reason = s.reason
FROM tier_score s
WHERE s.id = c.id AND (s.new_tier <> s.old_tier OR s.score IS DISTINCT FROM s.old_score OR s.reason <> s.old_reason)
"""
# The first score of a customer is an assignment too, even where it leads to the tier they entered with.
CHANGED = "(s.new_tier <> s.old_tier OR s.old_score IS NULL)"
ASSIGNMENTS = """
INSERT INTO customers_tierassignment (customer_id, tier_id, at, score, reason)
SELECT s.id, s.new_tier, %(now)s, s.score, s.reason FROM tier_score s
WHERE {changed} ORDER BY s.id
"""
EVENTS = """
INSERT INTO core_event (at, kind, subject_type, subject_id, customer_id, team_id, actor_name, data)
SELECT %(now)s, 'tier_changed', 'customers.customer', s.id, s.id, c.team_id, '',
       jsonb_build_object('from', old.code, 'to', new.code, 'score', s.score)
FROM tier_score s JOIN customers_customer c ON c.id = s.id
JOIN customers_tier old ON old.id = s.old_tier JOIN customers_tier new ON new.id = s.new_tier
WHERE s.new_tier <> s.old_tier ORDER BY s.id
"""
HISTORY = """
INSERT INTO customers_historicalcustomer ({columns}, history_date, history_type, history_change_reason)
SELECT {values}, %(now)s, '~', 'tier by score' FROM customers_customer c JOIN tier_score s ON s.id = c.id
WHERE {changed} ORDER BY s.id
"""


@transaction.atomic
def assign(*, team: Team | None = None, now: datetime | None = None) -> dict[str, Any]:
    """Scores the customers of a team, or all; returns {"scored", "changed", "tiers": {code: customers}}.

    Set-based and idempotent: a second run on the same day changes nothing. Every change of tier has its assignment
    row, its history row and its event.
    """
    now = now or timezone.now()
    values = {
        "now": now, "today": timezone.localdate(now), "recent": now - RECENT, "team": team.pk if team else None,
        "entry": registry.entry_tier().pk,
    }
    changed = sql.SQL(CHANGED)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS tier_score")
        cursor.execute(SCORE, values)
        scored = cursor.rowcount
        cursor.execute(WRITE)
        cursor.execute(sql.SQL(ASSIGNMENTS).format(changed=changed), values)
        cursor.execute(EVENTS, values)
        moved = cursor.rowcount
        cursor.execute(sql.SQL(HISTORY).format(changed=changed, **_columns()), values)
        cursor.execute("SELECT new_tier, count(*) FROM tier_score GROUP BY 1")
        counts = dict(cursor.fetchall())
    if moved and team:
        live.publish("customer", team_id=team.pk)
    tiers = {tier.code: counts.get(tier.pk, 0) for tier in Tier.objects.all()}
    return {"scored": scored, "changed": moved, "tiers": tiers}


def _columns() -> dict[str, sql.Composable]:
    names = [field.column for field in Customer.history.model.tracked_fields]
    return {
        "columns": sql.SQL(", ").join(map(sql.Identifier, names)),
        "values": sql.SQL(", ").join(sql.Identifier("c", name) for name in names),
    }


def told(done: dict[str, Any]) -> str:
    """One line about an assignment, for commands."""
    shares = ", ".join(f"{code} {count}" for code, count in done["tiers"].items())
    return f"Tiers: {done['scored']} scored, {done['changed']} changed tier; {shares}"
