"""Working time alone: `python -m benchmarks.hours` prints the median of `add` over 90 days (target 50 µs)."""

import statistics
import time
from datetime import UTC, datetime, timedelta

from core.hours import WorkingCalendar

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


if __name__ == "__main__":
    main()
