"""`python -m benchmarks.transfer [rows]`: customers by file, in and out: rate, processor time, peak memory.

Every row brings a telephone number and a mail address; each customer is written with contacts, history and event.
"""

import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import words
from benchmarks.ground import ground

SEED = 20261122


def write_csv(path: Path, rows: int) -> None:
    chance = random.Random(SEED)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("编号,姓名,电话,邮箱,公司,生日,消费\n")
        for number in range(rows):
            name = chance.choice(words.SURNAMES) + chance.choice(words.GIVEN)
            company = chance.choice(words.COMPANIES) if number % 3 == 0 else ""
            file.write(
                f"C{number},{name},13{number % 10}{number * 7368787 % 10**8:08d},c{number}@mail{number % 9}.example,"
                f"{company},19{60 + number % 40}-0{1 + number % 9}-1{number % 9},{number % 9000}.5\n"
            )


class Clock:
    """Seconds, processor seconds of this process and of the database, and peak memory, of what runs within."""

    def __enter__(self):
        self.wall, self.ours, self.theirs = time.perf_counter(), time.process_time(), _database_seconds()
        return self

    def __exit__(self, *error):
        self.wall = time.perf_counter() - self.wall
        self.ours = time.process_time() - self.ours
        self.theirs = _database_seconds() - self.theirs

    def each(self, times: int) -> float:
        """Milliseconds of processor time for one of so many."""
        return 1000 * (self.ours + self.theirs) / times

    def told(self, what: str, rows: int) -> str:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return (
            f"{what}: {rows:,} rows in {self.wall:.1f} s = {rows / self.wall:,.0f}/s; processor {self.ours:.1f} s here "
            f"+ {self.theirs:.1f} s database = {rows / (self.ours + self.theirs):,.0f}/s of one core; "
            f"peak {peak} MB; load {os.getloadavg()[0]:.1f}"
        )


def _database_seconds() -> float:
    """Processor time of the session's own backend."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        fields = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(rows: int) -> None:
    from customers.models import Customer
    from customers.transfer import loading, out, runs
    from staff.models import Role, Team, User

    team = Team.objects.order_by("pk").first()
    by = User.objects.create(username="bench-import", display_name="Import", role=Role.SUPERVISOR, team=team)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers.csv"
        write_csv(path, rows)
        with path.open("rb") as file, Clock() as clock:
            run = runs.receive(team=team, what="customers", upload=file, name="c.csv", size=path.stat().st_size, by=by)
    print(clock.told("upload, sealed", rows), flush=True)
    runs.choose(run=run, columns=run.columns, by=by)
    for what, prepare in (("dry run", None), ("import", runs.load)):
        if prepare:
            prepare(run=run, by=by)
        with Clock() as clock:
            assert loading.work()
        run.refresh_from_db()
        print(clock.told(what, run.rows_done), run.made, run.changed, run.unchanged, run.rejected, flush=True)
    seen = Customer.objects.visible_to(by)
    with Clock() as clock:
        export = out.note(rows=seen, by=by, format="csv", filters={})
        size = sum(map(len, out.written(export, seen, language="zh-hans")))
    print(clock.told(f"export, CSV of {size >> 20} MB", export.rows), flush=True)
    few = seen.filter(pk__in=seen.order_by("-pk").values("pk")[:50_000])
    with Clock() as clock:
        export = out.note(rows=few, by=by, format="xlsx", filters={})
        size = sum(map(len, out.written(export, few, language="zh-hans")))
    print(clock.told(f"export, XLSX of {size >> 20} MB", export.rows), flush=True)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with ground(1000, keep=True):
        import django

        django.setup()
        measure(rows)


if __name__ == "__main__":
    main()
