"""The beat of all clocks: one question while nothing is due, batches while something is.

Ticks do not overlap: each batch takes a slot, a lock of its own transaction, so that a killed worker leaves none
behind. The first slot is the ordinary one; the others may be taken only while a backlog waits, and so several workers
share it.
Every worker reads the time from the database: a machine whose clock jumps breaches nothing.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import connection, transaction

BATCH = 2_000
SHARES = 4
LOCK = 7_341_022
BACKLOG_SECONDS = 4  # older than two ticks: help is wanted
# The earliest of each, in the order of its partial index: asked for any that is late, the planner, which does not know
# that hardly any running timer is, may read the whole table.
LOOK = """
SELECT coalesce((SELECT due_at FROM tickets_slatimer WHERE state = 'running' AND call_id IS NULL
        ORDER BY due_at LIMIT 1) <= %(now)s, false),
    coalesce((SELECT warns_at FROM tickets_slatimer WHERE state = 'running' AND warns_at IS NOT NULL
        ORDER BY warns_at LIMIT 1) <= %(now)s, false),
    coalesce((SELECT next_escalation_at FROM tickets_slatimer
        WHERE stopped_at IS NULL AND next_escalation_at IS NOT NULL
        ORDER BY next_escalation_at LIMIT 1) <= %(now)s, false),
    EXISTS (SELECT FROM tickets_pause WHERE ended_at IS NULL AND until <= %(now)s)
"""
SLOT = """
SELECT clock_timestamp(), pg_try_advisory_xact_lock(%(lock)s, %(slot)s), coalesce((
    SELECT due_at FROM tickets_slatimer WHERE state = 'running' AND call_id IS NULL
    ORDER BY due_at LIMIT 1) <= now() - make_interval(secs => %(backlog)s), false)
"""
WAITING = """
SELECT (SELECT count(*) FROM tickets_slatimer WHERE state = 'running' AND due_at <= %(now)s AND call_id IS NULL)
     + (SELECT count(*) FROM tickets_slatimer
        WHERE stopped_at IS NULL AND next_escalation_at <= %(now)s)
"""


@dataclass(frozen=True)
class Due:
    """What there is to do now."""

    breaches: bool
    warnings: bool
    rungs: bool
    waits: bool


@dataclass
class Report:
    """What one tick found and did."""

    due: int = 0
    breached: int = 0
    warned: int = 0
    escalated: int = 0
    resumed: int = 0
    seconds: float = 0.0
    queries: int = 0

    def as_dict(self) -> dict:
        return asdict(self)


def look(now: datetime) -> Due:
    """One question over the partial indexes."""
    with connection.cursor() as cursor:
        cursor.execute(LOOK, {"now": now})
        return Due(*cursor.fetchone())


def tick(*, now: datetime | None = None, batch: int = BATCH, count_due: bool = False) -> Report:
    """Batches, each a transaction of its own, until one is not full or another worker has taken over.

    `now` replaces the database's clock. Times spent are measured on the monotonic clock.
    """
    from tickets import escalation, sla_pauses  # the former imports this module for `look`

    report, begun = Report(), time.monotonic()
    with _counted(report):
        if count_due:
            report.due = _waiting(now)
        while True:
            with transaction.atomic():
                at = _slot()
                done = escalation.escalate_due(now=now or at, limit=batch) if at else None
            if done is None:
                break
            report.breached += done.breached
            report.warned += done.warned
            report.escalated += done.escalated
            report.resumed += done.resumed
            # What came due meanwhile is the next tick's: a steady trickle must not keep this one busy for ever.
            if max(done.breached, done.escalated, done.warned) < batch and done.resumed < sla_pauses.BATCH:
                break
    report.seconds = round(time.monotonic() - begun, 4)
    return report


def _slot() -> datetime | None:
    """Takes a slot until the end of the transaction; returns the time, or None where no help is wanted."""
    with connection.cursor() as cursor:
        for slot in range(SHARES):
            cursor.execute(SLOT, {"lock": LOCK, "slot": slot, "backlog": BACKLOG_SECONDS})
            at, taken, backlog = cursor.fetchone()
            if taken:
                return at
            if not backlog:
                return None
    return None


def _waiting(now: datetime | None) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(%s, clock_timestamp())", [now])
        cursor.execute(WAITING, {"now": cursor.fetchone()[0]})
        return cursor.fetchone()[0]


@contextmanager
def _counted(report: Report) -> Iterator[None]:
    def count(execute: Callable, *details):
        report.queries += 1
        return execute(*details)

    with connection.execute_wrapper(count):
        yield


def run(*, every: float, stop: Callable[[float], bool], batch: int = BATCH) -> Iterator[Report]:
    """Ticks for ever, a fixed time apart by the monotonic clock; `stop(seconds)` waits and says when to end."""
    while True:
        begun = time.monotonic()
        yield tick(batch=batch, count_due=True)
        if stop(max(0.0, every - (time.monotonic() - begun))):
            return
