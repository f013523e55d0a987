"""The clocks alone: `python -m benchmarks.ticking 1000000` fills a desk with running timers and lets it tick.

Prints, and appends to `.out/ticking.jsonl`: the idle tick, the rate of breaches with their escalation, the lag from
due to recorded while a steady stream comes due, and the memory before and after.
"""

import json
import statistics
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

OUT = Path(__file__).parent / ".out"
FLOOD = 40_000
STREAM_SECONDS, STREAM_PER_SECOND = 40, 200
PERIOD = 2.0

TICKETS = """
INSERT INTO tickets_ticket (team_id, customer_id, subject, kind, state, channel, urgency, importance, difficulty,
    priority, level, wish, opened_at, state_since, updated_at, waiting_customer, due_kind, outcome, cause, chases,
    cycle, unread, external_source, external_id)
SELECT %(team)s, %(customer)s, '净水机滤芯接口漏水 ' || n, 'service', 'received', 'mail', 2, 2, 2, 3, '', '', now(),
    now(), now(), false, '', '', '', 0, 1, false, '', '' FROM generate_series(%(first)s, %(last)s) n
"""
TIMERS = """
INSERT INTO tickets_slatimer (ticket_id, metric, policy_id, state, started_at, resumed_at, target_seconds,
    consumed_seconds, due_at, warns_at, escalation_level)
SELECT id, 'resolution', %(policy)s, 'running', now(), now(), 86400, 0, now() + interval '1 day' * (2 + random() * 20),
    now() + interval '1 day' * (1 + random()), 0
FROM tickets_ticket
"""
FLOODED = """
UPDATE tickets_slatimer SET due_at = now() - interval '1 hour' * random(), warns_at = NULL
WHERE id IN (SELECT id FROM tickets_slatimer WHERE state = 'running' ORDER BY due_at LIMIT %s)
"""
STREAMED = """
UPDATE tickets_slatimer SET due_at = now() + interval '1 second' * (random() * %s), warns_at = NULL
WHERE id IN (SELECT id FROM tickets_slatimer WHERE state = 'running' ORDER BY due_at LIMIT %s)
"""
LAGS = """
SELECT percentile_cont(ARRAY[0.5, 0.99, 1.0]) WITHIN GROUP (ORDER BY extract(epoch FROM recorded_at - due_at)), count(*)
FROM tickets_breach WHERE id > %s
"""


def fill(running: int) -> None:
    """So many tickets of one team, a running timer each."""
    from django.core.management import call_command
    from django.db import connection

    from customers.models import Customer, Tier
    from staff.models import Department, Role, Team, User
    from tickets.models import SLAPolicy

    call_command("defaults", verbosity=0)
    department, _new = Department.objects.get_or_create(name="客服部")
    teams = [Team.objects.create(name=f"组 {n}", department=department) for n in range(1, 5)]
    for team in teams:
        User.objects.create(username=f"lead{team.pk}", display_name=f"Lead {team.pk}", role=Role.LEAD, team=team)
    policy = SLAPolicy.objects.get(metric="resolution", is_default=True).pk
    share = running // len(teams)
    with connection.cursor() as cursor:
        for at, team in enumerate(teams):
            customer = Customer.objects.create(team=team, name="王小雨", tier=Tier.objects.first())
            cursor.execute(TICKETS, {"team": team.pk, "customer": customer.pk, "first": at * share + 1,
                                     "last": (at + 1) * share})  # fmt: skip
        cursor.execute(TIMERS, {"policy": policy})
        cursor.execute("VACUUM ANALYZE tickets_slatimer, tickets_ticket")


def measured(running: int) -> dict:
    from django.db import connection

    from benchmarks.web import resident_self
    from tickets import sla_ticking

    def ran(statement: str, values: list) -> list:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    for _warm in range(5):
        sla_ticking.tick()
    idle = sorted(_idle(sla_ticking) for _ in range(200))
    found = {"running": running, "idle_ms_p50": round(1000 * statistics.median(idle), 2),
             "idle_ms_p95": round(1000 * idle[190], 2), "idle_queries": sla_ticking.tick().queries}
    ran(FLOODED, [FLOOD])
    before = resident_self()
    report = sla_ticking.tick()
    found |= {"flood": report.breached, "flood_escalated": report.escalated, "flood_seconds": report.seconds,
              "breaches_per_second": round(report.breached / report.seconds), "flood_queries": report.queries,
              "megabytes_before": before, "megabytes_after": resident_self()}
    last = ran("SELECT coalesce(max(id), 0) FROM tickets_breach", [])[0][0]
    ran(STREAMED, [STREAM_SECONDS, STREAM_SECONDS * STREAM_PER_SECOND])
    end, stop = time.monotonic() + STREAM_SECONDS + 3 * PERIOD, threading.Event()
    for _report in sla_ticking.run(every=PERIOD, stop=stop.wait):
        if time.monotonic() > end:
            break
    (p50, p99, most), count = ran(LAGS, [last])[0]
    return found | {"streamed": count, "lag_p50": round(p50, 2), "lag_p99": round(p99, 2), "lag_max": round(most, 2),
                    "megabytes_end": resident_self()}


def _idle(ticking) -> float:
    begun = time.perf_counter()
    ticking.tick()
    return time.perf_counter() - begun


def main() -> None:
    from benchmarks import report
    from benchmarks.ground import empty
    from crm_project.launch.errors import LaunchError

    running = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    try:
        with empty("ticking"):
            fill(running)
            found = {"at": datetime.now().astimezone().isoformat(timespec="seconds"), **report.machine(),
                     **measured(running)}
    except LaunchError as error:
        sys.exit(f"error: {error}")
    OUT.mkdir(exist_ok=True)
    with (OUT / "ticking.jsonl").open("a") as file:
        file.write(json.dumps(found) + "\n")
    for name, value in found.items():
        print(f"{name:22} {value}")


if __name__ == "__main__":
    main()
