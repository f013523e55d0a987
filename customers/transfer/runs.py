"""The life of an import: uploaded, its columns chosen, checked to the end, loaded in the background, its rest kept."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import IO

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events
from customers.models import Export, ImportMapping, ImportPart, ImportRun
from customers.transfer import fields, stored
from customers.transfer.refusals import BadFile
from customers.transfer.rows import Reader, Row
from staff.models import Team, User
from staff.sight import visible_teams

State = ImportRun.State
KINDS = ("customers", "orders")
SEEN = 20


class ImportForbidden(Exception):
    """This person may not import, or not into this team."""


class BadColumns(ValueError):
    """The choice of columns cannot be used; the text says why."""


def may_import(user: User) -> bool:
    """Team leads, supervisors and administrators."""
    return user.supervises


def receive(
    *, team: Team, what: str, upload: IO[bytes], name: str, size: int, by: User, now: datetime | None = None
) -> ImportRun:
    """Stores an uploaded file, with columns as a saved mapping or their headings suggest.

    Raises `BadFile` or `ImportForbidden`.
    """
    if not may_import(by) or not visible_teams(by).filter(pk=team.pk).exists():
        raise ImportForbidden
    if what not in KINDS:
        raise BadFile(_("Choose what the file holds."))
    run = stored.take(ImportRun(team=team, what=what, file_name=name[:200], by=by), upload, size=size)
    run.columns = fitting(run) or fields.guess(run.header, fields.columns_for(what))
    run.save(update_fields=["columns"])
    events.record("import_received", run, by=by, team_id=team.pk, now=now, what=what, rows=run.rows_total)
    return run


def fitting(run: ImportRun) -> dict[str, str]:
    """The columns of the latest saved mapping all of whose headings this file has."""
    header = set(run.header)
    for mapping in ImportMapping.objects.filter(what=run.what).order_by("-at")[:50]:
        if mapping.columns and set(mapping.columns.values()) <= header:
            return mapping.columns
    return {}


@transaction.atomic
def choose(
    *, run: ImportRun, columns: dict[str, str], source: str = "", save_as: str = "", by: User,
    now: datetime | None = None,
) -> ImportRun:
    """Decides which column fills which field, keeps that under a name if one is given, and has the file checked.

    Raises `BadColumns`.
    """
    found = _locked(run, State.STORED, State.PREVIEWED, State.FAILED)
    known = {column.code: column for column in fields.columns_for(found.what)}
    chosen = {code: name for code, name in columns.items() if code in known and name in found.header}
    if len(set(chosen.values())) != len(chosen):
        raise BadColumns(_("One column cannot fill two fields."))
    if lacking := [str(column.label) for code, column in known.items() if column.required and code not in chosen]:
        raise BadColumns(_("Choose a column for: %(fields)s.") % {"fields": ", ".join(lacking)})
    if not {"external_id", "phone", "email"} & chosen.keys():
        raise BadColumns(_("Choose the number in the other system, the telephone number or the mail address: without "
                           "one of them a second import would double everybody."))
    found.columns, found.source = chosen, source.strip()[:20] or "file"
    found.dry_run = True
    if name := save_as.strip()[:80]:
        ImportMapping.objects.update_or_create(
            name=name, defaults={"what": found.what, "columns": chosen, "by": by, "at": now or timezone.now()}
        )
    return _queue(found)


@transaction.atomic
def load(*, run: ImportRun, by: User, now: datetime | None = None) -> ImportRun:
    """Has a checked file loaded; asked twice, it is loaded once. Raises `BadColumns` for one that is not checked."""
    found = _locked(run, State.PREVIEWED, State.FAILED)
    found.dry_run = False
    events.record("import_started", found, by=by, team_id=found.team_id, now=now, what=found.what)
    return _queue(found)


@transaction.atomic
def discard(*, run: ImportRun) -> None:
    """Removes a file that was not loaded, with everything that was kept of it."""
    _locked(run, State.STORED, State.PREVIEWED, State.FAILED).delete()


def preview(run: ImportRun, count: int = SEEN) -> list:
    """The first rows as they would be taken, good and bad. Raises `BadFile`."""
    found = []
    for one in Reader(run):
        found.append(one)
        if len(found) >= count:
            break
    return found


def rejected(run: ImportRun, *, by: User) -> Iterable[list[str]]:
    """The refused lines as they were in the file, each with its line, field and reason; noted as an export.

    They hold what the file held, so they are for who uploaded it. Raises `ImportForbidden`.
    """
    if by.pk != run.by_id and not by.is_admin:
        raise ImportForbidden
    with transaction.atomic():
        Export.objects.create(
            by=by, what="import_rejects", format="csv", filters={"run": run.pk}, rows=run.rejected, unmasked=True
        )
        events.record("exported", run, by=by, team_id=run.team_id, what="import_rejects", rows=run.rejected)
    return _rejected(run)


def _rejected(run: ImportRun) -> Iterable[list[str]]:
    for part in run.parts.filter(of=ImportPart.Of.REJECTS).order_by("number").iterator(chunk_size=1):
        yield from json.loads(part.content)


def _locked(run: ImportRun, *states: str) -> ImportRun:
    found = ImportRun.objects.select_for_update().get(pk=run.pk)
    if found.state not in states:
        raise BadColumns(_("This import is already under way."))
    return found


def _queue(run: ImportRun) -> ImportRun:
    run.state, run.error, run.started_at, run.finished_at = State.QUEUED, "", None, None
    run.rows_done = run.made = run.changed = run.unchanged = run.rejected = 0
    run.rejects = []
    run.save()
    return run


__all__ = ["BadColumns", "BadFile", "ImportForbidden", "Row", "choose", "discard", "load", "preview", "receive"]
