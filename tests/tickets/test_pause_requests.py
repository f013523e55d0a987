"""A wait beyond the cap: asked for, decided by the first of the heads, and the clock runs until then."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core.models import Event, WorkCalendar
from tests.factories import CustomerFactory, TicketFactory
from tickets import escalation, pause_requests, sla
from tickets.models import FlowRules, Pause, PauseRequest, SLATimer

FRIDAY_NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)  # 12:00 in Shanghai
MONDAY = datetime(2026, 11, 23, 6, tzinfo=UTC)  # 14:00 in Shanghai
HOUR = timedelta(hours=1)


@pytest.fixture
def used_up(team, agent):
    """A ticket whose one working day of pauses by hand is gone; its clock runs."""
    FlowRules.objects.update(pause_days=1)
    ticket = TicketFactory(customer=CustomerFactory(team=team), owner=agent, now=FRIDAY_NOON)
    SLATimer.objects.filter(ticket=ticket, metric="resolution").update(due_at=MONDAY + 48 * HOUR)
    sla.pause(ticket, by=agent, reason="等供应商", cause="supplier", now=FRIDAY_NOON)
    assert escalation.escalate_due(now=MONDAY).resumed == 1
    with pytest.raises(sla.OverCap, match="consent"):
        sla.pause(ticket, by=agent, reason="配件未到", cause="supplier", now=MONDAY)
    return ticket


def resolution(ticket):
    return SLATimer.objects.get(ticket=ticket, metric="resolution")


def ask(ticket, by, **facts):
    return pause_requests.ask(ticket, by=by, reason="配件未到", cause="supplier", now=MONDAY, **facts)


def test_the_clock_runs_until_the_lead_consents_then_stands_for_the_days_asked_for_and_goes_on(used_up, agent, lead):
    request = ask(used_up, agent, days=1)
    assert lead.notifications.filter(kind="pause_asked", ticket_id=used_up.pk).count() == 1
    assert resolution(used_up).state == "running"
    with pytest.raises(sla.PauseRefused, match="asked already"):
        ask(used_up, agent)
    with pytest.raises(sla.PauseRefused, match="team lead decides"):
        pause_requests.consent(request, by=agent, now=MONDAY + HOUR)
    pause_requests.consent(request, by=lead, now=MONDAY + HOUR)
    timer = resolution(used_up)
    assert (timer.state, timer.waits_for, timer.resumed_at) == ("paused", "supplier", MONDAY + HOUR)
    row = Pause.objects.latest("pk")
    end = WorkCalendar.objects.standard().hours().add_days(MONDAY + HOUR, 1)
    assert (row.by, row.consent_by, row.until) == (agent, lead, end)
    assert agent.notifications.filter(kind="pause_consented").exists()
    assert escalation.escalate_due(now=end + timedelta(seconds=1)).resumed == 1
    assert resolution(used_up).state == "running"
    said = Event.objects.filter(ticket_id=used_up.pk, kind__startswith="pause").order_by("pk")
    assert [(one.kind, one.actor_name) for one in said][1:] == [
        ("pause_asked", "李娜"), ("pause_consented", "王强"), ("paused", "李娜"),
    ]  # fmt: skip
    assert said.last().data["consent"] == "王强" and said.last().data["reason"] == "配件未到"


def test_a_refusal_needs_its_reason_and_leaves_the_clock_alone(used_up, agent, lead):
    request, due = ask(used_up, agent), resolution(used_up).due_at
    with pytest.raises(sla.PauseRefused, match="Say why not"):
        pause_requests.refuse(request, by=lead, reason=" ", now=MONDAY + HOUR)
    pause_requests.refuse(request, by=lead, reason="先换备件", now=MONDAY + HOUR)
    assert (resolution(used_up).state, resolution(used_up).due_at) == ("running", due)
    assert agent.notifications.filter(kind="pause_refused").exists()
    assert Event.objects.get(kind="pause_refused").data["reason"] == "先换备件"
    assert ask(used_up, agent).state == "open"  # another word may be better


def test_nobody_asks_while_the_rules_still_allow_a_pause_and_a_solution_ends_the_asking(used_up, agent, lead):
    fresh = TicketFactory(customer=used_up.customer, now=MONDAY)
    with pytest.raises(sla.PauseRefused, match="without anybody's consent"):
        ask(fresh, agent)
    with pytest.raises(sla.PauseRefused, match="1 to 1"):
        ask(used_up, agent, days=2)
    request = ask(used_up, agent)
    sla.solved(used_up, now=MONDAY + HOUR)
    with pytest.raises(sla.PauseRefused, match="solved or closed"):
        pause_requests.consent(request, by=lead, now=MONDAY + 2 * HOUR)
    assert not PauseRequest.objects.open().exists() and Pause.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_the_second_learns_who_was_faster(used_up, agent, lead, supervisor):
    request = pause_requests.ask(used_up, by=agent, reason="配件未到", cause="supplier", now=timezone.now())
    begin, heard = threading.Barrier(2), {}

    def decide(person):
        begin.wait()
        try:
            pause_requests.consent(request, by=person)
            heard[person.pk] = ""
        except sla.PauseRefused as refused:
            heard[person.pk] = str(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=[person]) for person in (lead, supervisor)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = PauseRequest.objects.select_related("decided_by").get().decided_by
    other = next(text for pk, text in heard.items() if pk != winner.pk)
    assert heard[winner.pk] == "" and f"{winner} was faster: consented" in other
    assert Pause.objects.filter(consent_by__isnull=False).count() == 1
