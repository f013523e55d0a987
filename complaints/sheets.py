"""The complaint sheet 投诉处理单 (P1, P2, P4): one per special complaint, saved by one hand at a time, closed whole.

Two clocks run from its opening on the standard calendar: investigated within 1 working day, solved within 5 (C6).
While it is open the ticket cannot be archived.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from complaints.models import Sheet
from core import events, live
from core.hours import ALWAYS
from core.models import WorkCalendar
from staff.models import User
from tickets import ladder_acts, sla, workflow
from tickets.models import Act, Kind, Level, Metric, State, Ticket

log = logging.getLogger(__name__)
HOLD = gettext_noop("A complaint sheet is open")
INVESTIGATION_DAYS, SOLUTION_DAYS = 1, 5
EDITABLE = (
    "ground", "severity", "about", "manner", "nature", "finding", "known", "known_when", "done", "root_cause",
    "root_cause_why",
)
FACTS = ("known", "known_when", "done")
NEEDED = ("finding", *FACTS, "root_cause")
# The steps of the flow that opening a sheet takes by itself, by the state it finds.
STEPS: dict[str, tuple[State, ...]] = {
    State.RECEIVED: (State.CLASSIFIED, State.SHEET_OPEN),
    State.CLASSIFIED: (State.SHEET_OPEN,),
}


class SheetRefused(Exception):
    """The sheet cannot be opened, saved or closed now; the text says why, `missing` names the empty fields."""

    def __init__(self, message: str, missing: tuple[str, ...] = ()):
        super().__init__(message)
        self.missing = missing


@dataclass(frozen=True)
class Conflict:
    """One field that two people wrote differently."""

    label: str
    theirs: str
    yours: str


class StaleSheet(Exception):
    """Somebody saved the sheet meanwhile: `current` is theirs, `conflicts` shows both versions side by side."""

    def __init__(self, current: Sheet, conflicts: list[Conflict], who: str):
        super().__init__(
            _("%(name)s has saved this sheet meanwhile.") % {"name": who or _("Somebody")}
        )
        self.current = current
        self.conflicts = conflicts


@transaction.atomic
def open_sheet(ticket: Ticket, *, by: User | None = None, ground: str = "", now: datetime | None = None) -> Sheet:
    """Opens the sheet of a complaint, or returns the one it has. A general complaint becomes special by it.

    Raises `SheetRefused` for anything but an open complaint, and `workflow.MoveRefused`.
    """
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)  # two at once make one sheet
    if known := Sheet.objects.filter(ticket=locked).first():
        return known
    if locked.kind != Kind.COMPLAINT:
        raise SheetRefused(_("Only a complaint has a sheet; change the class first."))
    if locked.is_archived:
        raise SheetRefused(_("The ticket is archived; a new matter opens a linked ticket."))
    if locked.level != Level.SPECIAL:
        locked.level, locked.updated_at = Level.SPECIAL, now
        locked.save(update_fields=["level", "updated_at"])
    sheet = _create(locked, by=by, ground=ground, now=now)
    workflow.hold(locked, "sheet", HOLD)
    for step in STEPS.get(locked.state, ()):
        workflow.move(locked, step, by=by, now=now)
    ticket.refresh_from_db()
    return sheet


def _create(ticket: Ticket, *, by: User | None, ground: str, now: datetime) -> Sheet:
    calendar = WorkCalendar.objects.standard()
    clock = calendar.hours() if calendar else ALWAYS
    sheet = Sheet(
        ticket=ticket, opened_at=now, opened_by=by, ground=ground,
        investigation_due_at=clock.add_days(now, INVESTIGATION_DAYS),
        solution_due_at=clock.add_days(now, SOLUTION_DAYS),
    )
    sheet._history_user = by  # type: ignore[attr-defined]
    sheet.save()
    _log("sheet_opened", sheet, by=by, now=now, ground=ground)
    return sheet


def due_for_sheet() -> QuerySet[Ticket]:
    """Special complaints that stand where a sheet is due and have none."""
    return Ticket.objects.filter(
        kind=Kind.COMPLAINT, level=Level.SPECIAL, state__in=[State.CLASSIFIED, State.SHEET_OPEN], sheet=None
    ).order_by("pk")


def open_due(*, now: datetime | None = None, limit: int = 200) -> int:
    """Opens what is due, oldest first, and returns how many; one that is refused does not stop the others."""
    opened = 0
    for ticket in due_for_sheet()[:limit]:
        try:
            open_sheet(ticket, now=now)
        except (SheetRefused, workflow.MoveRefused) as error:
            log.warning("no sheet for ticket %s: %s", ticket.pk, error)
        else:
            opened += 1
    return opened


def open_wished(*, now: datetime | None = None, limit: int = 200) -> int:
    """Opens the sheets that rungs of escalation ladders ask for, each wish once; returns how many were settled."""
    now = now or timezone.now()
    settled = 0
    wishes = Act.objects.filter(done_at=None, kind=Act.Kind.SHEET).order_by("pk")
    for pk in list(wishes.values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            wish = ladder_acts.claim(pk)
            if wish is None:
                continue
            result, why = (Act.Result.SETTLED if ladder_acts.is_settled(wish) else Act.Result.DONE), ""
            if result == Act.Result.DONE:
                try:
                    with transaction.atomic():
                        open_sheet(wish.ticket, now=now)
                except (SheetRefused, workflow.MoveRefused) as error:
                    result, why = Act.Result.REFUSED, str(error)
            ladder_acts.finish(wish, result, why, now=now)
            settled += 1
    return settled


@transaction.atomic
def save_sheet(sheet: Sheet, *, by: User | None, version: int, now: datetime | None = None, **fields) -> Sheet:
    """Saves the given fields. Raises `StaleSheet` when `version` is outdated, `SheetRefused` once it is closed."""
    if unknown := set(fields) - set(EDITABLE):
        raise TypeError(f"not editable: {', '.join(sorted(unknown))}")
    locked = _locked(sheet)
    if locked.closed_at:
        raise SheetRefused(_("The sheet is closed."))
    changed = [name for name, value in fields.items() if getattr(locked, name) != value]
    if not changed:
        return locked
    if locked.version != version:
        raise _stale(locked, {name: fields[name] for name in changed})
    for name in changed:
        setattr(locked, name, fields[name])
    locked.version += 1
    _write(locked, by)
    _log("sheet_saved", locked, by=by, now=now, fields=changed)
    return locked


def _stale(current: Sheet, yours: dict) -> StaleSheet:
    conflicts = []
    for name, value in yours.items():
        mine = Sheet(**{name: value})
        conflicts.append(Conflict(label_of(name), shown(current, name), shown(mine, name)))
    last = current.history.select_related("history_user").first()
    return StaleSheet(current, conflicts, str(last.history_user or "") if last else "")


@transaction.atomic
def record_investigated(sheet: Sheet, *, by: User | None, now: datetime | None = None) -> Sheet:
    """Stops the investigation clock; the facts must be written down by then. Idempotent."""
    locked = _locked(sheet)
    if locked.investigated_at or locked.closed_at:
        return locked
    if missing := _missing(locked, FACTS):
        raise SheetRefused(_("An investigation ends with its facts."), missing)
    locked.investigated_at = now or timezone.now()
    _write(locked, by)
    sla.stop(locked.ticket, Metric.INVESTIGATION, now=locked.investigated_at)
    _log("sheet_investigated", locked, by=by, now=locked.investigated_at)
    return locked


@transaction.atomic
def close_sheet(sheet: Sheet, *, by: User, now: datetime | None = None) -> Sheet:
    """Closes a complete sheet and lets go of the ticket. Raises `SheetRefused` naming what is missing. Idempotent."""
    now = now or timezone.now()
    locked = _locked(sheet)
    if locked.closed_at:
        return locked
    if by.role not in workflow.CENTRE and not by.is_superuser:
        raise SheetRefused(_("The service centre closes complaint sheets."))
    if missing := _missing(locked, NEEDED):
        raise SheetRefused(_("Not closed yet; something is still missing."), missing)
    locked.investigated_at = locked.investigated_at or now
    locked.solved_at = locked.solved_at or solved_at(locked) or now
    locked.closed_at, locked.closed_by = now, by
    _write(locked, by)
    workflow.release(locked.ticket, "sheet")
    _log("sheet_closed", locked, by=by, now=now, finding=locked.finding, root_cause=locked.root_cause)
    return locked


def solved_at(sheet: Sheet) -> datetime | None:
    """When the solution stood: as recorded, or when the ticket went to its callback and has stayed solved since."""
    ticket = sheet.ticket
    resolved = ticket.resolved_at if ticket.state in (State.CALLBACK, State.ARCHIVED) else None
    return sheet.solved_at or (resolved if resolved and resolved >= sheet.opened_at else None)


def missing(sheet: Sheet) -> tuple[str, ...]:
    """What is left before closing, in the reader's words."""
    return _missing(sheet, NEEDED)


def _missing(sheet: Sheet, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(label_of(name) for name in names if not str(getattr(sheet, name)).strip())


def label_of(name: str) -> str:
    return capfirst(str(getattr(Sheet._meta.get_field(name), "verbose_name", name)))


def shown(sheet: Sheet, name: str) -> str:
    """A field's value as people read it."""
    display = getattr(sheet, f"get_{name}_display", None)
    return str(display() if display else getattr(sheet, name))


def _locked(sheet: Sheet) -> Sheet:
    return Sheet.objects.select_for_update(of=("self",)).select_related("ticket").get(pk=sheet.pk)


def _write(sheet: Sheet, by: User | None) -> None:
    sheet._history_user = by  # type: ignore[attr-defined]
    sheet.save()
    live.publish("sheet", team_id=sheet.ticket.team_id, sheet=sheet.pk)


def _log(kind: str, sheet: Sheet, *, by: User | None, now: datetime | None, **data) -> None:
    ticket = sheet.ticket
    events.record(
        kind, sheet, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        number=sheet.number, **data,
    )
