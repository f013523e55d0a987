"""Tags, watchers, links and tasks of a ticket."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core.models import Event
from tests.factories import CustomerFactory, TicketFactory
from tickets import bulk, conversation, escalation, intake, relations, todo, watching, workflow
from tickets.models import Cause, Kind, Outcome, State, Tag, Task, Watch
from tickets.relation_models import Link


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team, email="wang@mail.example")


@pytest.fixture
def ticket(customer, agent):
    return TicketFactory(customer=customer, owner=agent, kind=Kind.CONSULT)


def bell(user):
    return [row.kind for row in user.notifications.order_by("pk")]


def at_once(*works):
    def run(work):
        try:
            return work()
        except relations.LinkRefused as refused:
            return str(refused)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


# --- Tags -------------------------------------------------------------------------------------------------------


def test_a_tag_is_made_on_the_fly_once_and_put_on_a_ticket_once(agent, ticket):
    wet, again = relations.tag_named("#漏水 急"), relations.tag_named("漏水  急")
    assert wet == again and Tag.objects.count() == 1
    assert relations.tag_named("VIP") == relations.tag_named("vip")
    assert [relations.tag(ticket, tag=wet, by=agent) for _ in range(2)] == [True, False]
    assert [relations.untag(ticket, tag=wet, by=agent) for _ in range(2)] == [True, False]
    kinds = list(Event.objects.filter(ticket_id=ticket.pk, kind__contains="tagged").values_list("kind", flat=True))
    assert kinds == ["tagged", "untagged"]


@pytest.mark.parametrize("name", ["", " # ", "x" * 31])
def test_a_tag_has_a_short_name(ground, name):
    with pytest.raises(relations.TagRefused):
        relations.tag_named(name)


def test_a_retired_tag_goes_on_no_ticket(agent, ticket):
    old = Tag.objects.create(name="旧", is_active=False)
    for work in (lambda: relations.tag_named("旧"), lambda: relations.tag(ticket, tag=old, by=agent)):
        with pytest.raises(relations.TagRefused, match="no longer used"):
            work()


def test_many_tickets_are_tagged_untagged_and_watched_at_once_and_put_back(agent, lead, customer):
    ids = [TicketFactory(customer=customer).pk for _ in range(3)]
    wet = relations.tag_named("漏水")
    done = bulk.act(kind="tag", tickets=ids, by=lead, key="a", value=wet)
    assert len(done.done) == 3 and wet.taggings.count() == 3
    off = bulk.act(kind="untag", tickets=ids[:2], by=lead, key="b", value=wet)
    assert wet.taggings.count() == 1
    bulk.undo(off, by=lead)
    bulk.act(kind="watch", tickets=ids, by=lead, key="c")
    assert lead.watches.count() == 3
    assert bulk.undo(done, by=lead).kept == [] and not wet.taggings.exists()
    with pytest.raises(bulk.BulkRefused):
        bulk.act(kind="tag", tickets=ids, by=lead, key="d")


# --- Watchers ---------------------------------------------------------------------------------------------------


def test_watchers_hear_of_the_customer_colleagues_and_the_clock_but_not_of_themselves(agent, lead, outsider, ticket):
    for user in (lead, agent, outsider):
        watching.watch(ticket, user=user)
    intake.append_inbound(ticket, body="还在漏")
    conversation.reply(ticket, body="您好，正在核实", by=lead, next_update_at=timezone.now() + timedelta(hours=2))
    workflow.move(ticket, State.UNDERSTOOD, by=lead)
    assert bell(lead) == ["watched_wrote"]
    assert [kind for kind in bell(agent) if kind.startswith("watched")] == [
        "watched_wrote", "watched_replied", "watched_moved",
    ]
    assert bell(outsider) == []
    watching.unwatch(ticket, user=lead)
    intake.append_inbound(ticket, body="喂")
    assert bell(lead) == ["watched_wrote"]


def test_a_missed_promise_is_told_to_watchers_once_however_often_the_tick_runs(lead, specialist, customer):
    late = TicketFactory(customer=customer, late=True)
    watching.watch(late, user=specialist)
    escalation.escalate_due()
    watching.watch(late, user=lead)  # what was missed before is no news
    assert [watching.tell_breaches() for _ in range(2)] == [1, 0]
    assert bell(specialist) == ["watched_breached"]


def test_whoever_is_mentioned_watches_from_then_on(agent, lead, ticket):
    conversation.note(ticket, by=agent, body="@王强 请看一下")
    assert [watch.user for watch in Watch.objects.all()] == [lead]
    assert bell(lead) == ["mentioned"]


# --- Links ------------------------------------------------------------------------------------------------------


def test_a_parent_knows_its_children_and_no_circle_is_closed(agent, lead, customer):
    one, two, three = (TicketFactory(customer=customer) for _ in range(3))
    relations.link(one, target=two, kind="parent", by=agent)
    relations.link(two, target=three, kind="parent", by=agent)
    for source, target, why in ((three, one, "circle"), (one, three, "has a parent"), (one, one, "itself")):
        with pytest.raises(relations.LinkRefused, match=why):
            relations.link(source, target=target, kind="parent", by=agent)
    children = relations.links_of(one, agent)["children"]
    assert [other for _row, other in children] == [two] and relations.open_among(children) == 1


def test_relatives_are_linked_once_from_either_side_and_links_are_seen_by_sight(agent, outsider, customer):
    one, two = TicketFactory(customer=customer), TicketFactory(customer=customer)
    first = relations.link(two, target=one, kind="related", by=agent)
    assert relations.link(one, target=two, kind="related", by=agent) == first
    assert [other for _row, other in relations.links_of(one, agent)["related"]] == [two]
    assert not any(relations.links_of(one, outsider).values())
    assert [relations.unlink(first, by=agent) for _ in range(2)] == [True, False]


@pytest.mark.django_db(transaction=True)
def test_of_two_links_that_would_close_a_circle_at_once_one_is_refused(team, agent):
    one, two, three = (TicketFactory(customer=CustomerFactory(team=team)) for _ in range(3))
    relations.link(two, target=three, kind="parent", by=agent)
    results = at_once(
        lambda: relations.link(one, target=two, kind="parent", by=agent),
        lambda: relations.link(three, target=one, kind="parent", by=agent),
    )
    assert sum("circle" in str(result) for result in results) == 1
    assert Link.objects.filter(kind="parent").count() == 2


# --- Tasks ------------------------------------------------------------------------------------------------------


def test_a_ticket_with_open_tasks_is_not_archived_until_they_are_done_or_dropped(agent, lead, ticket):
    first = todo.add(ticket, what="查批次", by=agent, owner=lead, key="k")
    assert todo.add(ticket, what="查批次", by=agent, owner=lead, key="k") == first
    second = todo.add(ticket, what="回电 13812341234", by=agent)
    assert Task.objects.get(pk=second.pk).what == "回电 ⟨138****1234⟩"
    assert bell(lead) == ["task"]
    todo.close(first, by=lead)
    final = {"by": agent, "outcome": Outcome.WITHDRAWN, "cause": Cause.CUSTOMER, "note": "不要了"}
    with pytest.raises(workflow.MoveRefused, match="Tasks are open"):
        workflow.move(ticket, State.ARCHIVED, **final)
    with pytest.raises(todo.TaskRefused, match="why"):
        todo.close(second, by=agent, dropped_because=" ")
    todo.close(second, by=agent, dropped_because="客户撤回")
    workflow.move(ticket, State.ARCHIVED, **final)
    for work in (lambda: todo.reopen(first, by=agent), lambda: todo.add(ticket, what="又一件", by=agent)):
        with pytest.raises(todo.TaskRefused, match="archived"):
            work()


@pytest.mark.parametrize("what", ["", " \n", "长" * 201])
def test_a_task_says_what_in_a_line(agent, ticket, what):
    with pytest.raises(todo.TaskRefused):
        todo.add(ticket, what=what, by=agent)


def test_a_task_belongs_to_somebody_who_sees_the_ticket(agent, outsider, ticket):
    with pytest.raises(todo.TaskRefused, match="does not see"):
        todo.add(ticket, what="查批次", by=agent, owner=outsider)
