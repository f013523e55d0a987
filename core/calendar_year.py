"""A year of a working calendar as it is read from a wall: what is open, closed, off and made up for."""

import calendar as almanac
from dataclasses import dataclass
from datetime import date

from django.utils.dates import MONTHS
from django.utils.translation import gettext as _

from core.forms import write_hours
from core.models import CalendarDay, WorkCalendar

FIRST, LAST = 2000, 2100


@dataclass(frozen=True)
class Day:
    """One day; `look` is open, closed, off (a day of the week's that is off) or extra (hours of its own)."""

    day: date
    look: str
    hours: str
    name: str
    said: str  # the state in words


@dataclass(frozen=True)
class Month:
    name: str
    weeks: list[list[Day | None]]  # Monday first; None outside the month
    open_days: int


def months(calendar: WorkCalendar, year: int) -> list[Month]:
    """The twelve months, in one query."""
    special = {row.day: row for row in calendar.days.filter(day__year=year)}
    said = {"open": _("open day"), "closed": _("closed day"), "off": _("day off"), "extra": _("special hours")}
    found = []
    for month in range(1, 13):
        weeks: list[list[Day | None]] = [
            [_day(calendar, day, special.get(day), said) if day.month == month else None for day in week]
            for week in almanac.Calendar(firstweekday=0).monthdatescalendar(year, month)
        ]
        open_days = sum(bool(day and day.look in ("open", "extra")) for week in weeks for day in week)
        found.append(Month(str(MONTHS[month]), weeks, open_days))
    return found


def _day(calendar: WorkCalendar, day: date, special: CalendarDay | None, said: dict[str, str]) -> Day:
    usual = calendar.week.get(str(day.weekday()), [])
    if special is None:
        look, spans, name = "open" if usual else "closed", usual, ""
    elif special.is_open:
        look, spans, name = "extra", special.opening or calendar.week.get("0", []), special.name
    else:
        look, spans, name = "off", [], special.name
    return Day(day, look, write_hours(spans), name, said[look])
