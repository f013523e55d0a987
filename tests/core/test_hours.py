"""Worked examples of working time, each with its sum explained.

The desk is open 09:00–12:00 and 13:30–18:00, Monday to Friday, in Shanghai: 3 h + 4.5 h = 7.5 h = 27,000 s a day, with
the statutory days off and make-up workdays of 2025 and 2026.
"""

import pickle
from datetime import UTC, date, datetime, timedelta
from datetime import timezone as fixed
from zoneinfo import ZoneInfo

import pytest

from core import statutory
from core.hours import ALWAYS, BadCalendar, NeverOpens, WorkingCalendar

SPLIT = [("09:00", "12:00"), ("13:30", "18:00")]
YEARS = [statutory.china(2025), statutory.china(2026)]
DESK = WorkingCalendar(
    "Asia/Shanghai",
    {day: SPLIT for day in range(5)},
    {day for year in YEARS for day in year.days_off},
    {day: SPLIT for year in YEARS for day in year.extra_days},
)
H = 3600
DAY = 27_000


def at(text: str, zone: str = "Asia/Shanghai") -> datetime:
    """ "2026-03-02 09:00[:SS]" as local time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def daily(zone: str, *spans: tuple[str, str]) -> WorkingCalendar:
    return WorkingCalendar(zone, {day: spans for day in range(7)})


# fmt: off
SUMS = [
    ("2026-03-02 09:00", 1 * H, "2026-03-02 10:00", "one hour of the morning"),
    ("2026-03-02 11:30", 1 * H, "2026-03-02 14:00", "30 min to 12:00, lunch, 30 min from 13:30"),
    ("2026-03-02 09:00", 3 * H, "2026-03-02 12:00", "the morning exactly: its closing, not 13:30"),
    ("2026-03-02 09:00", 3 * H + 1, "2026-03-02 13:30:01", "the morning and one second of the afternoon"),
    ("2026-03-02 09:00", DAY, "2026-03-02 18:00", "3 h + 4.5 h: the day's closing"),
    ("2026-03-02 09:00", DAY + 1, "2026-03-03 09:00:01", "one day and one second of the next"),
    ("2026-03-02 12:00", 1 * H, "2026-03-02 14:30", "a closing is closed: counted from 13:30"),
    ("2026-03-02 12:30", 1 * H, "2026-03-02 14:30", "started at lunch: counted from 13:30"),
    ("2026-03-02 07:00", 1 * H, "2026-03-02 10:00", "started before opening: counted from 09:00"),
    ("2026-03-02 20:00", 1 * H, "2026-03-03 10:00", "started in the evening: counted from Tuesday 09:00"),
    ("2026-03-02 23:59:59", 1 * H, "2026-03-03 10:00", "the last second of Monday is as closed as the evening"),
    ("2026-03-06 17:00", 2 * H, "2026-03-09 10:00", "1 h on Friday, 1 h on Monday"),
    ("2026-03-07 10:00", DAY, "2026-03-09 18:00", "started on Saturday: Monday whole"),
    ("2026-03-02 09:00", 5 * DAY, "2026-03-06 18:00", "5 × 7.5 h: the week"),
    ("2026-03-02 09:00", 10 * DAY, "2026-03-13 18:00", "10 × 7.5 h: two weeks"),
    ("2025-12-31 17:00", 2 * H, "2026-01-04 10:00", "1 h, 1–3 January off, 1 h on the make-up Sunday 4 January"),
    ("2026-01-04 09:00", DAY, "2026-01-04 18:00", "the make-up Sunday is a whole day"),
    ("2026-02-13 17:00", 2 * H, "2026-02-14 10:00", "1 h on Friday, 1 h on the make-up Saturday"),
    ("2026-02-14 17:00", 2 * H, "2026-02-24 10:00", "1 h, Spring Festival 15–23 February, 1 h on Tuesday 24"),
    ("2026-02-27 17:00", 9 * H, "2026-03-02 09:30", "1 h Friday, 7.5 h make-up Saturday 28, 0.5 h Monday"),
    ("2026-04-03 17:00", 2 * H, "2026-04-07 10:00", "1 h, Tomb-Sweeping with its Monday 6 April, 1 h on Tuesday"),
    ("2026-04-30 17:00", 2 * H, "2026-05-06 10:00", "1 h, Labour Day 1–5 May, 1 h on Wednesday 6"),
    ("2026-05-08 17:00", 2 * H, "2026-05-09 10:00", "1 h on Friday, 1 h on the make-up Saturday"),
    ("2026-05-09 17:00", 2 * H, "2026-05-11 10:00", "1 h on the make-up Saturday, 1 h on Monday"),
    ("2026-06-18 17:00", 2 * H, "2026-06-22 10:00", "1 h, Dragon Boat on Friday 19 and the weekend, 1 h on Monday"),
    ("2026-09-18 17:00", 2 * H, "2026-09-20 10:00", "1 h, Saturday off, 1 h on the make-up Sunday"),
    ("2026-09-20 17:00", 2 * H, "2026-09-21 10:00", "1 h on the make-up Sunday, 1 h on Monday"),
    ("2026-09-24 17:00", 2 * H, "2026-09-28 10:00", "1 h, Mid-Autumn on Friday 25 and the weekend, 1 h on Monday"),
    ("2026-09-30 17:00", 2 * H, "2026-10-08 10:00", "1 h, National Day 1–7 October, 1 h on Thursday 8"),
    ("2026-09-30 17:59:59", 2, "2026-10-08 09:00:01", "one second before National Day, one after it"),
    ("2026-10-03 12:00", 1, "2026-10-08 09:00:01", "started within National Day: the first second after it"),
    ("2026-10-09 17:00", 2 * H, "2026-10-10 10:00", "1 h on Friday, 1 h on the make-up Saturday"),
    ("2026-10-10 17:00", 2 * H, "2026-10-12 10:00", "1 h on the make-up Saturday, 1 h on Monday"),
    ("2026-10-08 09:00", 3 * DAY, "2026-10-10 18:00", "Thursday, Friday and the make-up Saturday"),
    ("2026-10-08 09:00", 3 * DAY + 1, "2026-10-12 09:00:01", "those three days, and one second of Monday"),
    ("2026-09-28 09:00", 6 * DAY, "2026-10-10 18:00", "28, 29, 30 September and 8, 9, 10 October"),
    ("2026-03-02 10:00", 0, "2026-03-02 10:00", "nothing added: the start"),
    ("2026-03-02 12:30", 0, "2026-03-02 12:30", "nothing added: the start, though it is closed"),
]
DAYS = [
    ("2026-03-02 10:15", 1, "2026-03-03 10:15", "investigated within 1 working day: Tuesday, same time"),
    ("2026-03-02 10:15", 5, "2026-03-09 10:15", "solved within 5 working days: Monday, same time"),
    ("2026-03-06 16:00", 1, "2026-03-09 16:00", "over the weekend"),
    ("2026-03-07 15:00", 1, "2026-03-10 09:00", "Saturday moves to Monday 09:00, then Tuesday"),
    ("2026-03-07 15:00", 0, "2026-03-09 09:00", "no days: only moved to the opening"),
    ("2026-03-02 20:00", 1, "2026-03-04 09:00", "the evening moves to Tuesday 09:00, then Wednesday"),
    ("2026-03-02 18:00", 1, "2026-03-04 09:00", "the closing is closed: moved like the evening"),
    ("2026-03-02 12:30", 1, "2026-03-03 13:30", "lunch moves to 13:30"),
    ("2026-02-13 16:00", 5, "2026-02-27 16:00", "14, 24, 25, 26 and 27 February"),
    ("2026-09-18 16:00", 5, "2026-09-24 16:00", "Sunday 20, then 21 to 24 September"),
    ("2026-09-24 16:00", 1, "2026-09-28 16:00", "Mid-Autumn and the weekend between"),
    ("2026-09-30 16:00", 1, "2026-10-08 16:00", "National Day between"),
    ("2026-09-30 16:00", 5, "2026-10-13 16:00", "8, 9, 10 (make-up), 12 and 13 October"),
    ("2026-10-01 10:00", 1, "2026-10-09 09:00", "National Day moves to 8 October 09:00, then the 9th"),
    ("2026-10-10 11:00", 1, "2026-10-12 11:00", "from the make-up Saturday to Monday"),
    ("2025-12-31 11:00", 1, "2026-01-04 11:00", "the make-up Sunday is the next working day"),
]
COUNTS = [
    ("2026-03-02 09:00", "2026-03-02 18:00", DAY, "3 h + 4.5 h"),
    ("2026-03-02 12:00", "2026-03-02 13:30", 0, "lunch"),
    ("2026-03-02 11:59:59", "2026-03-02 13:30:01", 2, "a second on either side of lunch"),
    ("2026-03-02 00:00", "2026-03-09 00:00", 5 * DAY, "a week"),
    ("2026-03-02 18:00", "2026-03-02 09:00", -DAY, "backwards"),
    ("2026-02-01 00:00", "2026-03-01 00:00", 16 * DAY, "2–6, 9–14, 24–28 February: 5 + 6 + 5"),
    ("2026-09-28 00:00", "2026-10-12 00:00", 6 * DAY, "28–30 September, 8–10 October"),
    ("2026-10-01 00:00", "2026-10-08 00:00", 0, "National Day"),
    ("2026-10-01 00:00", "2026-11-01 00:00", 18 * DAY, "8–10, 12–16, 19–23, 26–30 October: 3 + 5 + 5 + 5"),
    ("2026-01-01 00:00", "2027-01-01 00:00", 248 * DAY, "261 weekdays − 19 days off + 6 make-up workdays"),
]
NIGHT = (("00:00", "06:00"), ("22:00", "24:00"))
SUMMER = [
    ("America/New_York", [("00:00", "24:00")], "2026-03-08 00:00", "2026-03-09 00:00", 23 * H, "a day of 23 hours"),
    ("America/New_York", [("00:00", "24:00")], "2026-11-01 00:00", "2026-11-02 00:00", 25 * H, "a day of 25 hours"),
    ("America/New_York", NIGHT, "2026-03-07 12:00", "2026-03-08 12:00", 7 * H, "2 h, then 6 h less the skipped one"),
    ("America/New_York", NIGHT, "2026-10-31 12:00", "2026-11-01 12:00", 9 * H, "2 h, then 6 h and the repeated one"),
    ("America/New_York", [("09:00", "17:00")], "2026-03-08 00:00", "2026-03-09 00:00", 8 * H, "the day is untouched"),
    ("America/New_York", [("02:15", "02:45")], "2026-03-08 00:00", "2026-03-09 00:00", 0, "02:00–03:00 does not occur"),
    ("America/New_York", [("01:30", "09:00")], "2026-11-01 00:00", "2026-11-02 00:00", 8 * H, "01:30–02:00 twice"),
    ("Europe/Berlin", [("01:00", "04:00")], "2026-03-29 00:00", "2026-03-30 00:00", 2 * H, "02:00–03:00 is skipped"),
    ("Europe/Berlin", [("01:00", "04:00")], "2026-10-25 00:00", "2026-10-26 00:00", 4 * H, "02:00–03:00 comes twice"),
    ("Australia/Lord_Howe", [("01:00", "03:00")], "2026-10-04 00:00", "2026-10-05 00:00", 5400, "2 h less 30 min"),
    ("Australia/Lord_Howe", [("01:00", "03:00")], "2026-04-05 00:00", "2026-04-06 00:00", 9000, "2 h and 30 min"),
    ("Asia/Shanghai", [("00:00", "24:00")], "2026-03-08 00:00", "2026-03-09 00:00", 24 * H, "no summer time"),
]
BAD = [
    (("Mars/Olympus", {}), "zone"),
    (("", {}), "zone"),
    (("../etc/passwd", {}), "zone"),
    (("Asia", {}), "zone"),
    ((None, {}), "zone"),
    (("UTC", {7: []}), "weekdays"),
    (("UTC", {"0": []}), "weekdays"),
    (("UTC", {0: [("12:00", "09:00")]}), "ends before"),
    (("UTC", {0: [("22:00", "06:00")]}), "ends before"),
    (("UTC", {0: [("09:00", "09:00")]}), "ends before"),
    (("UTC", {0: [("24:00", "24:00")]}), "ends before"),
    (("UTC", {0: [("09:00", "12:00"), ("11:59", "18:00")]}), "weekday 0.*before another ends"),
    (("UTC", {0: [("09:00", "12:00"), ("09:00", "12:00")]}), "before another ends"),
    (("UTC", {0: [("09:00", "24:01")]}), "24:01"),
    (("UTC", {0: [("09:00", "17:60")]}), "17:60"),
    (("UTC", {0: [("9:00", "17:00")]}), "9:00"),
    (("UTC", {0: [("-1:00", "17:00")]}), "-1:00"),
    (("UTC", {0: [(9, 17)]}), "not a time"),
    (("UTC", {0: ["09:00"]}), "pairs"),
    (("UTC", {0: [("09:00",)]}), "pairs"),
    (("UTC", {0: 5}), "pairs"),
    (("UTC", {}, {"2026-10-01"}), "dates"),
    (("UTC", {}, {datetime(2026, 10, 1, tzinfo=UTC)}), "dates"),
    (("UTC", {}, set(), {date(2026, 10, 10): [("12:00", "09:00")]}), "2026-10-10.*ends before"),
]
# fmt: on


@pytest.mark.parametrize(("start", "seconds", "due", "why"), SUMS)
def test_a_sum_of_working_seconds_ends_here(start, seconds, due, why):
    result = DESK.add(at(start), seconds)
    assert result == at(due), why
    assert result.tzinfo is UTC
    assert DESK.between(at(start), result) == seconds


@pytest.mark.parametrize(("start", "days", "due", "why"), DAYS)
def test_a_promise_of_working_days_ends_here(start, days, due, why):
    assert DESK.add_days(at(start), days) == at(due), why


@pytest.mark.parametrize(("start", "end", "seconds", "why"), COUNTS)
def test_between_two_instants_lie_so_many_seconds(start, end, seconds, why):
    assert DESK.between(at(start), at(end)) == seconds, why


@pytest.mark.parametrize(("zone", "spans", "start", "end", "seconds", "why"), SUMMER)
def test_summer_time_counts_real_seconds(zone, spans, start, end, seconds, why):
    assert daily(zone, *spans).between(at(start, zone), at(end, zone)) == seconds, why


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_a_calendar_that_makes_no_sense_is_refused_with_its_reason(arguments, message):
    with pytest.raises(BadCalendar, match=message):
        WorkingCalendar(*arguments)


def test_a_day_and_night_over_the_spring_change_end_an_hour_later_on_the_clock():
    calendar = daily("America/New_York", ("00:00", "24:00"))
    start = at("2026-03-07 12:00", "America/New_York")
    assert calendar.add(start, 24 * H) == at("2026-03-08 13:00", "America/New_York")


def test_a_shift_that_the_spring_change_swallows_is_worked_a_day_later():
    calendar = daily("America/New_York", ("02:15", "02:45"))
    start = at("2026-03-08 00:00", "America/New_York")
    assert calendar.add(start, 1) == at("2026-03-09 02:15:01", "America/New_York")
    assert calendar.next_open(start) == at("2026-03-09 02:15", "America/New_York")


def test_a_repeated_half_hour_is_open_twice_with_a_gap_between():
    calendar = daily("America/New_York", ("01:30", "09:00"))
    start = at("2026-11-01 00:00", "America/New_York")
    assert [(a.strftime("%H:%M"), b.strftime("%H:%M")) for a, b in calendar.intervals(start, start + timedelta(1))] == [
        ("05:30", "06:00"),
        ("06:30", "14:00"),
    ]


def test_working_days_at_a_skipped_time_end_at_the_change_and_at_a_repeated_time_the_first_time():
    calendar = daily("America/New_York", ("00:00", "24:00"))
    assert calendar.add_days(at("2026-03-07 02:30", "America/New_York"), 1) == datetime(2026, 3, 8, 7, tzinfo=UTC)
    assert calendar.add_days(at("2026-10-31 01:30", "America/New_York"), 1) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_working_days_to_a_day_of_other_hours_end_at_its_opening_or_last_closing():
    week = {0: [("09:00", "18:00")], 1: [("10:00", "12:00"), ("14:00", "16:00")]}
    calendar = WorkingCalendar("Asia/Shanghai", week)
    for start, due in [("09:15", "10:00"), ("11:00", "11:00"), ("13:00", "12:00"), ("17:00", "16:00")]:
        assert calendar.add_days(at(f"2026-03-02 {start}"), 1) == at(f"2026-03-03 {due}")


def test_extra_days_win_over_the_week_and_over_days_off():
    day = date(2026, 10, 10)
    calendar = WorkingCalendar("Asia/Shanghai", {5: SPLIT}, {day}, {day: [("20:00", "21:00")]})
    assert calendar.between(at("2026-10-10 00:00"), at("2026-10-11 00:00")) == H
    closed = WorkingCalendar("Asia/Shanghai", {5: SPLIT}, (), {day: []})
    assert closed.between(at("2026-10-10 00:00"), at("2026-10-11 00:00")) == 0


def test_openings_are_open_and_closings_closed():
    opens, closes = ["09:00", "11:59:59", "13:30", "17:59:59"], ["08:59:59", "12:00", "13:29:59", "18:00"]
    assert [DESK.is_open(at(f"2026-03-02 {clock}")) for clock in opens + closes] == [True] * 4 + [False] * 4


def test_the_last_minute_before_midnight_is_open_when_the_day_ends_at_24():
    calendar = daily("Asia/Shanghai", ("00:00", "24:00"))
    assert calendar.is_open(at("2026-03-02 23:59:59"))
    assert calendar.intervals(at("2026-03-02 23:00"), at("2026-03-03 01:00")) == [
        (at("2026-03-02 23:00"), at("2026-03-03 01:00"))
    ]


def test_next_open_is_the_instant_itself_when_open():
    start = at("2026-03-02 09:00").replace(microsecond=5)
    assert DESK.next_open(start) == start
    assert DESK.next_open(at("2026-10-01 00:00")) == at("2026-10-08 09:00")


def test_a_fraction_of_a_second_is_cut_off():
    start = at("2026-03-02 09:00").replace(microsecond=900_000)
    assert DESK.add(start, 1) == at("2026-03-02 09:00:01")
    assert DESK.between(start, at("2026-03-02 09:00:02").replace(microsecond=1)) == 2
    assert DESK.add(start, 0) == start


def test_the_zone_of_an_argument_does_not_matter():
    start = at("2026-03-02 11:30")
    for zone in (UTC, ZoneInfo("America/New_York"), fixed(timedelta(hours=-7, minutes=-30))):
        assert DESK.add(start.astimezone(zone), H) == at("2026-03-02 14:00")


@pytest.mark.parametrize("calendar", [WorkingCalendar("UTC", {}), WorkingCalendar("UTC", {0: []})])
def test_a_calendar_without_hours_never_opens(calendar):
    start = at("2026-03-02 09:00")
    for ask in (lambda: calendar.add(start, 1), lambda: calendar.add_days(start, 0), lambda: calendar.next_open(start)):
        with pytest.raises(NeverOpens):
            ask()
    assert calendar.between(start, start + timedelta(days=400)) == 0
    assert not calendar.is_open(start)


def test_a_calendar_of_extra_days_alone_opens_on_them_however_far_and_never_again():
    calendar = WorkingCalendar("America/New_York", {}, (), {date(2090, 1, 1): [("09:00", "10:00")]})
    start, opening = at("2026-03-02 09:00"), at("2090-01-01 09:00", "America/New_York")
    assert calendar.next_open(start) == opening
    assert calendar.add(start, H) == opening + timedelta(hours=1)
    for ask in (lambda: calendar.add(start, H + 1), lambda: calendar.add_days(start, 1)):
        with pytest.raises(NeverOpens):
            ask()


def test_a_sum_beyond_all_time_never_opens():
    with pytest.raises(NeverOpens):
        ALWAYS.add(at("2026-03-02 09:00"), 10**15)


def test_wrong_arguments_are_refused():
    start = at("2026-03-02 09:00")
    for ask in (
        lambda: DESK.add(start, -1),
        lambda: DESK.add_days(start, -1),
        lambda: DESK.add(start.replace(tzinfo=None), 1),
        lambda: DESK.add(start.replace(tzinfo=None), 0),
        lambda: DESK.is_open(start.replace(tzinfo=None)),
    ):
        with pytest.raises(ValueError):
            ask()
    with pytest.raises(TypeError):
        DESK.add(start, 1.5)


def test_equal_calendars_are_one_key_and_survive_pickling():
    week = {day: tuple(reversed(SPLIT)) for day in reversed(range(5))}
    same = WorkingCalendar("Asia/Shanghai", week, set(DESK.days_off), dict.fromkeys(dict(DESK.extra_days), SPLIT))
    again = pickle.loads(pickle.dumps(DESK))  # noqa: S301
    assert {DESK, same, again} == {DESK}
    assert again.add(at("2026-09-30 17:00"), 2 * H) == at("2026-10-08 10:00")
    assert WorkingCalendar("Asia/Tokyo", week) != WorkingCalendar("Asia/Shanghai", week)
    with pytest.raises(AttributeError):
        DESK.timezone = "UTC"
