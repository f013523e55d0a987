"""Versions of the scoring rules (B1, B2): a draft is copied, edited and looked at, then activated for good."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg2 import sql

from customers import points
from customers.models import Customer, ScoringBand, ScoringRule, ScoringVersion, Tier
from staff.models import User

State = ScoringVersion.State
SAMPLE = 50
PLACED = """
CREATE TEMPORARY TABLE placed ON COMMIT DROP AS
SELECT c.id, c.tier_id AS old, {tier} AS new {known_from}
{known_where} AND NOT EXISTS (SELECT 1 FROM customers_tieroverride o WHERE o.customer_id = c.id AND o.ended_at IS NULL)
"""


class RulesRefused(Exception):
    """The rules cannot be used; the text says why."""


@transaction.atomic
def draft(*, by: User | None, now: datetime | None = None) -> ScoringVersion:
    """A draft with the rules of the version in force, or of the latest where none is."""
    latest = ScoringVersion.objects.select_for_update().order_by("-number").first()
    source = ScoringVersion.objects.filter(state=State.ACTIVE).first() or latest
    if source is None or latest is None:
        raise RulesRefused(_("There are no rules to start from; write the standard ones with `manage.py defaults`."))
    made = ScoringVersion.objects.create(
        number=latest.number + 1, cut=source.cut, grace_days=source.grace_days, margin_rate=source.margin_rate,
        created_by=by, created_at=now or timezone.now(),
    )
    for rule in source.rules.prefetch_related("bands"):
        copy = ScoringRule.objects.create(
            version=made, dimension=rule.dimension, weight=rule.weight, missing_points=rule.missing_points
        )
        ScoringBand.objects.bulk_create(
            ScoringBand(rule=copy, least=band.least, points=band.points) for band in rule.bands.all()
        )
    return made


def read_bands(text: str, dimension: str) -> list[tuple[Decimal, int]]:
    """Bands written as `from: points`, one a line or with commas between. Raises `RulesRefused` with the reason."""
    found: dict[Decimal, int] = {}
    for part in filter(None, (part.strip() for part in text.replace("\n", ",").replace("，", ",").split(","))):
        least, mark, given = part.replace("：", ":").partition(":")
        try:
            start, number = Decimal(least.strip()), int(given.strip())
        except (ArithmeticError, ValueError):
            mark = ""
        if not mark or not start.is_finite():
            raise RulesRefused(_("“%(part)s” is no band; write “from: points”.") % {"part": part[:40]})
        if abs(start) >= 10**12 or round(start, 2) != start:
            raise RulesRefused(_("“%(part)s” begins at no possible value.") % {"part": part[:40]})
        if not 0 <= number <= 100:
            raise RulesRefused(_("“%(part)s”: points go from 0 to 100.") % {"part": part[:40]})
        if start in found:
            raise RulesRefused(_("Two bands overlap: both begin at %(start)s.") % {"start": start})
        found[start] = number
    floor = points.FLOORS.get(ScoringRule.Dimension(dimension), 0)
    if not found or min(found) > floor:
        raise RulesRefused(_("The bands do not cover values from %(floor)s on.") % {"floor": floor})
    return sorted(found.items())


def write_bands(rule: ScoringRule) -> str:
    return "\n".join(f"{band.least.normalize():f}: {band.points}" for band in rule.bands.all())


def check_weights(weights: list[int]) -> None:
    """Raises `RulesRefused` unless they add up to 100."""
    if sum(weights) != 100:
        raise RulesRefused(_("The weights add up to %(sum)s, not to 100.") % {"sum": sum(weights)})


def check_shares(shares: list[Decimal]) -> None:
    """Raises `RulesRefused` unless they add up to 100."""
    if sum(shares) != 100:
        raise RulesRefused(_("The shares of the tiers add up to %(sum)s, not to 100.") % {"sum": sum(shares)})


def check(version: ScoringVersion) -> None:
    """Raises `RulesRefused` for rules that cannot score everybody."""
    rules = list(version.rules.prefetch_related("bands"))
    if {rule.dimension for rule in rules} != set(ScoringRule.Dimension.values):
        raise RulesRefused(_("A dimension has no rule."))
    check_weights([rule.weight for rule in rules])
    for rule in rules:
        read_bands(write_bands(rule), rule.dimension)
    if version.cut == ScoringVersion.Cut.SHARE:
        shares = Tier.objects.exclude(share=None).values_list("share", flat=True)
        check_shares([share for share in shares if share is not None])
    elif not Tier.objects.exclude(least_score=None).exists():
        raise RulesRefused(_("No tier has a score to begin at."))


@transaction.atomic
def preview(version: ScoringVersion, *, now: datetime | None = None) -> dict:
    """Who would move where: {"cells": [{"from", "to", "n", "first": [ids]}], "cuts"}, kept on the version.

    Without grace and without tiers set by hand, which stay. Raises `RulesRefused`.
    """
    now = now or timezone.now()
    check(version)
    start, where = points.known(version)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")
        cuts = points.cuts(version, now=now)
        cursor.execute("DROP TABLE IF EXISTS placed")
        placed = sql.SQL(PLACED).format(tier=points.tier_of(cuts), known_from=start, known_where=where)
        cursor.execute(placed, points.values(now))
        cursor.execute("SELECT old, new, count(*) FROM placed GROUP BY 1, 2")
        counts = cursor.fetchall()
        cells = []
        for old, new, n in sorted(counts):
            cursor.execute("SELECT id FROM placed WHERE old = %s AND new = %s ORDER BY id LIMIT %s", [old, new, SAMPLE])
            ids = [pk for (pk,) in cursor.fetchall()] if old != new else []
            cells.append({"from": old, "to": new, "n": n, "first": ids})
    found = {"cells": cells, "cuts": cuts}
    ScoringVersion.objects.filter(pk=version.pk).update(preview=found, previewed_at=now)
    version.preview, version.previewed_at = found, now
    return found


@transaction.atomic
def activate(version: ScoringVersion, *, by: User | None, now: datetime | None = None) -> ScoringVersion:
    """Puts a draft in force in place of the present version; it is never edited again. Raises `RulesRefused`."""
    now = now or timezone.now()
    rows = {row.pk: row for row in ScoringVersion.objects.select_for_update().order_by("pk")}
    locked = rows[version.pk]
    if locked.state != State.DRAFT:
        raise RulesRefused(_("Only a draft can be activated."))
    if locked.previewed_at is None:
        raise RulesRefused(_("Look first at who would move: the preview is missing or older than the last change."))
    check(locked)
    for row in rows.values():
        if row.state == State.ACTIVE:
            row.state = State.RETIRED
            row.save(update_fields=["state"])
    locked.state, locked.activated_at, locked.activated_by = State.ACTIVE, now, by
    locked.save(update_fields=["state", "activated_at", "activated_by"])
    return locked


def table(version: ScoringVersion) -> list[dict]:
    """The kept preview for a page: a row for each tier that customers have now, with a cell for each tier."""
    tiers = list(Tier.objects.all())
    cells = {(cell["from"], cell["to"]): cell for cell in version.preview.get("cells", [])}
    ids = [pk for cell in cells.values() for pk in cell["first"]]
    names = Customer.objects.only("pk", "name").in_bulk(ids)
    rows = []
    for old in tiers:
        row: list[dict[str, Any]] = [
            {
                "to": new, "n": cell["n"] if cell else 0, "stays": old == new,
                "first": [names[pk] for pk in cell["first"] if pk in names] if cell else [],
            }
            for new in tiers
            for cell in [cells.get((old.pk, new.pk))]
        ]
        rows.append({"tier": old, "cells": row, "n": sum(cell["n"] for cell in row)})
    return rows
