"""Tiers 客户分级 for all customers at once, each with its explanation, and with them stage and lifetime value (B1–B5).

A run gathers the signals, finds where the tiers are cut, and then goes through the customers by ranges of ids, a
transaction each. A run that was killed is taken up where it stopped; two workers on one run share its ranges. What
has not changed is not written, so that an ordinary night costs what has moved.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max
from django.utils import timezone
from psycopg2 import sql

from core import live
from customers import lifecycle, points, signals
from customers.models import Customer, ScoringRun, ScoringVersion, Tier
from staff.models import Team

BATCH = 20_000
Phase = ScoringRun.Phase

# Grace holds for whoever has the tier by score; after a tier set by hand, and at first, the score counts at once.
SCORED = """
CREATE TEMPORARY TABLE scored ON COMMIT DROP AS
SELECT c.id, c.team_id, c.account_manager_id, c.tier_id AS old_tier, c.stage AS old_stage, g.stage, w.wanted, n.held,
       CASE WHEN n.held THEN c.tier_id ELSE w.wanted END AS tier,
       CASE WHEN n.held THEN coalesce(c.below_since, %(today)s) END AS below_since,
       (r.raw / 100.0)::numeric(5, 2) AS exact, round(r.raw / 100.0)::int AS score, v.clv, by_hand.tier_id AS by_hand,
       jsonb_strip_nulls(jsonb_build_object(
           'version', {version}, 'points', CASE WHEN r.raw IS NOT NULL THEN {points} END,
           'wanted', CASE WHEN w.wanted <> c.tier_id AND n.held THEN w.wanted END)) AS why,
       CASE WHEN r.raw IS NOT NULL THEN {measures} END AS measured,
       jsonb_build_object('orders', coalesce(s.orders_all, 0), 'silence', m.silence, 'days', %(today)s - c.since,
           'complaints', coalesce(s.complaints_year, 0), 'contacts', coalesce(s.contacts_90, 0)) AS stage_signals,
       present.id IS NULL AS first, present.cause <> 'score' AND by_hand.tier_id IS NULL AS released,
       c.tier_score AS kept_score, c.tier_reason AS kept_reason, c.clv AS kept_clv, c.below_since AS kept_below
{known_from}
CROSS JOIN LATERAL (SELECT {stage} AS stage) g
CROSS JOIN LATERAL (SELECT {value} AS clv) v
LEFT JOIN (SELECT DISTINCT ON (customer_id) customer_id, id, cause FROM customers_tierassignment
           WHERE ended_at IS NULL AND customer_id BETWEEN %(low)s AND %(high)s
           ORDER BY customer_id, id DESC) present ON present.customer_id = c.id
LEFT JOIN (SELECT customer_id, tier_id FROM customers_tieroverride
           WHERE ended_at IS NULL AND customer_id BETWEEN %(low)s AND %(high)s) by_hand ON by_hand.customer_id = c.id
CROSS JOIN LATERAL (SELECT coalesce(by_hand.tier_id, {tier}) AS wanted) w
CROSS JOIN LATERAL (SELECT by_hand.tier_id IS NULL AND present.cause = 'score'
    AND (SELECT rank FROM customers_tier WHERE id = w.wanted) > (SELECT rank FROM customers_tier WHERE id = c.tier_id)
    AND %(today)s - coalesce(c.below_since, %(today)s) < {grace} AS held) n
{known_where}
"""
WRITE = """
UPDATE customers_customer c
SET tier_id = s.tier, tier_score = s.score, tier_reason = s.why || coalesce(jsonb_build_object('measured', s.measured,
        'on', %(today)s), '{}'), stage = s.stage, clv = s.clv, below_since = s.below_since
FROM scored s
WHERE s.id = c.id AND c.id BETWEEN %(low)s AND %(high)s
  AND (s.first OR s.released OR (s.tier, s.stage) <> (s.old_tier, s.old_stage)
       OR s.why <> s.kept_reason - '{measured,on}'::text[]
       OR (s.score, s.clv, s.below_since) IS DISTINCT FROM (s.kept_score, s.kept_clv, s.kept_below))
"""
# The first score of a customer is an assignment too, and so is the one after a hand, even where the tier stays.
MOVED = "(s.tier <> s.old_tier OR s.first OR s.released)"
END = """
UPDATE customers_tierassignment a SET ended_at = %(now)s FROM scored s
WHERE a.customer_id = s.id AND a.customer_id BETWEEN %(low)s AND %(high)s AND a.ended_at IS NULL
  AND (s.tier <> s.old_tier OR s.released)
"""
ASSIGNMENTS = """
INSERT INTO customers_tierassignment (customer_id, tier_id, at, score, reason, version_id, cause)
SELECT s.id, s.tier, %(now)s, s.score,
       s.why || jsonb_build_object('measured', s.measured, 'exact', s.exact, 'cuts', {cuts}::jsonb), {version},
       CASE WHEN s.by_hand IS NULL THEN 'score' ELSE 'override' END
FROM scored s WHERE {moved} ORDER BY s.id
"""
EVENTS = """
INSERT INTO core_event (at, kind, subject_type, subject_id, customer_id, team_id, actor_name, data)
SELECT %(now)s, 'tier_changed', 'customers.customer', s.id, s.id, s.team_id, '',
       jsonb_build_object('from', old.code, 'to', new.code, 'score', s.score)
FROM scored s JOIN customers_tier old ON old.id = s.old_tier JOIN customers_tier new ON new.id = s.tier
WHERE s.tier <> s.old_tier ORDER BY s.id
"""
HISTORY = """
INSERT INTO customers_historicalcustomer ({columns}, history_date, history_type, history_change_reason)
SELECT {values}, %(now)s, '~', 'scored' FROM customers_customer c JOIN scored s ON s.id = c.id
WHERE c.id BETWEEN %(low)s AND %(high)s AND (s.tier <> s.old_tier OR s.stage <> s.old_stage) ORDER BY s.id
"""


@dataclass(frozen=True)
class Rules:
    """All that one run scores by."""

    version: ScoringVersion
    cuts: list[list]
    team: Team | None = None


def assign(*, team: Team | None = None, now: datetime | None = None) -> dict[str, Any]:
    """Scores the customers of a team, or all, from their signals; returns {"scored", "changed", "tiers": {code: n}}.

    Idempotent: a second run on the same day changes nothing. Raises `points.NoRules`.
    """
    now = now or timezone.now()
    run = _begin(points.active(), team, now)
    while _step(run.pk, now):
        pass
    run.refresh_from_db()
    return {"scored": run.scored, "changed": run.moved, "tiers": _standing(team)}


def tonight(*, now: datetime | None = None) -> ScoringRun | None:
    """Today's run over all customers by the rules in force, finished or not; None where it has not begun."""
    runs = ScoringRun.objects.filter(team=None, version__state=ScoringVersion.State.ACTIVE)
    return runs.filter(day=timezone.localdate(now or timezone.now())).first()


def nightly(*, now: datetime | None = None, lasting: timedelta = timedelta(seconds=90)) -> ScoringRun | None:
    """Works on the night's run for so long and returns it; what is left is for the next call. None without rules.

    A run that was finished today by the rules in force is not begun again.
    """
    now, until = now or timezone.now(), monotonic() + lasting.total_seconds()
    run = tonight(now=now)
    if run and run.finished_at:
        return run
    try:
        run = _begin(points.active(), None, now)
    except points.NoRules:
        return None
    while monotonic() < until and _step(run.pk, now):
        pass
    run.refresh_from_db()
    return run


@transaction.atomic
def rescore(customers: Iterable[int], *, now: datetime) -> None:
    """Scores single customers at once by the rules and cuts in force, as when a tier set by hand ends."""
    version = points.active()
    last = ScoringRun.objects.filter(version=version).exclude(cuts=[]).first()
    rules = Rules(version, last.cuts if last else points.cuts(version, now=now))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")
    for pk in customers:
        _batch(rules, points.values(now, pk, pk))


def _begin(version: ScoringVersion, team: Team | None, now: datetime) -> ScoringRun:
    """The unfinished run, if it is by these rules and not older than a day; else a new one."""
    left = ScoringRun.objects.filter(team=team, finished_at=None)
    run = left.filter(version=version, started_at__gt=now - timedelta(days=1)).first()
    left.exclude(pk=run.pk if run else None).update(finished_at=now)  # type: ignore[misc]
    return run or ScoringRun.objects.create(version=version, team=team, day=timezone.localdate(now), started_at=now)


@transaction.atomic
def _step(run_id: int, now: datetime) -> bool:
    """Does the next range of the run; False when the run is finished."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")  # compiling the many steps of the bands takes longer than a range
    run = ScoringRun.objects.select_for_update(of=("self",)).select_related("version", "team").get(pk=run_id)
    if run.finished_at:
        return False
    low, high = run.cursor + 1, _end_of_range(run)
    if high is None:
        _next_phase(run, now)
    elif run.phase == Phase.SIGNALS:
        signals.refresh(now=now, low=low, high=high)
        run.cursor = high
    else:
        scored, moved = _batch(Rules(run.version, run.cuts, run.team), points.values(now, low, high))
        run.cursor, run.scored, run.moved = high, run.scored + scored, run.moved + moved
    run.save()
    return run.finished_at is None


def _end_of_range(run: ScoringRun) -> int | None:
    left = Customer.objects.filter(pk__gt=run.cursor, **({"team": run.team} if run.team else {}))
    return left.order_by("pk")[:BATCH].aggregate(last=Max("pk"))["last"]


def _next_phase(run: ScoringRun, now: datetime) -> None:
    if run.phase == Phase.SCORES:
        run.finished_at = timezone.now()
        run.value = lifecycle.value_cuts(lifecycle.factors(lifecycle.rule(), run.version))
        if run.team_id and run.moved:
            live.publish("customer", team_id=run.team_id)
        return
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_signals")
    run.phase, run.cursor = Phase.SCORES, 0
    run.cuts = points.cuts(run.version, now=now)


def _batch(rules: Rules, values: dict[str, Any]) -> tuple[int, int]:
    """Scores a range of customers and writes what has changed; returns how many were scored and changed tier."""
    start, where = points.known(rules.version)
    of_team = sql.SQL(" AND c.team_id = {}").format(sql.Literal(rules.team.pk)) if rules.team else sql.SQL("")
    rule = lifecycle.rule()
    parts = {
        "version": sql.Literal(rules.version.number), "grace": sql.Literal(rules.version.grace_days),
        "points": points.as_json("p"), "measures": points.as_json("m"), "tier": points.tier_of(rules.cuts),
        "stage": lifecycle.stage_of(rule, bought=points.BOUGHT),
        "value": lifecycle.value_of(lifecycle.factors(rule, rules.version), bought=points.BOUGHT),
        "known_from": start, "known_where": where + of_team,
    }
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS scored")
        cursor.execute(sql.SQL(SCORED).format(**parts), values)
        scored = cursor.rowcount
        cursor.execute("ANALYZE scored (id)")
        cursor.execute(WRITE, values)
        if not cursor.rowcount:
            return scored, 0
        return scored, _record(cursor, rules, values, rule.retention_days)


def _record(cursor, rules: Rules, values: dict[str, Any], retention_days: int) -> int:
    """Assignments, events and history of a range that was written; returns how many customers changed tier."""
    moved = sql.SQL(MOVED)
    cursor.execute("SELECT EXISTS (SELECT 1 FROM scored WHERE NOT first)")
    if cursor.fetchone()[0]:
        cursor.execute(END, values)
    cuts = sql.SQL("jsonb_build_array({})").format(
        sql.SQL(", ").join(
            sql.SQL("jsonb_build_array({}, {}, {})").format(*map(sql.Literal, cut)) for cut in rules.cuts
        )
    )
    insert = sql.SQL(ASSIGNMENTS).format(moved=moved, cuts=cuts, version=sql.Literal(rules.version.pk))
    cursor.execute(insert, values)
    cursor.execute(EVENTS, values)
    changed = cursor.rowcount
    cursor.execute(sql.SQL(HISTORY).format(**_columns()), values)
    lifecycle.record(cursor, values, days=retention_days)
    return changed


def _columns() -> dict[str, sql.Composable]:
    names = [field.column for field in Customer.history.model.tracked_fields]
    return {
        "columns": sql.SQL(", ").join(map(sql.Identifier, names)),
        "values": sql.SQL(", ").join(sql.Identifier("c", name) for name in names),
    }


def _standing(team: Team | None) -> dict[str, int]:
    present = Customer.objects.present().filter(**({"team": team} if team else {}))
    counts = dict(present.values_list("tier").annotate(n=Count("pk")))
    return {tier.code: counts.get(tier.pk, 0) for tier in Tier.objects.all()}


def told(done: dict[str, Any]) -> str:
    """One line about an assignment, for commands."""
    shares = ", ".join(f"{code} {count}" for code, count in done["tiers"].items())
    return f"Tiers: {done['scored']} scored, {done['changed']} changed tier; {shares}"
