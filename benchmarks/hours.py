"""Working time alone: `python -m benchmarks.hours` prints the median of `add` over 90 days (target 50 µs).

And what a start years away costs for each week that is skipped, on a calendar that has counted nothing yet.
"""

import statistics
import time
from datetime import UTC, date, datetime, timedelta

from core.hours import WorkingCalendar

YEARS = 30
WEEK = {day: [("08:30", "12:00"), ("13:30", "17:30")] for day in range(5)}


def main(rounds: int = 20_000) -> None:
    calendar = WorkingCalendar("Asia/Shanghai", WEEK, set(), {})
    start = datetime(2026, 7, 15, 2, 17, 23, tzinfo=UTC)
    seconds = calendar.between(start, start + timedelta(days=90))
    taken = []
    for _round in range(rounds):
        before = time.perf_counter()
        calendar.add(start, seconds)
        taken.append(time.perf_counter() - before)
    print(f"add over 90 days: median {statistics.median(taken) * 1e6:.1f} µs of {rounds:,} (target 50)")
    fresh = WorkingCalendar("Europe/Berlin", WEEK, set(), {})
    for what in ("first time", "again"):
        before = time.perf_counter()
        fresh.between(start, start + timedelta(weeks=YEARS * 52))
        print(f"between over {YEARS} years, {what}: {(time.perf_counter() - before) * 1e6 / YEARS / 52:.2f} µs a week")
    rare = WorkingCalendar("Asia/Shanghai", {}, set(), {date(2026 + YEARS, 1, 1): WEEK[0]})
    before = time.perf_counter()
    rare.add(start, 60)
    print(f"add to an opening {YEARS} years away: {(time.perf_counter() - before) * 1e6:.0f} µs")


if __name__ == "__main__":
    main()
