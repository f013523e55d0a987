"""The calendars that a new installation starts with; the admin's from then on."""

from django.utils import timezone

from core import statutory
from core.models import CalendarDay, WorkCalendar

MORNING, AFTERNOON = ["08:30", "12:00"], ["13:30", "17:30"]


def fill() -> None:
    """Writes the standard calendars where there are none."""
    if WorkCalendar.objects.exists():
        return
    office = WorkCalendar.objects.create(
        name="工作日 Office hours",
        timezone="Asia/Shanghai",
        week={str(day): [MORNING, AFTERNOON] for day in range(5)},
        is_default=True,
    )
    WorkCalendar.objects.create(
        name="24×7", timezone="Asia/Shanghai", week={str(day): [["00:00", "24:00"]] for day in range(7)}
    )
    # The past too: imported records are judged by the days of their time.
    for year in statutory.known_years(timezone.localdate().year + 1):
        fill_statutory(office, year)


def fill_statutory(calendar: WorkCalendar, year: int) -> int:
    """Adds China's days off and make-up workdays of a year; rows that exist already are left alone."""
    known = statutory.china(year)
    rows = [CalendarDay(calendar=calendar, day=day, is_open=False) for day in sorted(known.days_off)]
    rows += [CalendarDay(calendar=calendar, day=day, is_open=True, name="调休") for day in sorted(known.extra_days)]
    return len(CalendarDay.objects.bulk_create(rows, ignore_conflicts=True))
