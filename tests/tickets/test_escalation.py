import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core.models import Event
from staff.models import Notification
from tests.factories import CustomerFactory, TicketFactory
from tickets import escalation, sla, tasks
from tickets.models import Act, Breach, Escalation, Rung, SLAPolicy, SLATimer, Ticket


def late_ticket(team, **more):
    return TicketFactory(customer=CustomerFactory(team=team), late=True, **more)


def test_a_late_ticket_escalates_once_however_often_the_task_runs(team, lead, supervisor):
    ticket = late_ticket(team)
    for _again in range(3):
        escalation.escalate_due()
    assert Breach.objects.get().due_at == ticket.timers.get(metric="resolution").due_at
    assert Event.objects.filter(kind="breached", ticket_id=ticket.pk).count() == 1
    step = Escalation.objects.get()
    assert (step.level, step.to) == (1, lead)
    assert Notification.objects.get().user == lead


def test_the_supervisor_hears_when_the_lead_did_not_settle_it_in_time(team, lead, supervisor):
    late_ticket(team)
    now = timezone.now()
    escalation.escalate_due(now=now)
    wait = timedelta(minutes=30)
    escalation.escalate_due(now=now + wait - timedelta(seconds=1))
    assert Escalation.objects.count() == 1
    escalation.escalate_due(now=now + wait)
    escalation.escalate_due(now=now + 10 * wait)
    assert list(Escalation.objects.order_by("level").values_list("level", "to")) == [
        (1, lead.pk),
        (2, supervisor.pk),
    ]


def test_an_overdue_escalation_leaves_the_state_alone(team, lead):
    ticket = late_ticket(team, kind="complaint")
    escalation.escalate_due()
    assert Ticket.objects.get(pk=ticket.pk).state == "received"


def test_a_settled_breach_climbs_no_further(team, lead, supervisor, agent):
    from tickets import workflow

    ticket = late_ticket(team, kind="consult")
    escalation.escalate_due()
    for state in ("understood", "answered"):
        workflow.move(ticket, state, by=agent)
    escalation.escalate_due(now=timezone.now() + timedelta(days=2))
    assert Escalation.objects.filter(timer__metric="resolution").count() == 1


def test_a_two_minute_promise_is_breached_by_itself_after_two_minutes(team, lead):
    SLAPolicy.objects.filter(metric="resolution").update(is_active=False)
    SLAPolicy.objects.create(name="2 min", metric="resolution", kind="service", target_seconds=120)
    noon = timezone.now().replace(microsecond=0)
    ticket = TicketFactory(customer=CustomerFactory(team=team), kind="service", now=noon)
    escalation.escalate_due(now=ticket.opened_at + timedelta(seconds=119))
    assert Breach.objects.count() == 0
    escalation.escalate_due(now=ticket.opened_at + timedelta(seconds=121))
    assert Breach.objects.get().due_at == ticket.opened_at + timedelta(seconds=120)


def test_a_flood_is_one_line_under_the_bell(team, lead):
    for _ in range(5):
        late_ticket(team)
    escalation.escalate_due()
    line = Notification.objects.get()
    assert (line.kind, line.data["count"]) == ("escalated_many", 5)


def test_the_oldest_is_recorded_first_and_batches_are_bounded(team):
    tickets = [late_ticket(team) for _ in range(3)]
    oldest = tickets[1].timers.get(metric="resolution")
    SLATimer.objects.filter(pk=oldest.pk).update(due_at=oldest.due_at - timedelta(days=3))
    assert escalation.escalate_due(limit=1).breached == 1
    assert Breach.objects.get().timer == oldest


def test_a_tick_asks_the_same_number_of_questions_for_one_and_for_many(team, lead, django_assert_max_num_queries):
    for _ in range(12):
        late_ticket(team)
    with django_assert_max_num_queries(16):
        escalation.escalate_due()
    assert Breach.objects.count() == 12


def test_an_idle_tick_costs_two_questions(team, django_assert_max_num_queries):
    TicketFactory(customer=CustomerFactory(team=team))
    with django_assert_max_num_queries(4):  # two, and the savepoint of the test
        tasks.escalate_due()


@pytest.mark.django_db(transaction=True)
def test_a_ticket_that_somebody_works_on_is_left_to_the_next_tick(team, lead):
    """Else the tick would wait for the ticket while its holder waits for the timers: both for ever."""
    held, free = late_ticket(team), late_ticket(team)

    def tick():
        try:
            escalation.escalate_due()
        finally:
            connection.close()

    with transaction.atomic():
        Ticket.objects.select_for_update().get(pk=held.pk)
        worker = threading.Thread(target=tick)
        worker.start()
        worker.join(timeout=30)
        assert not worker.is_alive()
        assert [step.ticket for step in Escalation.objects.all()] == [free]
        sla.stop(held, "resolution")
    escalation.escalate_due()
    assert set(Breach.objects.values_list("ticket", flat=True)) == {held.pk, free.pk}
    assert Escalation.objects.get().ticket == free


@pytest.mark.django_db(transaction=True)
def test_eight_workers_record_each_breach_once(team, lead):
    for _ in range(20):
        late_ticket(team)

    def work():
        try:
            while escalation.escalate_due(limit=3).breached:
                pass
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    while escalation.escalate_due().breached:
        pass
    assert Breach.objects.count() == 20
    assert Event.objects.filter(kind="breached").count() == 20
    assert Escalation.objects.filter(level=1).count() == 20


KILLED = """
import os, sys, django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from tickets import escalation, sla_breaches
module, name = {"breach": (sla_breaches, "record_due"), "rung": (escalation, "_write")}[sys.argv[2]]
honest = getattr(module, name)
def halfway(*batch, **more):
    honest(*batch, **more)
    print("halfway", flush=True)
    sys.stdin.read()
setattr(module, name, halfway)
escalation.escalate_due()
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("where", ["breach", "rung"])
def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(team, lead, where):
    ticket = late_ticket(team)
    Rung.objects.update(raises_priority=True)
    worker = subprocess.Popen(
        [sys.executable, "-c", KILLED, connection.settings_dict["NAME"], where],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
    )
    assert worker.stdout.readline() == "halfway\n"
    assert escalation.escalate_due().breached == 0  # claimed by the one that is about to die
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert Breach.objects.count() == 0
    # The server notices the broken connection and lets the rows go.
    deadline = timezone.now() + timedelta(seconds=10)
    while not escalation.escalate_due().breached:
        assert timezone.now() < deadline
    assert Breach.objects.get().ticket == ticket
    assert Escalation.objects.get().to == lead
    assert Notification.objects.filter(kind="escalated").count() == Act.objects.count() == 1
