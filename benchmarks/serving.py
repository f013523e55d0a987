"""`python -m benchmarks.serving`: how pages are best served from one port; the real workbench, 2 workers, 8 at a time.

Compared: Django's WSGI handler in the a2wsgi thread pool of `crm_project.asgi` with 2, 4, 8 and 16 threads, and
Django's own ASGI handler, each with the WebSocket beside it. All are up at once and asked by turns for short rounds, so
that a busy moment of the machine meets all of them; the medians of the rounds are told.
"""

import argparse
import statistics
import sys
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path

from benchmarks.ground import ground
from crm_project.launch.errors import LaunchError

OUT = Path(__file__).parent / ".out"
POOLS = (2, 4, 8, 16)
ROUNDS, SECONDS, CONCURRENCY = 9, 2.0, 8


def native():
    """The same routes with pages on Django's own ASGI handler; a factory, so that importing this starts nothing."""
    from channels.routing import ProtocolTypeRouter
    from django.conf import settings
    from django.core.asgi import get_asgi_application

    # Each request has a thread of its own there: a kept connection would outlive it.
    settings.DATABASES["default"]["CONN_MAX_AGE"] = 0
    pages = get_asgi_application()
    from crm_project.asgi import application as pooled

    return ProtocolTypeRouter({**pooled.application_mapping, "http": pages})


def variants() -> dict[str, tuple[str, dict[str, str]]]:
    """Name → ASGI application ("" for the product's own) and environment."""
    found = {f"a2wsgi pool of {threads}": ("", {"WEB_THREADS": str(threads)}) for threads in POOLS}
    found["Django's ASGI handler"] = ("benchmarks.serving:native", {"UVICORN_FACTORY": "1"})
    return found


def measure(seconds: float) -> dict[str, list[tuple[float, float, float, int]]]:
    """By variant: (pages per second, p95 ms, CPU ms a page, MB of a worker) of each round."""
    import django

    django.setup()
    from benchmarks import pages, web
    from benchmarks.effort import Effort

    page = next(page for page in pages.everything() if page.name == "workbench, all open")
    cookies = [pages.cookie_of(user) for user in islice(cycle(page.users), CONCURRENCY)]
    results: dict[str, list[tuple[float, float, float, int]]] = {name: [] for name in variants()}

    def request(thread: int, turn: int) -> web.Request:
        return web.get(page.paths[0], cookies[thread])

    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(web.desk(OUT, application=application, environment=environment))
            for name, (application, environment) in variants().items()
        }
        for server in servers.values():
            web.load(server.port, request, concurrency=CONCURRENCY, seconds=2)
        for turn in range(ROUNDS):
            for name, server in servers.items():
                effort = Effort(server.workers)
                found = web.load(server.port, request, concurrency=CONCURRENCY, seconds=seconds)
                cpu = effort.seconds() * 1000 / found.n
                results[name].append((found.per_second, found.p95, cpu, server.memory()))
            print(f"  round {turn + 1} of {ROUNDS}", flush=True)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving")
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--keep", action="store_true")
    chosen = parser.parse_args()
    try:
        with ground(chosen.tickets, keep=chosen.keep):
            results = measure(chosen.seconds)
    except LaunchError as error:
        sys.exit(f"error: {error}")
    print(f"\n| served by | pages/s, median of {ROUNDS} | from | to | p95 ms | CPU ms | MB |\n{'|---' * 7}|")
    for name, rounds in results.items():
        rate, p95, cpu, memory = (statistics.median(column) for column in zip(*rounds, strict=True))
        low, high = min(one[0] for one in rounds), max(one[0] for one in rounds)
        print(f"| {name} | {rate:.1f} | {low:.1f} | {high:.1f} | {p95:.0f} | {cpu:.1f} | {memory:.0f} |")


if __name__ == "__main__":
    main()
