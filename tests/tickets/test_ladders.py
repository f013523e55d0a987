"""Escalation ladders: each rung once and in order, whoever is told takes it in hand, and 上报 stays another matter."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from complaints import sheets
from core.hours import ALWAYS
from core.models import Event
from staff.floor_models import Absence
from staff.models import Notification, Role
from tests.factories import CustomerFactory, TicketFactory, UserFactory
from tickets import acknowledging, escalation, ladder_acts, ladders, sla, workflow
from tickets.ladder_models import Act, Ladder, Rung, Trigger, Whom, check_rungs
from tickets.models import Acknowledgement, Escalation, SLAPolicy, SLATimer, Ticket

START = datetime(2026, 11, 20, 1, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def ladder_of(*rungs):
    """The ladder of the service promise: a solution in 24 hours, day and night."""
    ladder = Ladder.objects.create(name="试")
    for position, facts in enumerate(rungs, 1):
        Rung.objects.create(ladder=ladder, position=position, **facts)
    SLAPolicy.objects.filter(metric="resolution").update(ladder=ladder)
    return ladder


def share(percent, to=Whom.LEAD, **more):
    return {"percent": percent, "to": to, **more}


def silence(to=Whom.NEXT, **more):
    return {"trigger": Trigger.SILENCE, "to": to, **more}


@pytest.fixture
def opened(team, agent):
    def make(**more):
        more = {"owner": agent, "now": START, **more}
        return TicketFactory(customer=CustomerFactory(team=team), **more)

    return make


def climbed(ticket, *moments):
    """The steps of the resolution's timer after ticks at these moments."""
    for moment in moments:
        while escalation.escalate_due(now=moment):
            pass
    return list(Escalation.objects.filter(ticket=ticket, timer__metric="resolution").order_by("pk"))


def seen(steps):
    return [(step.level, step.to.username if step.to else "") for step in steps]


def test_a_ladder_warns_early_climbs_unanswered_and_rests_once_somebody_has_taken_it_in_hand(
    opened, lead, supervisor, admin, agent
):
    ladder_of(
        share(50, Whom.OWNER, ack_within=60), silence(ack_within=60), share(100, Whom.LEAD, ack_within=30),
        silence(ack_within=60), silence(), share(150, Whom.MANAGER),
    )  # fmt: skip
    ticket = opened()
    timer = ticket.timers.get(metric="resolution")
    assert timer.next_escalation_at == START + 12 * HOUR
    steps = climbed(ticket, START + 12 * HOUR - MINUTE)
    assert not steps
    # Half of the time is used: the owner hears of it, and an hour later, unanswered, the lead.
    steps = climbed(ticket, START + 12 * HOUR, START + 13 * HOUR)
    assert seen(steps) == [(1, "agent"), (2, "lead")]
    assert steps[0].due_ack_at == START + 13 * HOUR
    assert list(Escalation.objects.unacknowledged().filter(ticket=ticket)) == [steps[1]]
    acknowledging.acknowledge(steps[1], by=lead, now=START + 13 * HOUR + MINUTE)
    assert not Escalation.objects.unacknowledged().filter(ticket=ticket).exists()
    assert Acknowledgement.objects.filter(escalation__ticket=ticket, by=lead).count() == 2
    # It rests until the next share, the breach; from there it climbs anew, and 150 % comes whatever was answered.
    assert len(climbed(ticket, START + 23 * HOUR)) == 2
    steps = climbed(ticket, START + 24 * HOUR, START + 24 * HOUR + 30 * MINUTE)
    assert seen(steps)[2:] == [(3, "lead"), (4, "supervisor")]
    acknowledging.acknowledge(steps[-1], by=supervisor, now=START + 25 * HOUR)
    steps = climbed(ticket, START + 36 * HOUR, START + 90 * HOUR)
    assert seen(steps)[4:] == [(6, "admin")]
    kinds = Event.objects.filter(ticket_id=ticket.pk, data__metric="resolution").values_list("kind", flat=True)
    assert [kind for kind in kinds if kind.startswith("escalat")] == [
        "escalated_ahead", "escalated_ahead", "escalation_acknowledged", "escalated_overdue", "escalated_overdue",
        "escalation_acknowledged", "escalated_overdue",
    ]  # fmt: skip


def test_nothing_climbs_while_the_clock_waits_and_it_goes_on_from_where_it_was(opened, lead, agent):
    ladder_of(share(50, Whom.OWNER, urgent=False), share(100))
    ticket = opened()
    sla.pause(ticket, by=agent, reason="客户考虑", now=START + HOUR)
    assert not climbed(ticket, START + 20 * HOUR)
    sla.resume(ticket, now=START + 21 * HOUR)
    assert not climbed(ticket, START + 31 * HOUR)
    assert seen(climbed(ticket, START + 32 * HOUR)) == [(1, "agent")]
    assert not Notification.objects.get(user=agent, kind="escalated_ahead").is_urgent


rung_shapes = st.lists(st.tuples(st.booleans(), st.integers(5, 60), st.integers(10, 3000) | st.none()), min_size=1,
                       max_size=6)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(rung_shapes, st.lists(st.tuples(st.integers(1, 5000), st.booleans()), min_size=1, max_size=30))
def test_each_rung_is_taken_once_and_in_order_whatever_the_ticks(shapes, ticks):
    """The rule alone, without a database: ticks minutes apart, some of them followed by an acknowledgement."""
    rungs, percent = [], 0
    for number, (silent, step, ack) in enumerate(shapes, 1):
        silent = silent and bool(rungs) and bool(rungs[-1].ack_within)
        percent += 0 if silent else step
        rungs.append(Rung(position=number, trigger="silence" if silent else "percent", ack_within=ack,
                          percent=None if silent else percent))  # fmt: skip
    due = START + 24 * HOUR
    place = ladders.Place(1, False, 0, 0, None, START, due, 24 * 3600, 0)
    now, taken = START, []
    for minutes, acknowledges in ticks:
        now += minutes * MINUTE
        place = replace(place, breached=place.breached or now >= due)
        while (following := ladders.upcoming(place, rungs, ALWAYS)) and following[1] <= now:
            rung = following[0]
            taken.append(rung.position)
            ack = ALWAYS.add(now, 60 * rung.ack_within) if rung.ack_within else None
            place = replace(place, level=rung.position, due_ack_at=ack)
        if acknowledges:
            place = replace(place, acknowledged=place.level)
    assert taken == sorted(set(taken))
    # Every share that has gone by was told of, however late the ticks were.
    gone = {r.position for r in rungs if r.percent and START + 24 * HOUR * r.percent / 100 <= now}
    assert gone <= set(taken)
    silent_ones = [r.position for r in rungs if r.trigger == "silence"]
    assert all(n - 1 in taken for n in taken if n in silent_ones)


def test_whoever_is_away_is_stood_in_for_and_an_empty_rung_goes_to_the_next_one_above(opened, team, lead, supervisor):
    deputy = UserFactory(username="deputy", team=team, role=Role.SPECIALIST)
    gone = UserFactory(username="gone", team=team, is_active=False)
    now = START + 24 * HOUR
    Absence.objects.create(user=lead, deputy=deputy, starts_at=START, ends_at=now + 20 * MINUTE, recorded_by=lead)
    ladder_of(share(100, Whom.LEAD), share(101, Whom.NAMED, person=gone), share(102, Whom.DUTY))
    ticket = opened()
    steps = climbed(ticket, now, now + 19 * MINUTE, now + HOUR)
    # The lead's deputy; a named person who has left gives way to the lead; so does a duty that nobody has.
    assert seen(steps) == [(1, "deputy"), (2, "deputy"), (3, "lead")]


def test_the_ladder_ends_with_the_departments_manager_and_with_an_administrator_where_none_is_fit(
    opened, team, lead, supervisor, admin, signed_in
):
    head = UserFactory(username="head", display_name="何总", team=team, role=Role.SUPERVISOR)
    ladder_of(share(100, Whom.LEAD), share(101, Whom.SUPERVISOR), share(102, Whom.MANAGER))
    page, department = signed_in(admin), team.department
    address = f"/admin/staff/department/{department.pk}/change/"
    assert "no manager who sees its work" in page.get("/admin/staff/department/").content.decode()
    assert "no manager who sees its work" in page.get("/admin/tickets/ladder/").content.decode()
    wrong = page.post(address, {"name": department.name, "manager": lead.pk}).content.decode()
    assert "Choose a supervisor of this department" in wrong
    assert page.post(address, {"name": department.name, "manager": head.pk}).status_code == 302
    assert "no manager who sees its work" not in page.get("/admin/staff/department/").content.decode()
    end = START + 25 * HOUR
    assert seen(climbed(opened(), end)) == [(1, "lead"), (2, "supervisor"), (3, "head")]
    # Once they have left the department's sight, an administrator hears instead, and the administration says so.
    head.role = Role.SPECIALIST
    head.save()
    assert seen(climbed(opened(), end)) == [(1, "lead"), (2, "supervisor"), (3, "admin")]
    assert "no manager who sees its work" in page.get("/admin/tickets/ladder/").content.decode()


def test_a_rung_gives_the_ticket_away_raises_its_priority_and_opens_a_sheet_each_once(
    opened, lead, agent, supervisor
):
    ladder_of(share(100, reassigns=True, raises_priority=True, opens_sheet=True))
    ticket = opened(kind="complaint", level="general")
    SLATimer.objects.filter(ticket=ticket, metric="resolution").update(due_at=START + HOUR)
    climbed(ticket, START + 2 * HOUR)
    priority = ticket.priority
    assert Act.objects.filter(done_at=None).count() == 3
    for _again in range(3):
        ladder_acts.carry_out(now=START + 3 * HOUR)
        sheets.open_wished(now=START + 3 * HOUR)
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert (ticket.owner, ticket.priority) == (lead, priority - 1)
    assert ticket.sheet.opened_by is None
    assert set(Act.objects.values_list("result", flat=True)) == {"done"}
    told = Event.objects.filter(ticket_id=ticket.pk, kind__in=["assigned", "priority_raised", "sheet_opened"])
    assert told.count() == 3
    assert Notification.objects.filter(user=agent, kind="taken_over").count() == 1


def test_what_was_settled_meanwhile_is_left_alone(opened, lead, agent):
    ladder_of(share(100, reassigns=True))
    ticket = opened(kind="consult")
    SLATimer.objects.filter(ticket=ticket, metric="resolution").update(due_at=START + HOUR)
    climbed(ticket, START + 2 * HOUR)
    for state in ("understood", "answered"):
        workflow.move(ticket, state, by=agent)
    assert ladder_acts.carry_out() == 1
    assert Act.objects.get().result == "settled"
    assert Ticket.objects.get(pk=ticket.pk).owner == agent


def test_overdue_escalation_and_the_decision_to_escalate_are_never_mixed(opened, lead, specialist, supervisor):
    """超时升级 is an event of a clock and leaves the state alone; 上报 is a state that a person decides."""
    late, decided = opened(kind="complaint", level="general"), opened(kind="complaint", level="general")
    SLATimer.objects.filter(ticket=late, metric="resolution").update(due_at=START + HOUR)
    climbed(late, START + 2 * HOUR, START + 9 * HOUR)
    assert Ticket.objects.get(pk=late.pk).state == "received"
    assert not Event.objects.filter(ticket_id=late.pk, kind="moved").exists()
    for state in ("classified", "phone_handling", "dept_handling", "escalated"):
        workflow.move(decided, state, by=specialist, note="部门无法解决", now=START + HOUR)
    assert not Escalation.objects.filter(ticket=decided).exists()
    assert not Event.objects.filter(ticket_id=decided.pk, kind__startswith="escalated").exists()
    assert list(Ticket.objects.filter(state="escalated")) == [decided]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_acknowledge_at_once_the_second_learns_who_was_first(opened, lead, supervisor):
    ticket = opened(late=True, now=timezone.now())
    escalation.escalate_due()
    step = Escalation.objects.get(ticket=ticket)
    begin, heard = threading.Barrier(2), []

    def take(person):
        begin.wait()
        try:
            acknowledging.acknowledge(step, by=person)
            heard.append("")
        except acknowledging.AcknowledgeRefused as refused:
            heard.append(str(refused))
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=[person]) for person in (lead, supervisor)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = Acknowledgement.objects.get().by
    assert sorted(bool(text) for text in heard) == [False, True]
    assert str(winner) in "".join(heard)
    acknowledging.acknowledge(step, by=winner)  # again, without harm
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Acknowledgement.objects.update(by=lead.pk)


def test_ladders_that_cannot_be_climbed_are_refused_in_words(team, lead):
    def refused(*facts):
        with pytest.raises(ValidationError) as error:
            check_rungs([Rung(position=n, **one) for n, one in enumerate(facts, 1)])
        return error.value.message

    assert "at least one" in refused()
    assert "must grow" in refused(share(100), share(75))
    assert "asks for none" in refused(share(100), silence())
    assert "no rung before" in refused({"percent": 50, "to": Whom.NEXT})
    circle = {"to": Whom.NAMED, "person": lead}
    assert "circle" in refused(share(50, ack_within=5) | circle, silence() | circle)
    check_rungs([Rung(position=1, **share(100, ack_within=30)), Rung(position=2, **silence())])


def test_the_time_to_the_supervisor_becomes_a_ladder_for_each_distinct_time_and_comes_back(ground):
    """The step of the migration itself, on the column as it was."""
    step = import_module("tickets.migrations.0020_ladders_of_policies")
    old = MigrationLoader(connection).project_state([("tickets", "0020_ladders_of_policies")]).apps
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE tickets_slapolicy ADD COLUMN supervisor_after integer NOT NULL DEFAULT 1800")
    SLAPolicy.objects.update(ladder=None)
    Ladder.objects.all().delete()
    policies = old.get_model("tickets", "SLAPolicy").objects
    hasty = policies.filter(metric="first_response").first()
    policies.filter(pk=hasty.pk).update(supervisor_after=600)
    step.lay(old, connection.SchemaEditorClass(connection))
    assert Ladder.objects.count() == 2 and Ladder.objects.get(is_standard=True).rungs.first().ack_within == 30
    ladder = SLAPolicy.objects.get(pk=hasty.pk).ladder
    assert [(rung.to, rung.ack_within) for rung in ladder.rungs.all()] == [("lead", 10), ("supervisor", None)]
    assert SLAPolicy.objects.exclude(ladder=None).count() == 1
    policies.update(supervisor_after=1)
    step.back(old, None)
    assert policies.get(pk=hasty.pk).supervisor_after == 600
    assert set(policies.exclude(pk=hasty.pk).values_list("supervisor_after", flat=True)) == {1800}
    assert not SLAPolicy.objects.exclude(ladder=None).exists()


def form_of(*rungs, **more):
    """What the administration sends for a ladder with these rungs."""
    sent = {"name": "夜间", "rungs-TOTAL_FORMS": len(rungs), "rungs-INITIAL_FORMS": 0, **more}
    for at, rung in enumerate(rungs):
        blank = {"position": at + 1, "trigger": "percent", "percent": "", "to": "lead", "urgent": "on"}
        sent |= {f"rungs-{at}-{name}": value for name, value in {**blank, **rung}.items()}
    return sent


def test_the_administration_refuses_a_ladder_in_words_and_reports_who_is_away(signed_in, admin, team, lead, agent):
    client, address = signed_in(admin), "/admin/tickets/ladder/add/"
    named = {"to": "named", "person": agent.pk, "percent": 100}
    for sent, words in (
        (form_of({"percent": 100}, {"percent": 75}), "the shares must grow"),
        (form_of({"percent": 100}, {"trigger": "silence"}), "asks for none"),
        (form_of({"to": "named", "percent": 100}), "Name a person"),
        (form_of(**{"rungs-TOTAL_FORMS": 1, "rungs-0-position": ""}), "required"),
    ):
        answer = client.post(address, sent)
        assert answer.status_code == 200 and words in answer.content.decode()
    now = timezone.now()
    away = {"starts_at": now - HOUR, "ends_at": now + HOUR, "recorded_by": lead}
    one = Absence.objects.create(user=agent, deputy=lead, **away)
    other = Absence.objects.create(user=lead, deputy=agent, **away)
    assert "point at each other" in client.post(address, form_of(named)).content.decode()
    other.delete()
    Absence.objects.filter(pk=one.pk).update(deputy=None)
    answer = client.post(address, form_of(named), follow=True).content.decode()
    assert "nobody stands in" in answer
    ladder = Ladder.objects.get(name="夜间")
    assert [rung.person for rung in ladder.rungs.all()] == [agent]
    standard = Ladder.objects.get(is_standard=True)
    assert client.post(f"/admin/tickets/ladder/{standard.pk}/delete/", {"post": "yes"}).status_code == 403
    for chosen in ([ladder.pk, standard.pk], [ladder.pk]):
        client.post("/admin/tickets/ladder/", {"action": "make_standard", "_selected_action": chosen})
        assert Ladder.objects.get(is_standard=True) == (standard if len(chosen) > 1 else ladder)
