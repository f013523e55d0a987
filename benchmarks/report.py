"""What was measured, beside what it should be: a table on the terminal, lines of JSON in a file."""

import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg2


@dataclass(frozen=True)
class Target:
    """What ours should reach, and what the peers reach at 100,000 tickets."""

    words: str = ""
    p50: float | None = None  # at most, in ms
    queries: int | None = None  # at most
    per_second: float | None = None  # at least
    megabytes: int | None = None  # at most
    helpdesk: str = ""
    rt: str = ""


# Peers and targets measured on a like machine: django-helpdesk 2.6.1 and Request Tracker 5.0.3 with 100,000 tickets and
# two web workers each on PostgreSQL 15. The targets are ours at 1,000,000 tickets. Keys: (what, concurrency).
TARGETS = {
    ("workbench", 1): Target("≤ 50 ms, ≤ 12 queries", p50=50, queries=12, helpdesk="1,035 ms", rt="766 ms"),
    ("workbench", 8): Target("≥ 40/s", per_second=40, helpdesk="2.0/s", rt="1.8/s"),
    ("workbench, all open", 1): Target("≤ 50 ms, ≤ 12 queries", p50=50, queries=12, helpdesk="1,035 ms", rt="766 ms"),
    ("workbench, all open", 8): Target("≥ 40/s", per_second=40, helpdesk="2.0/s", rt="1.8/s"),
    ("workbench, filtered", 1): Target("≤ 50 ms", p50=50, queries=12, helpdesk="388 ms", rt="802 ms"),
    ("ticket, 10 posts", 1): Target("≤ 60 ms, ≤ 18 queries", p50=60, queries=18, helpdesk="131 ms, 48 q", rt="342 ms"),
    ("ticket, 10 posts", 8): Target("≥ 30/s", per_second=30, helpdesk="14.8/s", rt="3.2/s"),
    ("search, English word", 1): Target("≤ 60 ms", p50=60, helpdesk="3,366 ms", rt="1,100–3,100 ms"),
    ("search, 退款", 1): Target("≤ 60 ms", p50=60, helpdesk="≈ 3,800 ms", rt="finds none"),
    ("dashboard", 1): Target("≤ 200 ms", p50=200, helpdesk="3,889 ms", rt="443 ms"),
    ("report, team × stage", 1): Target("≤ 200 ms", p50=200, helpdesk="13,993 ms", rt="256 ms"),
    ("open, form", 1): Target("≥ 25/s", per_second=25, helpdesk="9/s", rt="2.5/s (REST)"),
    ("open, form", 8): Target("≥ 45/s", per_second=45, helpdesk="14.5/s", rt="2.5/s (REST)"),
    ("open, service", 1): Target("≥ 150/s", per_second=150),
    ("escalation, timers", 1): Target("≥ 2,000/s", per_second=2000, helpdesk="52–57/s", rt="26/s"),
    ("idle tick", 1): Target("≤ 5 ms, ≤ 3 queries", p50=5, queries=3),
    ("mail, store and route", 1): Target("≥ 100/s", per_second=100, helpdesk="31/s", rt="1.6/s"),
    ("web worker, MB after", 1): Target("≤ 150 MB", megabytes=150, helpdesk="66 → 470 MB", rt="253–275 MB"),
}
NONE = Target()


@dataclass
class Measurement:
    """One line of the report."""

    what: str
    concurrency: int = 1
    n: int = 0
    p50: float | None = None
    p95: float | None = None
    cpu: float | None = None  # ms of CPU for one, ours and the database's
    queries: int | None = None
    per_second: float | None = None
    megabytes: int | None = None
    note: str = ""

    @property
    def target(self) -> Target:
        return TARGETS.get((self.what, self.concurrency), NONE)

    @property
    def verdict(self) -> str:
        """"" without a target; "yes", or "no" when any part of it is missed or nothing could be measured."""
        if self.target is NONE:
            return ""
        over = [("p50", 1), ("queries", 1), ("megabytes", 1), ("per_second", -1)]
        for name, sign in over:
            limit, found = getattr(self.target, name), getattr(self, name)
            if limit is not None and (found is None or (found - limit) * sign > 0):
                return "no"
        return "yes"


def machine() -> dict[str, object]:
    """What it ran on, with two yardsticks by which results of other machines can be compared."""
    model = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    selects, inserts, version = _yardsticks()
    return {
        "cpu": model[0] if model else platform.machine(), "cores": os.cpu_count(), "memory_gb": round(memory),
        "load_before": round(os.getloadavg()[0], 1), "python": platform.python_version(), "postgres": version,
        "selects_per_second": selects, "commits_per_second": inserts,
    }


def _yardsticks() -> tuple[int, int, str]:
    """`SELECT 1` and INSERT with commit a second on one connection, and the server's version."""
    link = psycopg2.connect(os.environ["DATABASE_URL"])
    link.autocommit = True
    with link.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
        cursor.execute("CREATE TABLE bench_yardstick (id bigserial PRIMARY KEY, words text)")
        rates = [
            _rate(lambda: cursor.execute("SELECT 1")),
            _rate(lambda: cursor.execute("INSERT INTO bench_yardstick (words) VALUES ('one row')")),
        ]
        cursor.execute("DROP TABLE bench_yardstick")
    link.close()
    return rates[0], rates[1], version


def _rate(act, seconds: float = 1.0) -> int:
    begun, done = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        act()
        done += 1
    return round(done / (time.perf_counter() - begun))


def describe(found: dict) -> str:
    return (
        f"{found['cores']} × {found['cpu']}, {found['memory_gb']} GB, load {found['load_before']} before; "
        f"Python {found['python']}, PostgreSQL {found['postgres']}; "
        f"SELECT 1 {found['selects_per_second']:,}/s, INSERT with commit {found['commits_per_second']:,}/s"
    )


def write(path: Path, head: dict, lines: list[Measurement]) -> None:
    """One JSON object per line: the run first, then each measurement."""
    path.parent.mkdir(exist_ok=True)
    rows = [head, *({**asdict(line), "target": line.target.words, "reached": line.verdict} for line in lines)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


COLUMNS = ("what", "c", "n", "p50 ms", "p95 ms", "CPU ms", "queries", "per s", "target at 1,000,000", "reached",
           "django-helpdesk", "RT 5")


def table(lines: list[Measurement]) -> str:
    """The report as a table of Markdown, readable on a terminal too."""
    rows = [COLUMNS, *(_row(line) for line in lines)]
    widths = [max(_width(row[at]) for row in rows) for at in range(len(COLUMNS))]
    written = ["| " + " | ".join(_pad(text, width) for text, width in zip(row, widths, strict=True)) + " |"
               for row in rows]
    written.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(written)


def _row(line: Measurement) -> tuple[str, ...]:
    def figure(value, digits=1):
        return "" if value is None else f"{value:,.{digits}f}"

    amount = f"{line.megabytes} MB" if line.megabytes is not None else figure(line.per_second)
    return (
        line.what, str(line.concurrency), f"{line.n:,}" if line.n else "", figure(line.p50), figure(line.p95),
        figure(line.cpu), figure(line.queries, 0), line.note or amount, line.target.words, line.verdict,
        line.target.helpdesk, line.target.rt,
    )


def _width(text: str) -> int:
    return sum(2 if ord(sign) > 0x2E80 else 1 for sign in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
