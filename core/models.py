"""The ground under every app: events that nothing rewrites, and calendars of working time."""

import json
from datetime import date, timedelta
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.hours import BadCalendar, WorkingCalendar
from core.redaction import FreeJSONField, WithOriginals


class Event(WithOriginals):
    """One thing that happened, told with plain ids so that no app needs to know another. Append-only."""

    at = models.DateTimeField(_("at"), default=timezone.now)
    kind = models.CharField(_("kind"), max_length=40)
    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    ticket_id = models.BigIntegerField(null=True)
    customer_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=120, blank=True)
    data = FreeJSONField(default=dict)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["ticket_id", "id"], name="event_by_ticket"),
            models.Index(fields=["customer_id", "-id"], name="event_by_customer"),
            models.Index(fields=["kind", "id"], name="event_by_kind"),
        ]

    def __str__(self):
        return f"{self.kind} {self.subject_type} {self.subject_id}"


class CalendarQuerySet(models.QuerySet["WorkCalendar"]):
    def standard(self) -> "WorkCalendar | None":
        """The calendar that promises in working time use when their policy names none."""
        return self.order_by("-is_default", "pk").first()


class WorkCalendar(models.Model):
    """A week of opening hours in one zone; `hours()` turns it into pure working time."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    timezone = models.CharField(_("time zone"), max_length=60, default=settings.TIME_ZONE)
    week = models.JSONField(
        _("week"),
        default=dict,
        blank=True,
        help_text=_('Opening hours by weekday, 0 = Monday: {"0": [["08:30", "12:00"], ["13:30", "17:30"]]}'),
    )
    is_default = models.BooleanField(_("default"), default=False)
    history = HistoricalRecords()
    objects = CalendarQuerySet.as_manager()

    class Meta:
        verbose_name = _("working calendar")
        verbose_name_plural = _("working calendars")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_calendar"
            )
        ]

    def __str__(self):
        return self.name

    def clean(self):
        try:
            working_calendar(self, [])
        except (BadCalendar, ValueError, TypeError, AttributeError) as error:
            raise ValidationError({"week": str(error)}) from error

    def hours(self) -> WorkingCalendar:
        """Its working time; the special days are read where they are not those of the last time."""
        key = (self.timezone, json.dumps(self.week, sort_keys=True))
        with connection.cursor() as cursor:
            cursor.execute(DIGEST, [self.pk])
            found = _known.get((*key, cursor.fetchone()[0]))
            if found is None:
                cursor.execute(DAYS, [self.pk])
                digest, rows = cursor.fetchone()
                days = [(date.fromisoformat(day), is_open, opening) for day, is_open, opening in json.loads(rows)]
                found = working_calendar(self, days)
                if len(_known) >= MOST_KNOWN:
                    _known.clear()
                _known[*key, digest] = found
        return found


_known: dict[tuple, WorkingCalendar] = {}
MOST_KNOWN = 64
DIGEST = """
SELECT coalesce(md5(string_agg(concat_ws(' ', day, is_open, opening), ',' ORDER BY day)), '')
FROM core_calendarday WHERE calendar_id = %s
"""
DAYS = """
SELECT coalesce(md5(string_agg(concat_ws(' ', day, is_open, opening), ',' ORDER BY day)), ''),
    coalesce(json_agg(json_build_array(day, is_open, opening) ORDER BY day), '[]')::text
FROM core_calendarday WHERE calendar_id = %s
"""


class CalendarDay(models.Model):
    """A day that departs from the week: a holiday, or a make-up workday 调休上班日."""

    calendar = models.ForeignKey(WorkCalendar, models.CASCADE, related_name="days", verbose_name=_("calendar"))
    day = models.DateField(_("day"))
    is_open = models.BooleanField(_("open (make-up workday)"), default=False)
    opening = models.JSONField(
        _("hours"), default=list, blank=True, help_text=_("Empty: the hours of an ordinary Monday.")
    )
    name = models.CharField(_("name"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["calendar", "day"], name="one_row_per_calendar_day")]

    def __str__(self):
        return f"{self.day} {self.name}"


def working_calendar(row: WorkCalendar, days: list[tuple[date, bool, list]]) -> WorkingCalendar:
    """Builds the pure calendar of a row and its special days; equal content gives the same cached object."""
    week = tuple((int(day), tuple(tuple(span) for span in spans)) for day, spans in sorted(row.week.items()))
    monday = dict(week).get(0, ())
    off = frozenset(day for day, is_open, _opening in days if not is_open)
    extra = tuple(
        (day, tuple(tuple(span) for span in opening) or monday) for day, is_open, opening in sorted(days) if is_open
    )
    return _cached(row.timezone, week, off, extra)


@lru_cache(maxsize=64)
def _cached(zone, week, off, extra) -> WorkingCalendar:
    return WorkingCalendar(
        zone,
        {day: list(spans) for day, spans in week},
        set(off),
        {day: list(spans) for day, spans in extra},
    )


def missing_years(calendar: WorkCalendar, today: date) -> list[int]:
    """Years in use (this one, and the next from October on) for which the calendar holds no special day."""
    years = {today.year, (today + timedelta(days=92)).year}
    known = set(calendar.days.values_list("day__year", flat=True).distinct())
    return sorted(years - known)


def unannounced_years(calendar: WorkCalendar, today: date) -> list[int]:
    """Years in use with days off but no make-up workday, of a calendar that knows such days: not yet announced."""
    rows = set(calendar.days.values_list("day__year", "is_open").distinct())
    if not any(is_open for _year, is_open in rows):
        return []
    years = {today.year, (today + timedelta(days=92)).year}
    return sorted(year for year in years if (year, False) in rows and (year, True) not in rows)


class SearchProgress(models.Model):
    """How far the words of one kind of rows have been written anew; see `core.search.rebuild`."""

    kind = models.CharField(max_length=80, unique=True)
    last_id = models.BigIntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("progress of the search index")
        verbose_name_plural = _("progress of the search index")

    def __str__(self):
        return f"{self.kind} {self.last_id}"


class Stamp(models.Model):
    """Changes with every change of a group of tables; triggers write it, see `core.stamps`."""

    name = models.CharField(max_length=40, primary_key=True)
    value = models.UUIDField()

    class Meta:
        verbose_name = _("stamp of a group of tables")
        verbose_name_plural = _("stamps of groups of tables")

    def __str__(self):
        return self.name
