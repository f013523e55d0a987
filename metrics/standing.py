"""How many tickets stand where, from the ledger that the triggers write; see `metrics.models.Standing`."""

from collections.abc import Collection

from django.db import connection, transaction
from django.db.models import QuerySet, Sum

from metrics.models import Standing
from tickets.models import State

SURPLUS = 500  # rows beyond one for each place, from which on they are put together
FIELDS = "team_id, owner_id, kind, state, waiting"
COUNT_SURPLUS = f"SELECT count(*) - count(DISTINCT ({FIELDS})) FROM metrics_standing"  # noqa: S608  constants
# One statement: who reads meanwhile sees all of the old rows or all of the new, and of two at once each takes its own.
COMPACT = f"""
WITH taken AS (DELETE FROM metrics_standing RETURNING {FIELDS}, n)
INSERT INTO metrics_standing ({FIELDS}, n)
SELECT {FIELDS}, sum(n) FROM taken GROUP BY {FIELDS} HAVING sum(n) <> 0
"""  # noqa: S608
RECOUNT = f"""
INSERT INTO metrics_standing ({FIELDS}, n)
SELECT team_id, CASE WHEN state <> 'archived' THEN owner_id END, kind, state, state <> 'archived' AND waiting_customer,
    count(*)
FROM tickets_ticket GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608


def of(teams: Collection[int]) -> QuerySet[Standing]:
    """Where the tickets of these teams stand; the sum of `n` counts."""
    return Standing.objects.filter(team_id__in=teams)


def by_state(teams: Collection[int]) -> dict[tuple[int, str, str], int]:
    """All tickets by team, class and state."""
    rows = of(teams).values_list("team_id", "kind", "state").annotate(sum=Sum("n"))
    return {(team, kind, state): n for team, kind, state, n in rows if n}


def active(teams: Collection[int]) -> list[tuple[int | None, str, bool, int]]:
    """Open tickets as (owner, class, waits for the customer, how many)."""
    rows = of(teams).exclude(state=State.ARCHIVED).values_list("owner_id", "kind", "waiting").annotate(sum=Sum("n"))
    return [row for row in rows if row[-1]]


def compact() -> bool:
    """Puts the rows of each place together where many have gathered; true if it did. Changes no figure."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_SURPLUS)
        if cursor.fetchone()[0] <= SURPLUS:
            return False
        cursor.execute(COMPACT)
    return True


@transaction.atomic
def recount() -> None:
    """Counts all tickets anew. Changes of tickets wait meanwhile: a second at a million."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE tickets_ticket IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("DELETE FROM metrics_standing")
        cursor.execute(RECOUNT)
