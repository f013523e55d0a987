"""One deed on many tickets: row by row, once per form, undone for half a minute."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from core.models import Event
from tests.factories import CustomerFactory, TicketFactory
from tickets import bulk, routing
from tickets.list_models import BulkAction, Snooze
from tickets.models import Grade, Ticket


@pytest.fixture
def three(team):
    return [TicketFactory(customer=CustomerFactory(team=team)) for _ in range(3)]


def ids(tickets):
    return [ticket.pk for ticket in tickets]


def owners():
    return [ticket.owner for ticket in Ticket.objects.order_by("pk")]


def test_each_row_goes_through_the_service_and_says_what_became_of_it(agent, lead, three, outsider):
    foreign = TicketFactory(customer=CustomerFactory(team=outsider.team))
    routing.claim(three[1], by=lead)
    action = bulk.act(kind="claim", tickets=ids([*three, foreign]), by=agent, key="a")
    assert [row["ticket"] for row in action.done] == [three[0].pk, three[2].pk]
    assert [row["ticket"] for row in action.refused] == [three[1].pk, foreign.pk]
    assert "王强" in action.refused[0]["why"]
    assert Event.objects.filter(kind="claimed", actor_id=agent.pk).count() == 2
    foreign.refresh_from_db()
    assert foreign.owner is None


def test_a_form_sent_twice_acts_once(agent, lead, three):
    first = bulk.act(kind="assign", tickets=ids(three), by=lead, key="a", value=agent)
    assert bulk.act(kind="assign", tickets=ids(three), by=lead, key="a", value=agent).pk == first.pk
    assert Event.objects.filter(kind="assigned").count() == 3


@pytest.mark.parametrize("kind", ["claim", "assign", "urgency", "snooze"])
def test_what_was_done_is_put_back(agent, lead, three, kind):
    tomorrow = timezone.now() + timedelta(days=1)
    values = {"assign": agent, "urgency": Grade.HIGH, "snooze": tomorrow}
    before = list(Ticket.objects.order_by("pk").values_list("owner", "urgency", "priority"))
    action = bulk.act(kind=kind, tickets=ids(three), by=lead, key="a", value=values.get(kind))
    assert len(action.done) == 3
    if kind == "snooze":
        assert Snooze.objects.count() == 3
    else:
        assert list(Ticket.objects.order_by("pk").values_list("owner", "urgency", "priority")) != before
    for _ in range(2):
        assert bulk.undo(action, by=lead).kept == []
    assert list(Ticket.objects.order_by("pk").values_list("owner", "urgency", "priority")) == before
    assert not Snooze.objects.exists()


def test_a_row_that_somebody_changed_since_is_left_alone_and_told(agent, lead, specialist, three):
    action = bulk.act(kind="assign", tickets=ids(three), by=lead, key="a", value=agent)
    routing.assign(three[0], to=specialist, by=agent, reason="busy")
    action = bulk.undo(action, by=lead)
    assert owners() == [specialist, None, None]
    assert [row["ticket"] for row in action.kept] == [three[0].pk]


def test_after_half_a_minute_it_stands(agent, three):
    action = bulk.act(kind="claim", tickets=ids(three), by=agent, key="a")
    with pytest.raises(bulk.BulkRefused):
        bulk.undo(action, by=agent, now=timezone.now() + timedelta(seconds=31))
    assert owners() == [agent] * 3


@pytest.mark.parametrize(
    ("kind", "tickets", "value"),
    [
        ("claim", [], None), ("claim", range(1, 202), None), ("fly", [1], None), ("urgency", [1], 9),
        ("snooze", [1], None),
    ],
)
def test_what_makes_no_sense_is_refused_as_a_whole(agent, kind, tickets, value):
    with pytest.raises(bulk.BulkRefused):
        bulk.act(kind=kind, tickets=tickets, by=agent, key="a", value=value)
    assert not BulkAction.objects.exists()


def test_yesterdays_actions_go(agent, three):
    bulk.act(kind="claim", tickets=ids(three), by=agent, key="a")
    assert bulk.forget() == 0
    assert bulk.forget(now=timezone.now() + timedelta(days=2)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_equal_submits_at_once_act_once(agent, three):
    def once(_number):
        try:
            return bulk.act(kind="claim", tickets=ids(three), by=agent, key="a").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(once, range(8)))) == 1
    assert Event.objects.filter(kind="claimed").count() == 3


def test_the_list_says_what_was_done_and_offers_the_way_back(signed_in, agent, lead, three):
    routing.claim(three[1], by=lead)
    client = signed_in(agent)
    sent = {"kind": "claim", "pick": ids(three), "key": "k", "query": "view=unassigned&sort=opened"}
    answer = client.post(reverse("desk:bulk"), sent)
    action = BulkAction.objects.get()
    assert answer["Location"] == f"/?view=unassigned&sort=opened&bulk={action.pk}"
    html = client.get(answer["Location"]).content.decode()
    assert three[1].number in html
    assert "王强" in html
    undo = reverse("desk:bulk_undo", args=[action.pk])
    assert undo in html
    assert signed_in(lead).post(undo).status_code == 404
    assert client.post(undo, {"query": "view=unassigned"}).status_code == 302
    assert owners() == [None, lead, None]


@pytest.mark.parametrize("sent", [{"kind": "assign", "to": ""}, {"kind": "assign", "to": "99999"}, {"kind": "urgency"}])
def test_a_deed_without_its_value_is_refused_on_the_list(signed_in, agent, three, sent):
    answer = signed_in(agent).post(reverse("desk:bulk"), {"pick": ids(three), "key": "k", "query": ""} | sent)
    assert answer.status_code == 422
    assert answer.context["refused_bulk"]["picked"] == ids(three)
    assert owners() == [None] * 3
