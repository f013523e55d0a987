"""Promises tried out, replayed under a draft, and re-planned by explicit choice alone."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from core.models import CalendarDay, Event, WorkCalendar
from tests.factories import CustomerFactory, TicketFactory
from tests.tickets.test_sla_ticking import ROOT, address
from tickets import escalation, sla, sla_replan, sla_replay, sla_simulator
from tickets.models import Breach, Escalation, Ladder, Replan, Replay, Rung, SLAPolicy, SLATimer, Ticket
from tickets.sla_policies import Case

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)  # a Friday, 12:00 in Shanghai
HOUR = timedelta(hours=1)


@pytest.fixture
def client(admin):
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def standard(team):
    """The promise that TicketFactory's tickets get: a day and night of solving."""
    return SLAPolicy.objects.get(metric="resolution", is_default=True)


def opened(team, n, now=NOON):
    customer = CustomerFactory(team=team)
    return [TicketFactory(customer=customer, now=now) for _ in range(n)]


def timer(ticket):
    return SLATimer.objects.get(ticket=ticket, metric="resolution")


def save(client, policy, **fields):
    facts = {"name": policy.name, "metric": policy.metric, "is_active": "on", "is_default": "on", "warn_at": "80",
             "kind": policy.kind, "channel": policy.channel, "target_seconds": policy.target_seconds or "",
             "on_reclassify": policy.on_reclassify, "priority": "", "tier": "", "category": ""}  # fmt: skip
    return client.post(reverse("admin:tickets_slapolicy_change", args=[policy.pk]), facts | fields, follow=True)


# --- The simulator -----------------------------------------------------------------------------------------------


def test_a_made_up_ticket_is_due_by_the_policy_that_wins_with_every_interval_and_the_losers_told(team, standard):
    office = WorkCalendar.objects.standard()
    CalendarDay.objects.update_or_create(calendar=office, day="2026-11-23", defaults={"is_open": False, "name": "店庆"})
    vip = CustomerFactory(team=team, vip=True).tier
    draft = SLAPolicy.objects.create(
        name="贵宾方案", metric="resolution", tier=vip, target_days=1, calendar=office, is_active=False
    )
    case = Case("mail", "service", vip.pk, None, 2)
    before = sla_simulator.simulate(case, opened=NOON, metrics=["resolution"])[0]
    assert before.policy != draft and not any(row == draft for row, _why in before.lost)
    answer = sla_simulator.simulate(case, opened=NOON, draft=draft, metrics=["resolution"])[0]
    assert answer.policy == draft and str(vip) in answer.why
    assert answer.due.date().isoformat() == "2026-11-24"  # over the weekend and the day off
    assert sum(seconds for _begin, _end, seconds in answer.intervals) == answer.target > 0
    assert all((end - begin).total_seconds() == seconds for begin, end, seconds in answer.intervals)
    assert before.policy in [row for row, _why in answer.lost]
    other = sla_simulator.simulate(Case("mail", "service", None, None, 2), opened=NOON, draft=draft)
    losers = {row: why for one in other if one.metric == "resolution" for row, why in one.lost}
    assert losers[draft].startswith("only for ")


def test_the_simulator_reads_the_hour_in_its_zone_and_refuses_one_that_summer_time_skips(client, standard):
    asked = {"kind": "service", "channel": "mail", "priority": "2", "opened": "2026-03-29T02:30"}
    asked["metric"] = "resolution"
    address = reverse("admin:tickets_slapolicy_simulator")
    skipped = client.get(address, asked | {"zone": "Europe/Berlin"})
    assert skipped.status_code == 422 and "Summer time skips" in skipped.content.decode()
    assert client.get(address, asked | {"zone": "Europe/Nowhere"}).status_code == 422
    found = client.get(address, asked | {"zone": "America/New_York"})
    assert found.status_code == 200
    assert found.context["opened"] == datetime(2026, 3, 29, 6, 30, tzinfo=UTC)
    page = found.content.decode()
    assert [answer.metric for answer in found.context["answers"]] == ["resolution"]
    assert found.context["answers"][0].policy.name in page and "Sum" in page
    assert not Ticket.objects.exists()


def test_values_as_typed_are_tried_on_the_page_of_the_policy_and_nothing_of_them_is_saved(client, team, standard):
    typed = {"try-kind": "service", "try-channel": "mail", "try-priority": "2", "try-zone": "Asia/Shanghai",
             "try-opened": "2026-11-20T12:00", "_try": "1"}  # fmt: skip
    before = standard.history.count()
    page = save(client, standard, target_seconds="7200", **typed)
    assert page.status_code == 200 and "would be due 2026-11-20 14:00:00 (CST)" in page.content.decode()
    assert 'value="7200"' in page.content.decode()  # what was typed stands in the form again
    standard.refresh_from_db()
    assert standard.target_seconds == 24 * 3600 and standard.history.count() == before
    # A new row for the case of an active one is tried in its place, without being saved.
    fresh = {"name": "更快", "metric": "resolution", "is_active": "on", "target_seconds": "3600", "warn_at": "80",
             "on_reclassify": "keep"}  # fmt: skip
    add = reverse("admin:tickets_slapolicy_add")
    page = client.post(add, fresh | typed).content.decode()
    assert "would be due 2026-11-20 13:00:00" in page and "更快 is tried in its place" in page
    assert not SLAPolicy.objects.filter(name="更快").exists() and not Ticket.objects.exists()
    # What cannot be tried comes back with the reason.
    wrong = client.post(add, fresh | typed | {"target_days": "2"})
    assert wrong.status_code == 422 and "Give seconds, or working days with a calendar." in wrong.content.decode()
    assert client.post(add, fresh | typed | {"try-zone": "Mars/Base"}).status_code == 422
    client.post(add, fresh | {"_replay": "1"})
    assert Replay.objects.get().draft["target_seconds"] == 3600
    # And an ordinary save asks for no ticket.
    saved = save(client, standard, target_seconds="7200")
    standard.refresh_from_db()
    assert saved.status_code == 200 and standard.target_seconds == 7200


# --- The replay --------------------------------------------------------------------------------------------------


def test_a_draft_is_replayed_over_what_stopped_with_its_waits_and_nothing_is_written_to_it(
    client, team, standard, agent, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(sla_replay, "BATCH", 2)
    now = sla_replay.timezone.now()
    start = now - timedelta(days=3)
    quick, slow, waited, late = opened(team, 4, now=start)
    won = timer(quick).policy
    SLAPolicy.objects.filter(pk=won.pk).update(target_seconds=4 * 3600, target_days=None, calendar=None)
    SLATimer.objects.filter(metric="resolution").update(due_at=start + 4 * HOUR, target_seconds=4 * 3600, calendar=None)
    sla.pause(waited, by=agent, reason="等客户确认", now=start + HOUR / 2)
    sla.resume(waited, now=start + 3 * HOUR)
    for ticket, hours in ((quick, 0.5), (slow, 2), (waited, 3.2), (late, 5)):
        sla.stop(ticket, "resolution", now=start + hours * HOUR)
    before = list(SLATimer.objects.order_by("pk").values())
    won.refresh_from_db()
    answer = save(client, won, target_seconds="3600", _replay="1", is_default="on" if won.is_default else "")
    won.refresh_from_db()
    assert won.target_seconds == 4 * 3600  # the draft was not saved
    work = Replay.objects.get()
    assert (work.total, work.looked, work.state) == (4, 0, "running")
    with django_assert_max_num_queries(40):
        assert sla_replay.carry_on() == 4
    work.refresh_from_db()
    # An hour: slow and late are over it; the one that waited used 42 minutes.
    assert (work.was, work.would, work.changed, work.asked, work.state) == (1, 2, 1, 4, "done")
    page = client.get(reverse("admin:tickets_replay_change", args=[work.pk])).content.decode()
    assert "2 breaches instead of 1" in page
    assert reverse("desk:ticket_timer", args=[slow.pk, timer(slow).pk]) in page
    assert f"/tickets/{waited.pk}/" not in page
    assert list(SLATimer.objects.order_by("pk").values()) == before
    assert answer.status_code == 200


# --- Re-planning -------------------------------------------------------------------------------------------------


@pytest.fixture
def running(client, team, monkeypatch):
    """Five running promises of three days and a breached one, with the policy cut to two days."""
    monkeypatch.setattr(sla_replan, "BATCH", 2)
    now = sla_replan.timezone.now().replace(microsecond=0)
    tickets = opened(team, 6, now=now - 30 * HOUR)
    policy = timer(tickets[0]).policy
    SLAPolicy.objects.filter(pk=policy.pk).update(target_seconds=72 * 3600, target_days=None, calendar=None)
    for ticket in tickets:
        SLATimer.objects.filter(ticket=ticket, metric="resolution").update(
            due_at=ticket.opened_at + 72 * HOUR, target_seconds=72 * 3600, calendar=None
        )
    SLATimer.objects.filter(ticket=tickets[5]).update(due_at=now - HOUR)
    escalation.escalate_due(now=now)
    policy.refresh_from_db()
    return tickets, policy, now


def test_an_edit_moves_nothing_until_the_preview_is_accepted_and_then_everything_once(client, running, lead):
    tickets, policy, now = running
    sla.pause(tickets[4], by=lead, reason="等客户", now=now)
    old = {ticket.pk: timer(ticket).due_at for ticket in tickets}
    was = "on" if policy.is_default else ""
    answer = save(client, policy, target_seconds=str(48 * 3600), is_default=was).content.decode()
    address = reverse("admin:tickets_replan_preview")
    assert f"{address}?policy={policy.pk}" in answer
    assert {ticket.pk: timer(ticket).due_at for ticket in tickets} == old
    page = client.get(address, {"policy": policy.pk})
    preview = page.context["preview"]
    assert (preview.looked, preview.moved, preview.waiting, preview.late) == (5, 5, 1, 0)
    assert (preview.earlier, preview.later) == (-24 * HOUR, timedelta())
    chosen = {"policy": policy.pk, "seen": page.context["seen"]}
    assert client.post(address, chosen | {"seen": "stale"}).status_code == 422
    work = Replan.objects.get(pk=client.post(address, chosen).url.rstrip("/").split("/")[-2])
    refused = client.post(address, chosen)
    assert refused.status_code == 422 and "under way" in refused.content.decode()
    breach = Breach.objects.filter(ticket=tickets[5], metric="resolution").values().get()
    assert sla_replan.carry_on() == 5
    work.refresh_from_db()
    assert (work.state, work.looked, work.moved, work.late) == ("done", 5, 5, 0)
    for ticket in tickets[:4]:
        assert timer(ticket).due_at == old[ticket.pk] - 24 * HOUR
        assert Ticket.objects.get(pk=ticket.pk).due_at <= timer(ticket).due_at
        event = Event.objects.get(kind="replanned", ticket_id=ticket.pk)
        assert event.data["after"] == timer(ticket).due_at.isoformat()
    assert "re-planned" in client.get(f"/tickets/{tickets[0].pk}/").content.decode()
    assert (timer(tickets[4]).due_at, timer(tickets[4]).target_seconds) == (None, 48 * 3600)
    assert timer(tickets[5]).due_at == old[tickets[5].pk]
    assert Breach.objects.filter(ticket=tickets[5], metric="resolution").values().get() == breach
    assert sla_replan.carry_on() == 0
    assert "No running promise would move" in client.get(address, {"policy": policy.pk}).content.decode()


def test_a_rung_added_before_the_breach_reaches_what_runs_by_replanning_and_the_preview_says_so(
    client, running, admin, lead
):
    tickets, policy, now = running
    ladder = Ladder.objects.get(is_standard=True)
    old = {ticket.pk: timer(ticket).due_at for ticket in tickets}
    assert not sla_replan.would_move(policy=policy)
    ladder.rungs.update(position=F("position") + 10)
    for percent, position in ((25, 1), (90, 2)):  # 18 h have gone by after 30 h, 64.8 h have not
        Rung.objects.create(ladder=ladder, position=position, percent=percent, to="lead")
    rows = form_of_ladder(ladder)
    said = client.post(reverse("admin:tickets_ladder_change", args=[ladder.pk]), rows, follow=True).content.decode()
    address = reverse("admin:tickets_replan_preview")
    assert f"{address}?policy={policy.pk}" in said and "do not look at these rungs yet" in said
    page = client.get(address, {"policy": policy.pk})
    preview = page.context["preview"]
    assert (preview.moved, preview.rungs, preview.at_once) == (0, 5, 5)
    assert "5 promises would take up a rung" in page.content.decode()
    assert escalation.escalate_due(now=now).escalated == 0
    client.post(address, {"policy": policy.pk, "seen": page.context["seen"]})
    assert sla_replan.carry_on() == 5
    work = Replan.objects.get()
    assert (work.state, work.moved, work.late) == ("done", 0, 0)
    assert {ticket.pk: timer(ticket).due_at for ticket in tickets} == old
    assert not Event.objects.filter(kind="replanned").exists()  # nothing was promised anew
    assert escalation.escalate_due(now=now).escalated == 5
    assert Escalation.objects.filter(timer__policy=policy, to=lead, level=1).count() == 5
    assert timer(tickets[0]).next_escalation_at == tickets[0].opened_at + 0.9 * 72 * HOUR
    assert not sla_replan.would_move(policy=policy)


def form_of_ladder(ladder):
    """The ladder's page as it stands."""
    rungs = list(ladder.rungs.order_by("position"))
    sent = {"name": ladder.name, "rungs-TOTAL_FORMS": len(rungs), "rungs-INITIAL_FORMS": len(rungs),
            "rungs-MIN_NUM_FORMS": 1}  # fmt: skip
    for at, rung in enumerate(rungs):
        facts = {"id": rung.pk, "ladder": ladder.pk, "position": rung.position, "trigger": rung.trigger, "to": rung.to,
                 "percent": rung.percent or "", "ack_within": rung.ack_within or "", "urgent": "on"}  # fmt: skip
        sent |= {f"rungs-{at}-{name}": value for name, value in facts.items()}
    return sent


def test_a_replan_that_is_killed_goes_on_where_it_was_and_doubles_nothing(client, running, admin, monkeypatch):
    tickets, policy, _now = running
    SLAPolicy.objects.filter(pk=policy.pk).update(target_seconds=3600)
    policy.refresh_from_db()
    work = sla_replan.start(policy=policy, seen=sla_replan.fingerprint(policy=policy), by=admin)
    assert sla_replan.batch(work) == 2
    with monkeypatch.context() as killed:
        killed.setattr(Event.objects, "bulk_create", lambda rows: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sla_replan.batch(work)
    assert Event.objects.filter(kind="replanned").count() == 2
    sla_replan.stop(work)
    assert sla_replan.carry_on() == 0
    client.post(reverse("admin:tickets_replan_go_on", args=[work.pk]))
    assert sla_replan.carry_on() == 3
    work.refresh_from_db()
    assert (work.moved, work.late, work.state) == (5, 5, "done")
    assert Event.objects.filter(kind="replanned").values("ticket_id").distinct().count() == 5
    assert not Breach.objects.filter(ticket=tickets[0], metric="resolution").exists()
    escalation.escalate_due()  # what is late now is recorded by the beat, with the due time that it has
    assert Breach.objects.filter(ticket__in=tickets[:5], metric="resolution").count() == 5


@pytest.mark.django_db(transaction=True)
def test_a_replanning_process_killed_among_its_batches_loses_and_doubles_nothing(team, admin):
    now = sla_replan.timezone.now().replace(microsecond=0)
    policy = SLAPolicy.objects.get(metric="resolution", is_default=True)
    customer = CustomerFactory(team=team)
    facts = {"team": team, "customer": customer, "subject": "漏水", "kind": "service", "channel": "mail"}
    SLATimer.objects.bulk_create([
        SLATimer(
            ticket=ticket, metric="resolution", policy=policy, started_at=now, resumed_at=now, due_at=now + 72 * HOUR,
            target_seconds=72 * 3600,
        )
        for ticket in Ticket.objects.bulk_create([Ticket(**facts) for _ in range(900)])
    ])  # fmt: skip
    work = sla_replan.start(policy=policy, seen=sla_replan.fingerprint(policy=policy), by=admin)
    run = "from tickets import sla_replan; sla_replan.BATCH = 3; sla_replan.carry_on(seconds=600)"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-c", run], cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": address()},
    )
    deadline = sla_replan.timezone.now() + timedelta(seconds=60)
    try:
        while not Event.objects.filter(kind="replanned").exists():
            assert sla_replan.timezone.now() < deadline and process.poll() is None
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    moved = SLATimer.objects.filter(due_at=now + 24 * HOUR)
    while moved.count() < 900:  # the server lets the row of the dead go first
        assert sla_replan.timezone.now() < deadline
        done = Event.objects.filter(kind="replanned").count()
        work.refresh_from_db()
        # A batch is whole or not at all: the row of the work, the promises and their events say the same.
        assert 0 < done == work.moved == work.looked == moved.count()
        sla_replan.carry_on()
    sla_replan.carry_on()
    work.refresh_from_db()
    assert (work.state, work.moved) == ("done", 900)
    assert Event.objects.filter(kind="replanned").count() == 900
    assert Event.objects.filter(kind="replanned").values("ticket_id").distinct().count() == 900


def test_a_calendar_edited_while_its_promises_are_replanned_stops_the_work_with_a_reason(client, team, admin):
    office = WorkCalendar.objects.standard()
    now = sla_replan.timezone.now()
    ticket = opened(team, 1, now=now)[0]
    SLAPolicy.objects.filter(pk=timer(ticket).policy_id).update(target_seconds=None, target_days=5, calendar=office)
    moved = SLATimer.objects.filter(ticket=ticket, metric="resolution")
    clock = office.hours()
    due = clock.add_days(now, 5)
    moved.update(calendar=office, due_at=due, target_seconds=clock.between(now, due))
    assert not sla_replan.would_move(calendar=office)
    off = clock.next_open(now + timedelta(days=2)).astimezone(sla_simulator.zone_of(office)).date()
    CalendarDay.objects.update_or_create(calendar=office, day=off, defaults={"is_open": False})
    assert sla_replan.would_move(calendar=office)
    work = sla_replan.start(calendar=office, seen=sla_replan.fingerprint(calendar=office), by=admin)
    CalendarDay.objects.update_or_create(calendar=office, day=off + timedelta(days=1), defaults={"is_open": False})
    assert sla_replan.carry_on() == 0
    work.refresh_from_db()
    assert (work.state, timer(ticket).due_at) == ("stopped", due)
    page = client.get(reverse("admin:tickets_replan_change", args=[work.pk])).content.decode()
    assert "edited meanwhile" in page
    work = sla_replan.start(calendar=office, seen=sla_replan.fingerprint(calendar=office), by=admin)
    assert sla_replan.carry_on() == 1
    assert timer(ticket).due_at > due
