"""Nothing stays with somebody who is away: work is handed on by plan, told row by row, and given back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core.models import Event
from customers.models import Task
from desk import leaving
from staff import absences
from staff.floor_models import Absence, Transfer
from staff.models import Presence, User
from tests.factories import CustomerFactory, TicketFactory, UserFactory
from tickets import routing, todo
from tickets.models import Ticket


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team)


@pytest.fixture
def loaded(agent, customer):
    """An agent with three tickets, a task on one of them, and a task about a customer."""
    for number in range(3):
        routing.claim(TicketFactory(customer=customer, subject=f"漏水 {number}"), by=agent)
    todo.add(Ticket.objects.order_by("pk")[0], what="查批次", by=agent, owner=agent)
    Task.objects.create(customer=customer, kind="contact", key="t1", assignee=agent, due_on=timezone.localdate())
    return agent


def leave(user, by, *, plan=Absence.Plan.QUEUE, deputy=None, hours=8):
    now = timezone.now()
    return absences.record(
        user=user, starts_at=now - timedelta(minutes=1), ends_at=now + timedelta(hours=hours), kind="sick", plan=plan,
        deputy=deputy, by=by,
    )


def owners():
    return [name for name in Ticket.objects.order_by("pk").values_list("owner__username", flat=True)]


def test_an_absence_that_begins_hands_everything_to_the_deputy_once_and_it_is_given_back(loaded, lead, specialist):
    mate = UserFactory(team=loaded.team, username="mate")
    leave(specialist, lead, deputy=mate)  # the deputy is away as well: their own deputy stands in
    leave(loaded, lead, plan=Absence.Plan.DEPUTY, deputy=specialist)

    shares = leaving.preview(user=loaded, plan=Absence.Plan.DEPUTY, deputy=specialist)
    assert [(share.to, share.total) for share in shares] == [(mate, 5)]
    assert owners() == ["agent"] * 3  # a preview writes nothing

    assert leaving.begin_due() == 2
    assert leaving.begin_due() == 0
    assert owners() == ["mate"] * 3
    loaded.refresh_from_db()
    assert loaded.presence == Presence.OFFLINE
    assert Task.objects.get().assignee == mate
    row = Transfer.objects.get(user=loaded)
    assert {one["what"] for one in row.done} == {"ticket", "task", "todo"}
    assert len(row.done) == 5
    assert mate.todos.get().what == "查批次"
    assert row.by == lead
    first = Ticket.objects.order_by("pk").first()
    event = Event.objects.filter(kind="assigned", ticket_id=first.pk).get()
    assert (event.data["to"], event.data["former"]) == (str(mate), "李娜")
    assert first.history.first().owner_id == mate.pk
    assert set(mate.notifications.values_list("kind", flat=True)) == {"transferred"}

    routing.assign(first, to=lead, by=lead, reason="已跟进")
    leaving.undo(row, by=lead)
    leaving.undo(row, by=lead)
    assert owners() == ["lead", "agent", "agent"]
    row.refresh_from_db()
    assert [one["id"] for one in row.kept] == [first.pk]
    assert Task.objects.get().assignee == loaded


def test_shared_work_goes_to_those_who_carry_least_and_can_see_it(loaded, lead, other_team, outsider):
    one, two = UserFactory.create_batch(2, team=loaded.team, presence=Presence.READY)
    busy = TicketFactory(customer=CustomerFactory(team=loaded.team))
    routing.claim(busy, by=one)
    leaving.transfer(user=loaded, plan=Absence.Plan.SHARED, by=lead)
    assert Ticket.objects.filter(owner=one).count() == 2
    assert Ticket.objects.filter(owner=two).count() == 2

    leaving.transfer(user=one, plan=Absence.Plan.DEPUTY, deputy=outsider, by=lead)
    assert Ticket.objects.filter(owner=None).count() == 2  # of another team: they could not see it


def test_a_hundred_tickets_take_no_more_statements_than_three(loaded, lead, customer, django_assert_max_num_queries):
    for number in range(7):
        routing.claim(TicketFactory(customer=customer, subject=f"异响 {number}"), by=loaded)
    with django_assert_max_num_queries(26) as few:
        leaving.transfer(user=loaded, plan=Absence.Plan.QUEUE, by=lead)
    assert Ticket.objects.filter(owner=None).count() == 10
    assert len(few) <= 26


def test_overlapping_absences_and_deputies_that_do_not_fit_are_refused(agent, lead):
    leave(agent, lead)
    with pytest.raises(absences.AbsenceRefused):
        leave(agent, lead, hours=1)
    with pytest.raises(absences.AbsenceRefused):
        leave(lead, lead, deputy=lead)
    with pytest.raises(absences.AbsenceRefused):
        leave(lead, lead, plan=Absence.Plan.DEPUTY)
    assert Absence.objects.count() == 1


def test_what_came_since_and_what_lies_with_the_long_offline_is_found_and_taken_away(loaded, lead, customer, outsider):
    now = timezone.now()
    User.objects.filter(pk=loaded.pk).update(presence=Presence.OFFLINE, presence_since=now - timedelta(hours=1))
    assert leaving.left_behind(lead) == []
    User.objects.filter(pk=loaded.pk).update(presence_since=now - timedelta(hours=5))
    Ticket.objects.update(due_at=now + timedelta(days=3))
    soon = Ticket.objects.order_by("pk").first()
    Ticket.objects.filter(pk=soon.pk).update(due_at=now + timedelta(hours=2))
    assert [[ticket.pk for ticket in left.tickets] for left in leaving.left_behind(lead)] == [[soon.pk]]
    assert leaving.left_behind(outsider) == []

    leaving.take_away(user=loaded, plan=Absence.Plan.QUEUE, by=lead)
    assert owners() == [None, "agent", "agent"]  # what is not due soon stays

    absence = leave(loaded, lead)
    assert len(leaving.left_behind(lead)[0].tickets) == 2
    leaving.take_away(user=loaded, plan=Absence.Plan.QUEUE, by=lead)
    assert leaving.left_behind(lead) == []
    assert absences.end(absence, by=lead).ends_at <= timezone.now()


@pytest.mark.django_db(transaction=True)
def test_eight_workers_begin_an_absence_once(loaded, lead):
    leave(loaded, lead)

    def tick(_n):
        try:
            return leaving.begin_due()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tick, range(8))) == 1
    assert Transfer.objects.count() == 1
    assert owners() == [None] * 3
