"""`python -m benchmarks`: seed a desk, measure its pages and services, print one table, keep one file."""

import argparse
import sys
import time
from datetime import datetime
from pathlib import Path

from benchmarks import report
from benchmarks.ground import ground
from crm_project.launch.errors import LaunchError

OUT = Path(__file__).parent / ".out"
PARTS = ("services", "pages")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--tickets", type=int, default=10_000, help="size of the desk (10000)")
    parser.add_argument("--keep", action="store_true", help="keep the seeded database for another run today")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each page is loaded (4)")
    parser.add_argument("--only", choices=PARTS, help="measure one part")
    return parser.parse_args()


def measured(chosen: argparse.Namespace) -> list[report.Measurement]:
    """Pages first: they read what the seed wrote; the services then write to the copy."""
    import django

    django.setup()
    from benchmarks import pages, throughput, web
    from metrics import rollups

    rollups.fill_all()  # what has ended since the seeding, as the beat does
    lines: list[report.Measurement] = []

    def take(found) -> None:
        for line in found:
            lines.append(line)
            print(f"  {line.what} c{line.concurrency}", flush=True)

    with web.desk(OUT) as server:
        if chosen.only != "services":
            pages_to_see = pages.everything()
            for page in pages_to_see:  # both workers have seen every page once
                take_silently(pages.measure(server, page, seconds=0.2))
            lines.append(report.Measurement("web worker, MB before", megabytes=server.memory()))
            for page in pages_to_see:
                take(pages.measure(server, page, seconds=chosen.seconds))
            lines.append(report.Measurement("web worker, MB after", megabytes=server.memory()))
        if chosen.only != "pages":
            take(throughput.form(server, seconds=chosen.seconds))
            take(throughput.api(server, seconds=chosen.seconds))
    if chosen.only != "pages":
        for part in (throughput.work, throughput.gateway, throughput.clocks):
            take(part())
    return lines


def take_silently(found) -> None:
    for _line in found:
        pass


def main() -> None:
    chosen = arguments()
    begun = time.monotonic()
    try:
        with ground(chosen.tickets, keep=chosen.keep):
            machine = report.machine()
            print(report.describe(machine), flush=True)
            lines = measured(chosen)
    except LaunchError as error:
        sys.exit(f"error: {error}")
    moment = datetime.now().astimezone()
    head = {"at": moment.isoformat(timespec="seconds"), "tickets": chosen.tickets, **machine,
            "seconds": round(time.monotonic() - begun)}
    path = OUT / f"{moment:%Y%m%d-%H%M%S}-{chosen.tickets}.jsonl"
    report.write(path, head, lines)
    print(f"\n{chosen.tickets:,} tickets, one customer each, {head['seconds']} s in all\n\n{report.table(lines)}\n")
    print(f"Kept in {path}")


if __name__ == "__main__":
    main()
