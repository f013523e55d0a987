"""From behaviour to points, as SQL (B1): what each dimension measures, and what a version of the rules makes of it.

A customer's score is the sum over the dimensions of weight × points / 100, 0 to 100. Inside it is counted in
hundredths, so that rounding never decides. Whoever has bought nothing is a prospect and has no score.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone
from psycopg2 import sql

from customers.models import ScoringRule, ScoringVersion, Tier
from customers.registry import entry_tier

D = ScoringRule.Dimension
# Each is NULL where nothing is known; `c` is the customer, `s` the signals.
MEASURES = {
    D.RECENCY: "%(today)s - (greatest(s.last_order_at, c.last_contact_at) AT TIME ZONE %(zone)s)::date",
    D.FREQUENCY: "CASE WHEN s.orders_all > 0 THEN s.orders_year END",
    D.MONETARY: "c.spend",
    D.TENURE: "round(greatest(%(today)s - c.since, 0) / 365.25, 1)",
    D.SATISFACTION: "s.satisfaction",
    D.PAYMENT: "s.paid_in_time",
}
# Where the lowest band must begin at the latest, so that every value falls into one.
FLOORS = {D.SATISFACTION: 1}
BOUGHT = "(c.spend > 0 OR coalesce(s.orders_all, 0) > 0)"
# Signals repeat the range of ids: a condition on the customer alone would have them read whole for each batch.
FROM = """
    FROM customers_customer c
    LEFT JOIN customers_signals s ON s.customer_id = c.id AND s.customer_id BETWEEN %(low)s AND %(high)s
    CROSS JOIN LATERAL (SELECT {measures}) m
    CROSS JOIN LATERAL (SELECT {points}) p
    CROSS JOIN LATERAL (SELECT CASE WHEN {bought} THEN {total} END AS raw) r
"""
WHERE = """
    WHERE c.id BETWEEN %(low)s AND %(high)s AND c.merged_into_id IS NULL AND c.erased_at IS NULL
"""
EVERYBODY = {"low": 0, "high": 2**62}


class NoRules(Exception):
    """There is no active version of the scoring rules."""


def active() -> ScoringVersion:
    """The version in force. Raises `NoRules`."""
    version = ScoringVersion.objects.filter(state=ScoringVersion.State.ACTIVE).first()
    if version is None:
        raise NoRules
    return version


def known(version: ScoringVersion) -> tuple[sql.Composable, sql.Composable]:
    """FROM and WHERE over the customers of a range: measures in `m`, points in `p`, hundredths in `r.raw`."""
    rules = list(version.rules.prefetch_related("bands"))
    start = sql.SQL(FROM).format(
        measures=sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(sql.SQL(measure), sql.Identifier(name))
            for name, measure in [*MEASURES.items(), ("silence", MEASURES[D.RECENCY])]
        ),
        points=sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(_points(rule), sql.Identifier(rule.dimension)) for rule in rules
        ),
        bought=sql.SQL(BOUGHT),
        total=sql.SQL(" + ").join(
            sql.SQL("{} * p.{}").format(sql.Literal(rule.weight), sql.Identifier(rule.dimension)) for rule in rules
        ),
    )
    return start, sql.SQL(WHERE)


def as_json(alias: str) -> sql.Composable:
    """The dimensions of a row of `known` as one jsonb: points (`p`) or measures (`m`)."""
    pairs = [sql.SQL("{}, {}.{}").format(sql.Literal(str(d)), sql.Identifier(alias), sql.Identifier(d)) for d in D]
    return sql.SQL("jsonb_build_object({})").format(sql.SQL(", ").join(pairs))


def _points(rule: ScoringRule) -> sql.Composable:
    value = sql.SQL("m.{}").format(sql.Identifier(rule.dimension))
    bands = sorted(rule.bands.all(), key=lambda band: band.least, reverse=True)
    steps = [
        sql.SQL("WHEN {} >= {} THEN {}").format(value, sql.Literal(band.least), sql.Literal(band.points))
        for band in bands
    ]
    return sql.SQL("CASE WHEN {} IS NULL THEN {} {} ELSE {} END").format(
        value, sql.Literal(rule.missing_points), sql.SQL(" ").join(steps),
        sql.Literal(bands[-1].points if bands else 0),
    )


def values(now: datetime, low: int = EVERYBODY["low"], high: int = EVERYBODY["high"]) -> dict[str, Any]:
    zone = timezone.get_default_timezone_name()
    return {"now": now, "today": timezone.localdate(now), "zone": zone, "low": low, "high": high}


# --- Where one tier ends and the next begins ----------------------------------------------------------------


def cuts(version: ScoringVersion, *, now: datetime) -> list[list]:
    """[tier, least hundredths, least spend] of every tier that a score leads to, best first.

    By share the cut runs over all buyers of the installation, so that a tier means the same in every team. Between
    equal scores the higher spend counts; customers equal in both are never parted. The last tier takes the rest.
    """
    if version.cut == ScoringVersion.Cut.SCORE:
        tiers = Tier.objects.exclude(least_score=None).order_by("rank")
        found = [[tier.pk, 100 * (tier.least_score or 0), "0"] for tier in tiers]
    else:
        found = _by_share(version, now)
    if found:
        found[-1][1:] = [0, "0"]
    return found


def _by_share(version: ScoringVersion, now: datetime) -> list[list]:
    tiers = list(Tier.objects.exclude(share=None).order_by("rank"))
    body = sql.SQL(" ").join(known(version))
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT r.raw, count(*) {} AND r.raw IS NOT NULL GROUP BY 1 ORDER BY 1 DESC").format(body),
            values(now),
        )
        counts = cursor.fetchall()
        total, share, found = sum(n for _raw, n in counts), Decimal(0), []
        for tier in tiers[:-1]:
            share += tier.share or 0
            places = int(total * share / 100 + type(share)("0.5"))
            raw, place = _bucket(counts, places)
            spend = "0" if place is None else _spend_at(cursor, body, now, raw, place)
            found.append([tier.pk, raw, spend])
    return [*found, *([tier.pk, 0, "0"] for tier in tiers[-1:])]


def _bucket(counts: list[tuple[int, int]], places: int) -> tuple[int, int | None]:
    """The score of the last of so many best, and their place among equals; no place where all equals are taken."""
    for raw, n in counts:
        if places <= 0:
            break
        if places <= n:
            return raw, None if places == n else places
        places -= n
    else:
        return 0, None
    return 10_001, None  # nobody: a share of too few customers


def _spend_at(cursor, body: sql.Composable, now: datetime, raw: int, place: int) -> str:
    cursor.execute(
        sql.SQL("SELECT c.spend {} AND r.raw = %(raw)s ORDER BY c.spend DESC OFFSET %(skip)s LIMIT 1").format(body),
        values(now) | {"raw": raw, "skip": place - 1},
    )
    return str(cursor.fetchone()[0])


def tier_of(found: list[list]) -> sql.Composable:
    """The tier that a row of `known` belongs to, as SQL."""
    steps = [
        sql.SQL("WHEN (r.raw, c.spend) >= ({}, {}::numeric) THEN {}").format(*map(sql.Literal, (raw, spend, tier)))
        for tier, raw, spend in found
    ]
    entry = sql.Literal(entry_tier().pk)
    if not steps:
        return entry
    return sql.SQL("CASE WHEN r.raw IS NULL THEN {} {} END").format(entry, sql.SQL(" ").join(steps))
