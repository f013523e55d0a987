from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk import clocks

NOW = datetime(2026, 11, 20, 11, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def minutes(count):
    return timedelta(minutes=count)


@pytest.mark.parametrize(
    ("left", "text"),
    [(timedelta(seconds=378), "06:18"), (minutes(160), "2:40"), (minutes(69 * 60), "2d 21h"), (minutes(-5), "00:00")],
)
def test_time_left_is_minutes_then_hours_then_days(left, text):
    assert clocks.left_of(left) == text


@pytest.mark.parametrize(
    ("over", "text"), [(minutes(24), "24m over"), (minutes(1444), "24:04 over"), (minutes(3 * 1440), "3d over")]
)
def test_time_over_is_minutes_then_hours_then_days(over, text):
    assert clocks.over_by(over) == text


def test_working_time_is_told_in_hours_since_its_days_are_shorter_than_24():
    five_days = 5 * minutes(450).total_seconds()
    assert (clocks.span(five_days), clocks.span(five_days, days=False)) == ("1d 13h", "37h 30m")
    assert clocks.span(10 * minutes(480).total_seconds(), days=False) == "80h"


def test_a_clock_turns_amber_in_its_last_hour_and_red_at_the_deadline():
    states = [clocks.running(NOW + minutes(left), now=NOW).state for left in (61, 60, 59, 1, 0, -1)]
    assert states == ["", "", "soon", "soon", "breached", "breached"]


def test_the_fuse_burns_with_the_share_of_time_used():
    chip = clocks.running(NOW + minutes(30), start=NOW - minutes(90), now=NOW)
    assert (chip.burn, chip.text, chip.icon) == (75, "30:00", "hourglass-split")


@given(start=st.integers(-10_000, 10_000), due=st.integers(-10_000, 10_000))
def test_the_fuse_never_leaves_its_scale(start, due):
    chip = clocks.running(NOW + minutes(due), start=NOW + minutes(start), now=NOW)
    assert 0 <= chip.burn <= 100


def timer(**fields):
    defaults = {
        "state": "running", "due_at": NOW + minutes(120), "started_at": NOW - minutes(60), "stopped_at": None,
        "target_seconds": 10_800, "consumed_seconds": 0,
    }
    return SimpleNamespace(**{**defaults, **fields})


def test_a_paused_promise_shows_what_it_has_left_and_does_not_count():
    chip = clocks.of_timer(timer(state="paused", due_at=None, consumed_seconds=3600), now=NOW)
    assert (chip.state, chip.text, chip.burn, chip.due) == ("paused", "2:00 left", 33, None)


def test_a_kept_promise_says_how_long_it_took():
    chip = clocks.of_timer(timer(state="met", stopped_at=NOW, consumed_seconds=19 * 60), now=NOW)
    assert (chip.state, chip.text) == ("met", "met in 19m")


def test_a_settled_breach_stays_red_and_stops_counting():
    broken = timer(state="breached", due_at=NOW - minutes(90), stopped_at=NOW - minutes(60))
    chip = clocks.of_timer(broken, now=NOW)
    assert (chip.state, chip.text, chip.due) == ("breached", "30m over", None)


def test_an_open_breach_counts_on():
    chip = clocks.of_timer(timer(state="breached", due_at=NOW - minutes(24)), now=NOW)
    assert (chip.state, chip.text, chip.due) == ("breached", "24m over", NOW - minutes(24))


def test_a_cancelled_promise_shows_nothing():
    assert clocks.of_timer(timer(state="cancelled"), now=NOW) is None


@pytest.mark.parametrize(
    ("back", "text"),
    [(0.5, "just now"), (4, "4m ago"), (120, "2h ago"), (12 * 60, "Yesterday"), (3 * 1440, "17 November")],
)
def test_the_past_is_told_in_the_words_of_the_floor(back, text):
    assert clocks.ago(NOW - minutes(back), now=NOW) == text


@pytest.mark.parametrize(("ahead", "text"), [(8, "in 8m"), (180, "in 3h"), (14 * 60, "Tomorrow")])
def test_the_future_is_told_in_the_words_of_the_floor(ahead, text):
    assert clocks.until(NOW + minutes(ahead), now=NOW) == text


def test_another_year_is_named():
    assert clocks.ago(NOW - timedelta(days=400), now=NOW) == "16 October 2025"
