"""The worker's side of an import: claims a run, reads it to the end in batches, can be killed and taken up again."""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.db.models import F
from django.utils import timezone, translation

from core import live
from core.importing import Tally
from customers.models import ImportPart, ImportRun
from customers.transfer import stored
from customers.transfer.orders import OrderSaver, grouped
from customers.transfer.refusals import BadFile, BadValue
from customers.transfer.rows import Bad, Reader, Row, key_hash
from customers.transfer.saving import CustomerSaver
from staff.models import Team

log = logging.getLogger(__name__)
State = ImportRun.State
BATCH = 1000
LOCK = 7_341_002  # of advisory locks, beside the run's id: they end with the session, and so with a killed worker
SHOWN = 100
KEPT = timedelta(days=30)
LONGEST_KEPT = 2000


class Saver(Protocol):
    def check(self, row: Row) -> None: ...

    def save(self, batch: list[Row], *, now: datetime, dry: bool = False) -> tuple[Tally, list[Bad]]: ...


def work(*, now: datetime | None = None) -> bool:
    """Claims the oldest run that is queued, or was left by a killed worker, and takes it to its end.

    False when there is none. Run twice at once, each run is taken by one.
    """
    run = _claim(now or timezone.now())
    if run is None:
        return False
    try:
        language = (run.by.language if run.by else "") or settings.LANGUAGE_CODE
        with translation.override(language):
            _take_to_the_end(run, now)
    except OperationalError:
        raise  # the database is away: the next tick goes on where this one stopped
    except BadFile as error:
        _finish(run, State.FAILED, error=str(error))
    except Exception as error:
        log.exception("import %s failed", run.pk)
        _finish(run, State.FAILED, error=type(error).__name__)
    finally:
        _release(run)
    return True


def _claim(now: datetime) -> ImportRun | None:
    with transaction.atomic():
        waiting = ImportRun.objects.filter(state__in=[State.QUEUED, State.RUNNING]).order_by("id")
        for run in waiting.select_for_update(skip_locked=True):
            if not _take_lock(run):
                continue
            if run.state == State.QUEUED:
                run.parts.filter(of=ImportPart.Of.REJECTS).delete()
                run.state, run.started_at, run.rejects = State.RUNNING, now, []
                run.rows_done = run.made = run.changed = run.unchanged = run.rejected = 0
                run.save()
            return ImportRun.objects.select_related("team", "by").get(pk=run.pk)
    return None


def _take_lock(run: ImportRun) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK, run.pk])
        return cursor.fetchone()[0]


def _release(run: ImportRun) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, run.pk])


def _take_to_the_end(run: ImportRun, now: datetime | None) -> None:
    saver: Saver = OrderSaver(run) if run.what == "orders" else CustomerSaver(run)
    told = 0.0
    with _keys() as doubles:
        for rows, bad in _batches(run, saver):
            count = len(rows) + len(bad)
            rows, worse = doubles(rows)
            if run.rows_done >= count:
                run.rows_done -= count  # saved before a restart; only the keys had to be learnt again
                continue
            run.rows_done = 0
            _commit(run, saver, rows, [*bad, *worse], count, now or timezone.now())
            if time.monotonic() - told > 1:
                told = time.monotonic()
                live.publish("import", team_id=run.team_id)
    _finish(run, State.PREVIEWED if run.dry_run else State.DONE)


def _batches(run: ImportRun, saver: Saver) -> Iterator[tuple[list[Row], list[Bad]]]:
    """Good and bad rows of so many lines; an order is neither cut nor taken without one of its lines."""
    reader = Reader(run)
    code = reader.place_of("code") if run.what == "orders" else None
    rows: list[Row] = []
    bad: list[Bad] = []
    last = None
    for one in reader:
        group = one.cells[code].strip() if code is not None and code < len(one.cells) else None
        if len(rows) + len(bad) >= BATCH and (group is None or group != last):
            yield _whole(rows, bad, code)
            rows, bad = [], []
        last = group
        if isinstance(one, Bad):
            bad.append(one)
            continue
        try:
            saver.check(one)
            rows.append(one)
        except BadValue as refused:
            bad.append(Bad(one.line, one.cells, refused.code, refused.detail, refused.field))
    if rows or bad:
        yield _whole(rows, bad, code)


def _whole(rows: list[Row], bad: list[Bad], code: int | None) -> tuple[list[Row], list[Bad]]:
    """Without the rows of orders of which a line was refused."""
    if code is None or not bad:
        return rows, bad
    refused = {one.cells[code].strip(): one.line for one in reversed(bad) if code < len(one.cells)}
    lost = [row for row in rows if row.values["code"] in refused]
    worse = [Bad(row.line, row.cells, "of_group", str(refused[row.values["code"]])) for row in lost]
    return [row for row in rows if row.values["code"] not in refused], [*bad, *worse]


@contextmanager
def _keys():
    """Finds keys that stood in an earlier line; kept in a table of this session, so that memory stays flat."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS import_keys")
        cursor.execute("CREATE TEMP TABLE import_keys (key bigint PRIMARY KEY, line bigint)")
    try:
        yield _doubles
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS import_keys")


def _doubles(rows: list[Row]) -> tuple[list[Row], list[Bad]]:
    """The rows whose key is new, and those that repeat one; the lines of an order that follow each other are one."""
    groups = [(key_hash(group[0].unique), group) for group in grouped(rows)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, line FROM import_keys WHERE key = ANY(%s)", [[mark for mark, _rows in groups]])
        known = dict(cursor.fetchall())
        fresh: dict[int, int] = {}
        kept, bad = [], []
        for mark, group in groups:
            if (line := known.get(mark) or fresh.get(mark)) is not None:
                bad += [Bad(row.line, row.cells, "double", str(line)) for row in group]
                continue
            fresh[mark] = group[0].line
            kept += group
        cursor.execute(
            "INSERT INTO import_keys SELECT * FROM unnest(%s::bigint[], %s::bigint[])",
            [list(fresh), list(fresh.values())],
        )
    return kept, bad


def _commit(run: ImportRun, saver: Saver, rows: list[Row], bad: list[Bad], count: int, now: datetime) -> None:
    """One batch: what it saved, what it refused and how far it came, in one transaction."""
    with transaction.atomic():
        # Intake takes the same lock before it makes a customer: nobody is made twice at the same moment.
        Team.objects.select_for_update(no_key=True).get(pk=run.team_id)
        tally, refused = _saved(run, saver, rows, now)
        bad = sorted([*bad, *refused], key=lambda one: one.line)
        changes = {
            "rows_done": F("rows_done") + count, "made": F("made") + tally.made,
            "changed": F("changed") + tally.changed, "unchanged": F("unchanged") + tally.same,
            "rejected": F("rejected") + len(bad),
        }  # fmt: skip
        if bad:
            shown = [[one.line, one.field, one.code, one.detail] for one in bad[: SHOWN - len(run.rejects)]]
            run.rejects = [*run.rejects, *shown]
            _keep(run, bad)
            changes["rejects"] = run.rejects
        ImportRun.objects.filter(pk=run.pk).update(**changes)


def _saved(run: ImportRun, saver: Saver, rows: list[Row], now: datetime) -> tuple[Tally, list[Bad]]:
    """Saves a batch; one that the database refuses is halved until the row that it cannot take stands alone."""
    if not rows:
        return Tally(), []
    try:
        with transaction.atomic():
            return saver.save(rows, now=now, dry=run.dry_run)
    except (DataError, IntegrityError) as error:
        if len(rows) == 1:
            return Tally(), [Bad(rows[0].line, rows[0].cells, "database", type(error).__name__)]
    half = len(rows) // 2
    tally, bad = _saved(run, saver, rows[:half], now)
    more, worse = _saved(run, saver, rows[half:], now)
    tally.add(more)
    return tally, [*bad, *worse]


def _keep(run: ImportRun, bad: list[Bad]) -> None:
    kept = [
        [one.line, one.field, one.code, one.detail, [cell[:LONGEST_KEPT] for cell in one.cells[: len(run.header)]]]
        for one in bad
    ]
    number = run.parts.filter(of=ImportPart.Of.REJECTS).count()
    text = json.dumps(kept, ensure_ascii=False).encode("utf-8", "replace")
    ImportPart.objects.create(run=run, of=ImportPart.Of.REJECTS, number=number, content=text)


def forget_old(*, now: datetime | None = None) -> int:
    """Removes what is still kept of files a month after they came, since it holds personal data; returns how many."""
    over = ImportRun.objects.exclude(state__in=[State.QUEUED, State.RUNNING])
    old = over.filter(at__lt=(now or timezone.now()) - KEPT)
    parts = ImportPart.objects.filter(run__in=old)
    runs = parts.values("run").distinct().count()
    parts.delete()
    old.exclude(rejected=0).update(rejects=[])
    return runs


@transaction.atomic
def _finish(run: ImportRun, state: str, *, error: str = "") -> None:
    ImportRun.objects.filter(pk=run.pk).update(state=state, error=error[:400], finished_at=timezone.now())
    if state == State.DONE:
        stored.forget(run)
        live.publish("customer", team_id=run.team_id)
    live.publish("import", team_id=run.team_id)
