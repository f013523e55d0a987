"""Calendars that lack the special days of a year in use, so that somebody is told before a promise counts wrongly."""

from datetime import date

from django.db.models import Exists, OuterRef, Q

from core.models import CalendarDay, WorkCalendar, missing_years, unannounced_years

Gap = tuple[WorkCalendar, int]  # and the year


def missing(today: date) -> list[Gap]:
    """Calendars that keep special days but have none of a year in use."""
    special = CalendarDay.objects.filter(calendar=OuterRef("pk"))
    kept = WorkCalendar.objects.filter(Q(is_default=True) | Exists(special))
    return [(calendar, year) for calendar in kept for year in missing_years(calendar, today)]


def unannounced(today: date) -> list[Gap]:
    """Calendars that know make-up workdays, but none of a year in use yet."""
    kept = WorkCalendar.objects.filter(days__is_open=True).distinct()
    return [(calendar, year) for calendar in kept for year in unannounced_years(calendar, today)]
