"""Quiet hours and the times of digests: pure, in the person's own time zone, right over midnight and summer time."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def quiet_until(
    at: datetime, *, starts: time, ends: time, days: Collection[int], zone: ZoneInfo
) -> datetime | None:
    """The end, in UTC, of the quiet stretch that `at` lies in; None outside of one.

    A stretch begins on one of `days` (0 = Monday) and, where it ends at or before its start, on the next day.
    """
    today = at.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        if day.weekday() in days:
            last = day if ends > starts else day + timedelta(days=1)
            end = _moment(last, ends, zone)
            if _moment(day, starts, zone) <= at < end:
                return end
    return None


def next_hour(at: datetime, *, zone: ZoneInfo) -> datetime:
    """The next full hour on the person's clock, later than `at`."""
    local = at.astimezone(zone)
    passed = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return at.astimezone(UTC) - passed + timedelta(hours=1)


def next_day(at: datetime, *, time_of_day: time, zone: ZoneInfo) -> datetime:
    """The next time the person's clock shows `time_of_day`, later than `at`."""
    today = at.astimezone(zone).date()
    moment = _moment(today, time_of_day, zone)
    return moment if moment > at else _moment(today + timedelta(days=1), time_of_day, zone)


def _moment(day: date, hour: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, hour, tzinfo=zone).astimezone(UTC)
