"""Two tickets become one and two again; one becomes two."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core.models import Event
from desk import search
from desk.search_filters import resolve
from tests.factories import CustomerFactory, TicketFactory
from tickets import conversation, intake, joining, relations, sla, splitting, todo, watching, workflow
from tickets.models import Cause, Join, Kind, Link, Outcome, PauseCause, SLATimer, State, Ticket


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team, email="wang@mail.example")


@pytest.fixture
def first(customer, agent):
    return TicketFactory(customer=customer, owner=agent, body="接口漏水")


@pytest.fixture
def second(customer, agent, lead):
    made = TicketFactory(customer=customer, body="还是漏，照片在这里")
    todo.add(made, what="看照片", by=agent)
    watching.watch(made, user=lead)
    relations.tag(made, tag=relations.tag_named("漏水"), by=agent)
    return made


def state_of(*tickets):
    """Everything that a merge touches."""
    return [
        (
            Ticket.objects.filter(pk=one.pk).values().get() | {"updated_at": None},
            list(one.posts.order_by("pk").values_list("pk", "ticket")), list(one.todos.values_list("pk", "ticket")),
            list(one.watches.values_list("user", flat=True)), list(one.taggings.values_list("tag", flat=True)),
            list(one.timers.order_by("pk").values_list("metric", "state", "due_at", "stopped_at")),
        )
        for one in tickets
    ]


def test_everything_of_the_other_comes_along_and_undoing_puts_it_back(agent, lead, first, second):
    before = state_of(first, second)
    join = joining.merge(first, other=second, by=agent)
    assert joining.merge(first, other=second, by=agent).pk == join.pk
    first.refresh_from_db()
    second.refresh_from_db()
    assert [post.body for post in first.posts.all()] == ["接口漏水", "还是漏，照片在这里"]
    assert (first.chases, first.todos.count(), first.watches.get().user) == (1, 1, lead)
    assert [tag.name for tag in first.tags.all()] == ["漏水"]
    assert (second.state, second.outcome, second.due_at) == (State.ARCHIVED, Outcome.DUPLICATE, None)
    assert Link.objects.get().target == first
    with pytest.raises(workflow.MoveRefused, match="Tasks are open"):
        final = {"outcome": Outcome.SPAM, "cause": Cause.CUSTOMER, "note": "x"}
        workflow.move(first, State.ARCHIVED, by=agent, **final)
    joining.undo(join, by=agent)
    joining.undo(join, by=agent)
    assert state_of(first, second) == before
    assert Event.objects.filter(kind="join_undone").count() == 2
    assert not Link.objects.exists()
    assert search.ticket_ids(resolve("is:open", agent), 9) == [second.pk, first.pk]


def waits_of(ticket) -> list[tuple]:
    return list(ticket.pauses.filter(ended_at=None).order_by("cause").values_list("cause", "until", "by_hand"))


def test_what_the_customer_has_to_decide_is_waited_for_on_the_ticket_that_stays(agent, lead, first, customer):
    second, until = TicketFactory(customer=customer, owner=agent), timezone.now() + timedelta(hours=20)
    conversation.reply(second, body="方案如下，请您决定", by=agent, wait=True)
    sla.pause(second, by=agent, reason="等配件", cause=PauseCause.SUPPLIER, until=until)
    second.pauses.filter(cause=PauseCause.SUPPLIER).update(consent_by=lead)
    waiting, before = waits_of(second), state_of(first, second)
    assert [cause for cause, *_more in waiting] == ["customer", "supplier"]

    join = joining.merge(first, other=second, by=agent)
    first.refresh_from_db()
    assert waits_of(first) == waiting and waits_of(second) == []
    assert first.pauses.get(cause=PauseCause.SUPPLIER).consent_by == lead
    assert first.waiting_customer and set(first.timers.open().values_list("state", flat=True)) >= {"paused"}

    joining.undo(join, by=agent)
    assert waits_of(second) == waiting and waits_of(first) == []
    assert [row[0]["waiting_customer"] for row in state_of(first, second)] == [False, True]
    again, then = state_of(first, second)[0][5], before[0][5]
    assert [(metric, state, stopped) for metric, state, _due, stopped in again] == [
        (metric, state, stopped) for metric, state, _due, stopped in then
    ]
    # Merge and undoing may fall into two seconds; what ran of a second is not counted.
    assert all(one[2] - other[2] <= timedelta(seconds=1) for one, other in zip(again, then, strict=True) if one[2])

    intake.append_inbound(second, body="同意")
    assert [cause for cause, *_more in waits_of(second)] == ["supplier"]


def test_a_word_of_the_customer_on_the_other_ticket_ends_the_wait_for_them(agent, first, customer):
    conversation.reply(first, body="方案如下，请您决定", by=agent, wait=True)
    second = TicketFactory(customer=customer, body="同意第二个方案", now=timezone.now() + timedelta(minutes=5))
    join = joining.merge(first, other=second, by=agent, now=timezone.now() + timedelta(minutes=9))
    first.refresh_from_db()
    assert waits_of(first) == [] and not first.waiting_customer
    joining.undo(join, by=agent, now=timezone.now() + timedelta(minutes=10))
    assert [cause for cause, *_more in waits_of(first)] == ["customer"]


def test_words_follow_their_ticket(agent, outsider, first, second):
    joining.merge(first, other=second, by=agent)
    found = search.post_ids(resolve("is:open 照片在这里", agent), 9)
    assert found == list(first.posts.order_by("-pk").values_list("pk", flat=True)[:1])


def test_a_promise_missed_meanwhile_stays_missed_after_the_undo(agent, first, customer):
    late = TicketFactory(customer=customer, late=True)
    join = joining.merge(first, other=late, by=agent)
    joining.undo(join, by=agent)
    timer = SLATimer.objects.get(ticket=late, metric="resolution")
    assert (timer.state, timer.stopped_at) == ("breached", None)
    assert timer.next_escalation_at is not None


def test_merging_is_refused_in_plain_words(agent, first, second, team):
    foreign = TicketFactory(customer=CustomerFactory(team=team))
    gone = TicketFactory(customer=first.customer)
    workflow.move(gone, State.ARCHIVED, by=agent, outcome=Outcome.SPAM, cause=Cause.CUSTOMER, note="广告")
    for other, why in ((first, "itself"), (foreign, "different customers"), (gone, "archived")):
        with pytest.raises(joining.JoinRefused, match=why):
            joining.merge(first, other=other, by=agent)
    joining.merge(first, other=second, by=agent)
    with pytest.raises(joining.JoinRefused, match="has been merged into"):
        joining.merge(second, other=first, by=agent)


def test_what_is_held_is_not_merged_away_and_stays_as_it_was(agent, first, second):
    workflow.hold(second, "sheet", "A complaint sheet is open")
    before = state_of(first, second)
    with pytest.raises(joining.JoinRefused, match="sheet"):
        joining.merge(first, other=second, by=agent)
    assert state_of(first, second) == before


def test_undoing_ends_with_the_day_and_with_the_first_work(agent, first, second, customer):
    join = joining.merge(first, other=second, by=agent)
    with pytest.raises(joining.JoinRefused, match="time"):
        joining.undo(join, by=agent, now=timezone.now() + timedelta(hours=25))
    watching.watch(first, user=agent)  # looking on is no work
    assert joining.undo_refusal(join, timezone.now()) == ""
    conversation.note(first, body="一并处理", by=agent)
    with pytest.raises(joining.JoinRefused, match="worked on"):
        joining.undo(join, by=agent)


def test_a_chain_of_merges_leads_to_the_last_survivor(agent, first, second, customer):
    third = TicketFactory(customer=customer)
    joining.merge(first, other=second, by=agent)
    joining.merge(third, other=first, by=agent)
    assert joining.survivor_of(second) == third
    assert third.posts.count() == 3


@pytest.mark.django_db(transaction=True)
def test_of_two_opposite_merges_at_once_one_survives(team, agent):
    customer = CustomerFactory(team=team)
    one, two = TicketFactory(customer=customer), TicketFactory(customer=customer)

    def run(pair):
        try:
            return joining.merge(pair[0], other=pair[1], by=agent).pk
        except joining.JoinRefused as refused:
            return str(refused)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run, [(one, two), (two, one)]))
    assert sum("has been merged into" in str(result) for result in results) == 1
    assert Join.objects.count() == 1
    assert Ticket.objects.active().count() == 1


# --- One becomes two ----------------------------------------------------------------------------------------------


def test_chosen_entries_become_a_ticket_of_their_own_and_a_note_stays(agent, first):
    other = intake.append_inbound(first, body="另外发票没有收到")
    made = splitting.split(first, posts=[other.pk], subject="发票", kind=Kind.CONSULT, by=agent, key="k")
    again = splitting.split(first, posts=[other.pk], subject="发票", kind=Kind.CONSULT, by=agent, key="k")
    assert again == made and Ticket.objects.count() == 2
    assert [post.body for post in made.posts.all()] == ["另外发票没有收到"]
    assert (made.customer, made.owner, made.kind) == (first.customer, agent, Kind.CONSULT)
    assert made.timers.open().exists()
    left = first.posts.order_by("at", "pk").last()
    assert left.kind == "note" and made.number in left.body and left.at == other.at
    assert Link.objects.get().kind == "related"
    assert search.post_ids(resolve("class:consult 发票没有收到", agent), 9) == [other.pk]


def test_a_split_needs_a_choice_and_leaves_something_behind(agent, first, second):
    all_of_it = [post.pk for post in first.posts.all()]
    for posts, why in (([], "Choose"), (all_of_it, "Leave"), ([second.posts.get().pk], "Choose")):
        with pytest.raises(splitting.SplitRefused, match=why):
            splitting.split(first, posts=posts, subject="x", kind=Kind.CONSULT, by=agent)
