"""Special days of a calendar out of a CSV: `2027-02-06,off,春节` or `2027-02-20,open,调休,08:30-12:00, 13:30-17:30`."""

import csv
import io
from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.forms import read_hours, write_hours
from core.models import CalendarDay, WorkCalendar

MOST_LINES = 2_000
OPEN = {"open", "work", "1", "true", "上班", "班"}
CLOSED = {"off", "closed", "0", "false", "休息", "休", "放假"}


def read(raw: bytes) -> list[CalendarDay]:
    """Unsaved days of the file, without a calendar. Raises ValidationError that names each bad line."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", errors="replace")
    rows = list(csv.reader(io.StringIO(text)))
    if len(rows) > MOST_LINES:
        raise ValidationError(_("At most %(n)d lines can be read at once.") % {"n": MOST_LINES})
    found: dict[date, CalendarDay] = {}
    wrong = []
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and not cells[0][:1].isdigit()):
            continue
        try:
            day = _day(cells)
            if day.day in found:
                raise ValidationError(_("this day stands there twice"))
            found[day.day] = day
        except (ValidationError, ValueError) as error:
            said = error.messages[0] if isinstance(error, ValidationError) else _("this is no date such as 2027-02-06")
            wrong.append(_("Line %(n)d: %(said)s") % {"n": number, "said": said})
    if wrong:
        raise ValidationError(wrong[:10])
    return list(found.values())


def _day(cells: list[str]) -> CalendarDay:
    day = date.fromisoformat(cells[0])
    word = (cells[1] if len(cells) > 1 else "").lower()
    if word not in OPEN | CLOSED:
        raise ValidationError(_("say open or off in the second column"))
    opening = read_hours(",".join(cells[3:])) if word in OPEN else []
    return CalendarDay(day=day, is_open=word in OPEN, name=(cells[2] if len(cells) > 2 else "")[:80], opening=opening)


def put(calendar: WorkCalendar, days: list[CalendarDay]) -> int:
    """Writes them, each instead of what stood for its date; recorded promises keep their due times."""
    for day in days:
        day.calendar = calendar
    CalendarDay.objects.bulk_create(
        days, update_conflicts=True, unique_fields=["calendar", "day"], update_fields=["is_open", "opening", "name"]
    )
    return len(days)


def write(calendar: WorkCalendar) -> str:
    """All special days of a calendar as a CSV that `read` takes back; spreadsheets see no formula in a name."""
    stream = io.StringIO()
    rows = csv.writer(stream)
    rows.writerow([_("date"), _("open or off"), _("name"), _("hours")])
    for row in calendar.days.order_by("day"):
        hours = write_hours(row.opening) if row.is_open else ""
        rows.writerow([row.day.isoformat(), "open" if row.is_open else "off", row.name.lstrip("=+-@\t\r"), hours])
    return stream.getvalue()
