"""Working time against a counter that knows nothing but the wall clock: it asks of every minute whether it is open.

Openings, closings and summer changes all fall on whole minutes, so counting minutes is exact. A fifth of the examples
is drawn unless PROPERTY_SHARE says how many of a hundred.
"""

import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.hours import NeverOpens, WorkingCalendar

SHARE = int(os.environ.get("PROPERTY_SHARE", "20"))


def examples(most: int):
    return settings(max_examples=max(most * SHARE // 100, 10), deadline=None)


# Around each zone's changes of 2026 (Cairo's at midnight, Lord Howe's of 30 minutes, Casablanca's for Ramadan).
ZONES = {
    "Asia/Shanghai": [date(2026, 10, 1)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "Europe/Berlin": [date(2026, 3, 29), date(2026, 10, 25)],
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],
    "Africa/Casablanca": [date(2026, 2, 15), date(2026, 3, 22)],
    "Africa/Cairo": [date(2026, 4, 24), date(2026, 10, 30)],
    "America/St_Johns": [date(2006, 4, 2), date(2006, 10, 29)],
    "Asia/Kathmandu": [date(2026, 1, 1)],
    "Pacific/Apia": [date(2011, 12, 30)],
    "Pacific/Kiritimati": [date(2026, 12, 31)],
    "Etc/GMT+12": [date(2026, 1, 1)],
}
SHAPES = [
    [("09:00", "12:00"), ("13:30", "18:00")],
    [("22:00", "24:00")],
    [("00:00", "06:00"), ("22:00", "24:00")],
    [("00:00", "24:00")],
    [("01:45", "02:15")],
    [("02:10", "02:50"), ("03:00", "03:01")],
    [("23:59", "24:00")],
    [],
]


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@st.composite
def spans(draw):
    if draw(st.booleans()):
        return draw(st.sampled_from(SHAPES))
    edges = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
    return [(clock(a), clock(b)) for a, b in zip(edges[::2], edges[1::2], strict=False)]


@st.composite
def cases(draw):
    """A calendar, what it was made of, and an instant within days of a change of its zone."""
    zone = draw(st.sampled_from(sorted(ZONES)))
    around = draw(st.sampled_from(ZONES[zone]))
    near = st.integers(-8, 5).map(lambda days: around + timedelta(days=days))
    week = draw(st.dictionaries(st.integers(0, 6), spans(), max_size=7))
    if draw(st.booleans()):
        week = dict.fromkeys(range(7), draw(spans()))
    off = draw(st.sets(near, max_size=3))
    extra = draw(st.dictionaries(near, spans(), max_size=3))
    start = datetime(around.year, around.month, around.day, tzinfo=UTC)
    start += timedelta(minutes=draw(st.integers(-10 * 1440, 4 * 1440)))
    return WorkingCalendar(zone, week, off, extra), (zone, week, off, extra), start


def is_open(parts, at: datetime) -> bool:
    zone, week, off, extra = parts
    local = at.astimezone(ZoneInfo(zone))
    day, now = local.date(), f"{local:%H:%M}"
    usual = [] if day in off else week.get(day.weekday(), [])
    return any(opening <= now < closing for opening, closing in extra.get(day, usual))


def counted(parts, start: datetime, end: datetime) -> int:
    minutes = int((end - start) / timedelta(minutes=1))
    return 60 * sum(is_open(parts, start + timedelta(minutes=i)) for i in range(minutes))


LENGTHS = st.integers(0, 4 * 1440).map(lambda minutes: timedelta(minutes=minutes))
SECONDS = st.one_of(st.integers(0, 400_000), st.integers(0, 60).map(lambda hours: hours * 3600))
AT = st.integers(-3_000_000, 3_000_000).map(lambda seconds: timedelta(seconds=seconds))
FRACTION = st.integers(0, 999_999).map(lambda micros: timedelta(microseconds=micros))


@examples(150)
@given(cases(), LENGTHS)
def test_between_is_what_the_counter_counts(case, length):
    calendar, parts, start = case
    assert calendar.between(start, start + length) == counted(parts, start, start + length)


@examples(40)
@given(cases(), st.integers(0, 7200), st.integers(0, 7200))
def test_between_is_right_to_the_second(case, offset, length):
    calendar, parts, start = case
    first = start + timedelta(seconds=offset)
    seconds = sum(is_open(parts, first + timedelta(seconds=i)) for i in range(length))
    assert calendar.between(first, first + timedelta(seconds=length)) == seconds


@examples(100)
@given(cases(), st.integers(1, 1500))
def test_add_returns_the_first_instant_at_which_the_counter_is_there(case, minutes):
    calendar, parts, start = case
    end = start + timedelta(days=4)
    at = start
    left = minutes
    while left and at < end:
        left -= is_open(parts, at)
        at += timedelta(minutes=1)
    assume(not left)
    assert calendar.add(start, minutes * 60) == at


@examples(100)
@given(cases(), LENGTHS)
def test_is_open_and_next_open_agree_with_the_counter(case, length):
    calendar, parts, start = case
    at = start + length
    assert calendar.is_open(at) == is_open(parts, at)
    nearby = (at + timedelta(minutes=i) for i in range(2 * 1440))
    first = next((minute for minute in nearby if is_open(parts, minute)), None)
    if first is not None:
        assert calendar.next_open(at) == first


@examples(80)
@given(cases(), LENGTHS)
def test_intervals_are_the_open_minutes_apart_in_order_and_add_up(case, length):
    calendar, parts, start = case
    found = calendar.intervals(start, start + length)
    assert sum(int((b - a).total_seconds()) for a, b in found) == calendar.between(start, start + length)
    assert all(a < b for a, b in found)
    assert all(b < c for (_, b), (c, _) in zip(found, found[1:], strict=False))
    for a, b in found:
        assert is_open(parts, a) and is_open(parts, b - timedelta(minutes=1))
        assert a == start or not is_open(parts, a - timedelta(minutes=1))
        assert b == start + length or not is_open(parts, b)


def sums(calendar, start, *seconds):
    try:
        return [calendar.add(start, count) for count in seconds]
    except NeverOpens:
        assume(False)


@examples(200)
@given(cases(), AT, FRACTION, SECONDS)
def test_between_start_and_a_sum_is_the_sum(case, at, fraction, seconds):
    calendar, _, start = case
    start += at + fraction
    (due,) = sums(calendar, start, seconds)
    assert due.tzinfo is UTC and due >= start
    assert calendar.between(start, due) == seconds
    if seconds:
        assert calendar.between(start, due - timedelta(seconds=1)) == seconds - 1


@examples(150)
@given(cases(), AT, FRACTION, SECONDS, SECONDS)
def test_sums_add_up_and_grow(case, at, fraction, one, two):
    calendar, _, start = case
    start += at + fraction
    first, both = sums(calendar, start, one, one + two)
    assert first <= both
    assert sums(calendar, first, two) == [both]


@examples(150)
@given(cases(), AT, AT, FRACTION, SECONDS)
def test_a_later_start_is_never_due_earlier(case, one, two, fraction, seconds):
    calendar, _, start = case
    early, late = sorted((start + one, start + two + fraction))
    (due,), (later,) = sums(calendar, early, seconds), sums(calendar, late, seconds)
    assert due <= later


@examples(150)
@given(cases(), AT, AT, AT, FRACTION)
def test_between_adds_up_and_turns_its_sign(case, one, two, three, fraction):
    calendar, _, start = case
    a, b, c = start + one, start + two + fraction, start + three
    assert calendar.between(a, b) + calendar.between(b, c) == calendar.between(a, c)
    assert calendar.between(a, b) == -calendar.between(b, a)
    assert abs(calendar.between(a, c)) <= abs(c - a) // timedelta(seconds=1)


def counted_days(parts, start: datetime, days: int) -> datetime | None:
    """add_days by walking minutes: the rule of the procedure read word by word, for days without a change."""
    zone = ZoneInfo(parts[0])
    minute = timedelta(minutes=1)
    opened = next((start + i * minute for i in range(4 * 1440) if is_open(parts, start + i * minute)), None)
    if opened is None:
        return None
    if not days:
        return opened
    local = opened.astimezone(zone)
    day, left = local.date(), days
    for _ in range(12):
        day += timedelta(days=1)
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        minutes = [midnight + i * minute for i in range(1440)]
        openings = [at for at in minutes if is_open(parts, at)]
        left -= bool(openings)
        if not left:
            target = midnight + timedelta(hours=local.hour, minutes=local.minute)
            if is_open(parts, target) or target < openings[0]:
                return max(target, openings[0])
            return max(at for at in openings if at < target) + minute
    return None


@examples(60)
@given(cases(), st.sampled_from(["Asia/Shanghai", "Asia/Kathmandu", "Etc/GMT+12"]), st.integers(0, 4))
def test_working_days_end_where_the_rule_read_word_by_word_ends(case, zone, days):
    _, (_, week, off, extra), start = case
    expected = counted_days((zone, week, off, extra), start, days)
    assume(expected is not None)
    assert WorkingCalendar(zone, week, off, extra).add_days(start, days) == expected


@examples(100)
@given(cases(), AT, st.integers(1, 8))
def test_working_days_end_in_or_at_the_close_of_an_open_day(case, at, days):
    calendar, _, start = case
    try:
        due, later = calendar.add_days(start + at, days), calendar.add_days(start + at, days + 1)
    except NeverOpens:
        assume(False)
    assert start + at < due <= later
    assert calendar.is_open(due) or calendar.is_open(due - timedelta(seconds=1))


@pytest.mark.parametrize("zone", sorted(ZONES))
def test_a_desk_that_never_closes_counts_every_second_in_every_zone(zone):
    calendar = WorkingCalendar(zone, dict.fromkeys(range(7), [("00:00", "24:00")]))
    start = datetime(2006, 1, 1, tzinfo=UTC)
    end = start + timedelta(days=8000, seconds=17)
    assert calendar.between(start, end) == 8000 * 86400 + 17
    assert calendar.add(start, 8000 * 86400 + 17) == end
    assert calendar.intervals(start, start + timedelta(days=800)) == [(start, start + timedelta(days=800))]


@pytest.mark.parametrize("shape", [SHAPES[2], SHAPES[4]])
@pytest.mark.parametrize(("zone", "change"), [(zone, change) for zone in sorted(ZONES) for change in ZONES[zone]])
def test_weeks_before_and_after_a_change_are_counted_right_one_after_the_other(zone, change, shape):
    parts = (zone, dict.fromkeys(range(7), shape), set(), {})
    calendar = WorkingCalendar(*parts)
    middle = datetime(change.year, change.month, change.day, tzinfo=UTC)
    for days in (-10, -3, 0, 4):
        start = middle + timedelta(days=days)
        assert calendar.between(start, start + timedelta(days=6)) == counted(parts, start, start + timedelta(days=6))
