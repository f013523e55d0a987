"""Who changed what on a sheet, and when, read from its history."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from complaints import sheets
from complaints.models import Sheet

SHOWN = 30  # entries of the history on the page


@dataclass(frozen=True)
class Change:
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    at: datetime
    who: str
    changes: list[Change]
    title: str


def entries(sheet: Sheet) -> list[Entry]:
    """The newest changes first, in one query; saves that changed nothing a reader knows are left out."""
    rows = list(sheet.history.select_related("history_user").order_by("-history_date", "-history_id")[: SHOWN + 1])
    found = []
    for newer, older in zip(rows, rows[1:], strict=False):
        changes = [_change(name, older, newer) for name in sheets.EDITABLE if _differ(name, older, newer)]
        title = _title(older, newer)
        if changes or title:
            found.append(Entry(newer.history_date, str(newer.history_user or ""), changes, title))
    if rows and rows[-1].history_type == "+":
        found.append(Entry(rows[-1].history_date, str(rows[-1].history_user or ""), [], _("Sheet opened")))
    return found[:SHOWN]


def _differ(name: str, older, newer) -> bool:
    return getattr(older, name) != getattr(newer, name)


def _change(name: str, older, newer) -> Change:
    return Change(sheets.label_of(name), sheets.shown(older, name), sheets.shown(newer, name))


def _title(older, newer) -> str:
    if newer.closed_at and not older.closed_at:
        return _("Sheet closed")
    return _("Investigation finished") if newer.investigated_at and not older.investigated_at else ""
