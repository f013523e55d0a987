"""The beat: nothing is lost or doubled whoever is killed, and an outage is made good oldest first."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.parse
from datetime import timedelta

import psycopg2
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from core.models import Event
from tests.factories import CustomerFactory
from tickets import intake, sla, sla_ticking
from tickets.models import Breach, Escalation, SLAPolicy, SLATimer, Ticket

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def overdue(team, count, *, since=timedelta(hours=1)):
    """As many tickets with one promise each, that came due one after the other over the last hour."""
    customer = CustomerFactory(team=team)
    now = timezone.now()
    common = {"team": team, "customer": customer, "subject": "漏水", "kind": "service", "channel": "mail"}
    tickets = Ticket.objects.bulk_create([Ticket(**common) for _ in range(count)])
    policy = SLAPolicy.objects.get(metric="resolution", is_default=True)
    SLATimer.objects.bulk_create([
        SLATimer(
            ticket=ticket, metric="resolution", policy=policy, started_at=now - since * 3, resumed_at=now - since * 3,
            target_seconds=60, due_at=now - since * (at + 1) / count,
        )
        for at, ticket in enumerate(tickets)
    ])  # fmt: skip


def ticked(**options):
    out = io.StringIO()
    call_command("sla_tick", once=True, json=True, stdout=out, **options)
    return json.loads(out.getvalue())


def address():
    base = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    return base._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_among_its_batches_loses_and_doubles_nothing(team, lead):
    overdue(team, 900)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "sla_tick", "--json", "--batch", "3"], cwd=ROOT, stdout=subprocess.PIPE,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": address()},
    )
    try:
        deadline = timezone.now() + timedelta(seconds=60)
        while not Breach.objects.exists():
            assert timezone.now() < deadline
            assert process.poll() is None
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = Breach.objects.count()
    assert 0 < done < 900
    # A batch is whole or not at all: what is breached has its row and its event.
    assert Event.objects.filter(kind="breached").count() == done
    while SLATimer.objects.filter(state="running").exists():  # the server lets the rows of the dead go first
        assert timezone.now() < deadline
        sla_ticking.tick()
    sla_ticking.tick()
    assert Breach.objects.count() == Event.objects.filter(kind="breached").count() == 900
    assert Escalation.objects.filter(level=1).count() == 900
    assert Escalation.objects.values("timer", "level").distinct().count() == 900


@pytest.mark.django_db
def test_after_an_hour_of_downtime_the_oldest_comes_first_with_its_true_time(team, lead):
    overdue(team, 60)
    report = ticked(batch=7)
    assert (report["due"], report["breached"], report["escalated"], report["warned"]) == (60, 60, 60, 0)
    assert report["queries"] < 60 * 3
    told = [parse_datetime(data["due_at"]) for data in
            Event.objects.filter(kind="breached").order_by("pk").values_list("data", flat=True)]  # fmt: skip
    assert told == sorted(told)
    assert told == list(Breach.objects.order_by("pk").values_list("due_at", flat=True))
    again = ticked()
    assert (again["due"], again["breached"], again["escalated"]) == (0, 0, 0)


@pytest.mark.django_db
def test_an_idle_tick_costs_two_questions_whatever_runs_waits_or_is_late(team, lead, django_assert_num_queries):
    customer = CustomerFactory(team=team)
    facts = {"customer": customer, "kind": "service", "subject": "漏水", "channel": "mail"}
    opened = [intake.open_ticket(**facts) for _ in range(3)]
    sla.pause(opened[0], by=lead, reason="等客户", until=timezone.now() + timedelta(days=1), by_hand=False)
    overdue(team, 5)
    assert ticked()["breached"] == 5
    for _ in range(2):
        with django_assert_num_queries(4):  # and the savepoint of the test
            report = sla_ticking.tick()
        assert (report.breached, report.warned, report.escalated, report.resumed) == (0, 0, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_tick_that_overruns_is_left_alone_unless_a_backlog_waits(team, lead):
    overdue(team, 5, since=timedelta(seconds=1))
    with psycopg2.connect(address()) as other:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, 0)", [sla_ticking.LOCK])
        assert sla_ticking.tick().breached == 0
        SLATimer.objects.update(due_at=timezone.now() - timedelta(minutes=1))
        assert sla_ticking.tick().breached == 5
    other.close()


@pytest.mark.django_db(transaction=True)
def test_several_workers_share_a_backlog_and_each_breach_is_written_once(team, lead):
    overdue(team, 400)
    reports = []

    def work():
        try:
            reports.append(sla_ticking.tick(batch=10))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(report.breached for report in reports) + sla_ticking.tick().breached == 400
    assert Breach.objects.count() == Event.objects.filter(kind="breached").count() == 400
    sla_ticking.tick()
    assert Escalation.objects.filter(level=1).count() == 400
