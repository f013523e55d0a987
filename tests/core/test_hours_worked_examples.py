"""Sums done by counting, minute by minute or by hand, with the steps in words: `worked_examples.csv`."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from core import statutory
from core.hours import WorkingCalendar

EXAMPLES = list(csv.DictReader(Path(__file__).with_name("worked_examples.csv").open(encoding="utf-8")))


def days(first: str, last: str) -> list[date]:
    begin, end = date.fromisoformat(f"2026-{first}"), date.fromisoformat(f"2026-{last}")
    return [begin + timedelta(days=n) for n in range((end - begin).days + 1)]


# As the State Council announced them: 元旦 春节 清明 劳动节 端午 中秋 国庆, and the make-up workdays 调休.
OFF = [
    *days("01-01", "01-03"), *days("02-15", "02-23"), *days("04-04", "04-06"), *days("05-01", "05-05"),
    *days("06-19", "06-21"), *days("09-25", "09-27"), *days("10-01", "10-07"),
]  # fmt: skip
MADE_UP = [date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20),
           date(2026, 10, 10)]  # fmt: skip
OFFICE, SPLIT = [("08:30", "12:00"), ("13:30", "17:30")], [("09:00", "12:00"), ("13:00", "18:00")]
DAY, NIGHT = [("00:00", "24:00")], [("00:00", "06:00"), ("22:00", "24:00")]


def weekdays(hours, count=5):
    return dict.fromkeys(range(count), hours)


CALENDARS = {
    "office": WorkingCalendar("Asia/Shanghai", weekdays(OFFICE), OFF, dict.fromkeys(MADE_UP, OFFICE)),
    "split": WorkingCalendar("Asia/Shanghai", weekdays(SPLIT), OFF, dict.fromkeys(MADE_UP, SPLIT)),
    "round the clock": WorkingCalendar("Asia/Shanghai", weekdays(DAY, 7)),
    "night": WorkingCalendar("Asia/Shanghai", weekdays(NIGHT, 7)),
    "evening": WorkingCalendar("Asia/Shanghai", weekdays([("18:00", "24:00")])),
    "saturdays": WorkingCalendar("Asia/Shanghai", {5: [("10:00", "14:00")]}),
    "berlin": WorkingCalendar("Europe/Berlin", weekdays(SPLIT)),
    "berlin night": WorkingCalendar("Europe/Berlin", weekdays(NIGHT, 7)),
    "new york": WorkingCalendar("America/New_York", weekdays([("09:00", "17:00")])),
    "new york round the clock": WorkingCalendar("America/New_York", weekdays(DAY, 7)),
    "lord howe": WorkingCalendar("Australia/Lord_Howe", weekdays(DAY, 7)),
    "sydney": WorkingCalendar("Australia/Sydney", weekdays([("08:00", "16:00")])),
    "sydney night": WorkingCalendar("Australia/Sydney", weekdays([("00:00", "04:00")], 7)),
}
ARGUMENTS = {"add": int, "add_days": int, "between": datetime.fromisoformat}


def written(found) -> str:
    if isinstance(found, datetime):
        assert found.utcoffset() == timedelta(0)
        return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(found).lower()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example['number']} {example['operation']}")
def test_the_sum_comes_out_as_it_was_counted(example):
    calendar, start = CALENDARS[example["calendar"]], datetime.fromisoformat(example["start"])
    more = [ARGUMENTS[example["operation"]](example["argument"])] if example["argument"] else []
    assert written(getattr(calendar, example["operation"])(start, *more)) == example["expected"], example["sum"]


def test_there_are_enough_examples_and_each_explains_its_sum():
    assert len(EXAMPLES) >= 120
    assert {example["calendar"] for example in EXAMPLES} == set(CALENDARS)
    assert {example["operation"] for example in EXAMPLES} == {"add", "add_days", "between", "is_open", "next_open"}
    assert all(len(example["sum"]) > 10 for example in EXAMPLES)


def test_the_library_knows_the_announced_year():
    known = statutory.china(2026)
    assert (known.extra_days, known.complete) == (frozenset(MADE_UP), True)
    # Of a holiday's Saturdays and Sundays the library names some only; no working week counts on them.
    assert {day for day in known.days_off if day.weekday() < 5} == {day for day in OFF if day.weekday() < 5}
