"""Quiet hours over midnight and summer time."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staff import quiet

DAILY = range(7)
NIGHT = {"starts": time(21, 0), "ends": time(8, 0)}


def local(zone, text):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "at", "days", "ends"),
    [
        ("Asia/Shanghai", "2026-05-08T20:59:59", DAILY, None),
        ("Asia/Shanghai", "2026-05-08T21:00:00", DAILY, "2026-05-09T08:00:00"),
        ("Asia/Shanghai", "2026-05-09T00:00:00", DAILY, "2026-05-09T08:00:00"),  # over midnight
        ("Asia/Shanghai", "2026-05-09T08:00:00", DAILY, None),  # the end is not quiet
        ("Asia/Shanghai", "2026-05-09T03:00:00", [4], "2026-05-09T08:00:00"),  # Saturday's small hours are Friday's
        ("Asia/Shanghai", "2026-05-09T22:00:00", [4], None),
        ("Europe/Berlin", "2026-03-28T23:00:00", DAILY, "2026-03-29T08:00:00"),  # 10 hours of night, one is lost
        ("Europe/Berlin", "2026-10-24T23:00:00", DAILY, "2026-10-25T08:00:00"),
    ],
)
def test_a_night_is_quiet_until_the_clock_says_morning(zone, at, days, ends):
    found = quiet.quiet_until(local(zone, at), days=days, zone=ZoneInfo(zone), **NIGHT)
    assert found == (local(zone, ends) if ends else None)


def test_the_night_of_summer_time_is_an_hour_shorter():
    at = local("Europe/Berlin", "2026-03-28T21:00:00")
    assert quiet.quiet_until(at, days=DAILY, zone=ZoneInfo("Europe/Berlin"), **NIGHT) - at == timedelta(hours=10)


times = st.times().map(lambda value: value.replace(second=0, microsecond=0))
moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])


@given(at=moments, starts=times, ends=times, days=st.sets(st.integers(0, 6)), zone=zones.map(ZoneInfo))
def test_quiet_hours_end_later_and_outside_of_themselves(at, starts, ends, days, zone):
    if starts == ends:
        return
    end = quiet.quiet_until(at, starts=starts, ends=ends, days=days, zone=zone)
    if end is None:
        return
    assert at < end <= at + timedelta(hours=25)
    # Only where the clocks change can one stretch reach into the next.
    again = quiet.quiet_until(end, starts=starts, ends=ends, days=days, zone=zone)
    assert again is None or end.astimezone(zone).utcoffset() != (end - timedelta(days=1)).astimezone(zone).utcoffset()


@given(at=moments, hour=times, zone=zones.map(ZoneInfo))
def test_digests_come_later_and_within_their_hour_or_day(at, hour, zone):
    assert timedelta(0) < quiet.next_hour(at, zone=zone) - at <= timedelta(hours=1)
    assert quiet.next_hour(at, zone=zone).astimezone(zone).minute == 0 or zone.key == "Australia/Lord_Howe"
    assert timedelta(0) < quiet.next_day(at, time_of_day=hour, zone=zone) - at <= timedelta(hours=25)
