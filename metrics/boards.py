"""Boards of the tiers: classes over time, movement between them, and the 2×2 of values (B2, B3).

Counted once for all teams and kept for some minutes, so that a page costs the same at a million customers; what a
viewer sees is the sum over the teams in their sight.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer, ScoringRun, Tier
from staff.models import User
from staff.sight import visible_teams

KEPT = 600  # seconds
MONTHS = 12
PERIODS = {"30": 30, "90": 90, "365": 365}
ROWS = 50
COLOURS = ("ch-1", "ch-2", "ch-3", "ch-4", "ch-5", "ch-6")
PRESENT = "c.merged_into_id IS NULL AND c.erased_at IS NULL"
BEGUN = f"""
SELECT c.team_id, a.tier_id, date_trunc('month', a.{{column}} AT TIME ZONE %(zone)s)::date, count(*)
FROM customers_tierassignment a JOIN customers_customer c ON c.id = a.customer_id
WHERE a.{{column}} IS NOT NULL AND {PRESENT} GROUP BY 1, 2, 3
"""  # noqa: S608  two columns of our own
MOVED = f"""
SELECT c.team_id, p.tier_id, a.tier_id, count(*)
FROM customers_tierassignment a
JOIN customers_tierassignment p ON p.customer_id = a.customer_id AND p.ended_at = a.at AND p.id < a.id
JOIN customers_customer c ON c.id = a.customer_id
WHERE a.at >= %(since)s AND p.tier_id <> a.tier_id AND {PRESENT} GROUP BY 1, 2, 3
"""  # noqa: S608  constants


@dataclass(frozen=True)
class Quadrant:
    """A field of the 2×2; an analyst's word, never a badge."""

    code: str
    label: Any
    current: bool  # spends at least the median in a year
    lasting: bool  # lifetime value of at least the median


QUADRANTS = {
    found.code: found
    for found in (
        Quadrant("gold", _("Gold"), False, True),
        Quadrant("platinum", _("Platinum"), True, True),
        Quadrant("lead", _("Lead-grade"), False, False),
        Quadrant("iron", _("Iron"), True, False),
    )
}


def board(user: User, *, period: str, team_id: int | None, now: datetime) -> dict:
    """Everything that the page shows to this viewer."""
    teams = {team for team in visible_teams(user).values_list("pk", flat=True) if team_id in (None, team)}
    tiers = list(Tier.objects.all())
    run = _latest()
    return {
        "now": now, "run": run, "classes": distribution(teams, tiers, now=now),
        "moves": movement(teams, tiers, days=PERIODS[period], now=now), "tiers": tiers,
        "values": values(teams, run) if run else [],
        "medians": {name: Decimal(run.value[name]) for name in ("current", "lasting")} if run else {},
    }


# --- Classes over time --------------------------------------------------------------------------------------


def distribution(teams: Iterable[int], tiers: list[Tier], *, now: datetime) -> dict:
    """Customers by tier at the end of each month, from the assignments; the present month as it stands."""
    months = _months(timezone.localdate(now))
    begun, ended = _kept("begun", lambda: _flows("at")), _kept("ended", lambda: _flows("ended_at"))
    wanted = set(teams)
    series: list[dict[str, Any]] = []
    for number, tier in enumerate(tiers):
        flow: Counter[date] = Counter()
        for sign, rows in ((1, begun), (-1, ended)):
            for team, tier_id, month, n in rows:
                if team in wanted and tier_id == tier.pk:
                    flow[month] += sign * n
        data = [sum(n for month, n in flow.items() if month <= until) for until in months]
        series.append({"name": tier.name, "data": data, "color": COLOURS[number % len(COLOURS)]})
    total = sum(map(sum, (one["data"] for one in series)))
    labels = [formats.date_format(month, "y-m") for month in months]
    return {"kind": "stack", "labels": labels, "series": series, "total": total}


def _months(today: date) -> list[date]:
    first, found = today.replace(day=1), []
    for _n in range(MONTHS):
        found.append(first)
        first = (first - timedelta(days=1)).replace(day=1)
    return found[::-1]


def _flows(column: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(BEGUN.format(column=column), {"zone": timezone.get_default_timezone_name()})
        return cursor.fetchall()


# --- Movement -----------------------------------------------------------------------------------------------


def movement(teams: Iterable[int], tiers: list[Tier], *, days: int, now: datetime) -> list[dict]:
    """From each tier to each other in so many days: rows with a cell for each tier; up, down and how many."""
    since = now - timedelta(days=days)
    rows = _kept(f"moved:{days}", lambda: _moves(since))
    wanted = set(teams)
    counts: Counter[tuple[int, int]] = Counter()
    for team, old, new, n in rows:
        if team in wanted:
            counts[old, new] += n
    return [
        {
            "tier": old, "n": sum(counts[old.pk, new.pk] for new in tiers),
            "cells": [
                {"tier": new, "n": counts[old.pk, new.pk], "same": new == old, "up": new.rank < old.rank}
                for new in tiers
            ],
        }
        for old in tiers
    ]


def _moves(since: datetime) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(MOVED, {"since": since})
        return cursor.fetchall()


# --- Value 2×2 ----------------------------------------------------------------------------------------------


def values(teams: Iterable[int], run: ScoringRun) -> list[dict]:
    """The four fields with how many customers they hold and what these are worth."""
    rows = _kept(f"values:{run.pk}", lambda: _by_quadrant(run))
    wanted = set(teams)
    counts: Counter[str] = Counter()
    worth: Counter[str] = Counter()
    for team, code, n, clv in rows:
        if team in wanted:
            counts[code] += n
            worth[code] += clv
    total = sum(counts.values())
    return [
        {
            "code": code, "label": quadrant.label, "n": counts[code], "worth": worth[code],
            "share": round(100 * counts[code] / total) if total else 0,
        }
        for code, quadrant in QUADRANTS.items()
    ]


def _by_quadrant(run: ScoringRun) -> list[tuple]:
    held = {code: in_quadrant(run, code) for code in QUADRANTS}
    figures: dict[str, Count | Sum] = {f"{code}_n": Count("pk", filter=q) for code, q in held.items()}
    figures |= {f"{code}_clv": Sum("clv", filter=q, default=Decimal(0)) for code, q in held.items()}
    rows = Customer.objects.present().filter(clv__isnull=False).values("team").annotate(**figures)
    return [(row["team"], code, row[f"{code}_n"], row[f"{code}_clv"]) for row in rows for code in QUADRANTS]


def in_quadrant(run: ScoringRun, code: str) -> Q:
    """Who belongs to a field. What is spent in a year is the lifetime value by the factor of the stage."""
    quadrant, cut = QUADRANTS[code], Decimal(run.value["current"])
    current = Q(pk__in=[])
    for stage, factor in run.value["factors"].items():
        current |= Q(stage=stage, clv__gte=round(cut * Decimal(factor), 2))
    lasting = Q(clv__gte=Decimal(run.value["lasting"]))
    return (current if quadrant.current else ~current) & (lasting if quadrant.lasting else ~lasting)


def held(user: User, code: str, *, team_id: int | None, before: int | None) -> tuple[list[Customer], int | None]:
    """A page of the customers of a field within sight, newest first, and where the next begins."""
    run = _latest()
    if run is None:
        return [], None
    found: QuerySet[Customer] = Customer.objects.visible_to(user).filter(in_quadrant(run, code), clv__isnull=False)
    if team_id:
        found = found.filter(team=team_id)
    if before:
        found = found.filter(pk__lt=before)
    page = list(found.select_related("tier").defer("attributes", "tier_reason").order_by("-pk")[: ROWS + 1])
    return page[:ROWS], page[ROWS - 1].pk if len(page) > ROWS else None


def _latest() -> ScoringRun | None:
    return ScoringRun.objects.exclude(value={}).filter(finished_at__isnull=False).first()


def _kept(name: str, count: Callable[[], list[tuple]]) -> list[tuple]:
    run = ScoringRun.objects.values_list("pk", "finished_at").first()
    return cache.get_or_set(f"tier-board:{name}:{run}".replace(" ", "_"), count, KEPT)  # type: ignore[return-value]
