"""Put aside until a moment: out of the everyday lists, promises running, awake in time or when the customer writes."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.models import Event
from staff.models import Notification
from tests.factories import CustomerFactory, TicketFactory, make_late
from tickets import intake, snoozing
from tickets.list_models import Snooze


@pytest.fixture
def ticket(team, agent):
    return TicketFactory(customer=CustomerFactory(team=team), owner=agent, by=agent)


def tomorrow():
    return timezone.now() + timedelta(days=1)


def shown(client, view):
    groups = client.get("/", {"view": view}).context["page"].groups
    return [row.pk for group in groups for row in group.rows]


def test_a_snoozed_ticket_leaves_the_everyday_lists_and_has_its_own(signed_in, agent, ticket):
    due = ticket.due_at
    snoozing.snooze(ticket, until=tomorrow(), by=agent)
    client = signed_in(agent)
    assert (shown(client, "mine"), shown(client, "team"), shown(client, "snoozed")) == ([], [], [ticket.pk])
    ticket.refresh_from_db()
    assert ticket.due_at == due
    make_late(ticket)
    assert shown(client, "breached") == [ticket.pk]


def test_it_wakes_when_its_time_has_come_and_only_once(agent, ticket):
    snoozing.snooze(ticket, until=tomorrow(), by=agent)
    assert snoozing.wake_due() == 0
    later = tomorrow() + timedelta(minutes=1)
    assert snoozing.wake_due(now=later) == 1
    assert snoozing.wake_due(now=later) == 0
    assert Event.objects.filter(ticket_id=ticket.pk, kind="woken").count() == 1
    assert Notification.objects.filter(user=agent, kind="woken", ticket_id=ticket.pk).count() == 1


def test_the_customer_wakes_it(signed_in, agent, ticket):
    snoozing.snooze(ticket, until=tomorrow(), by=agent)
    intake.append_inbound(ticket, body="还没有好吗？")
    assert shown(signed_in(agent), "mine") == [ticket.pk]
    assert snoozing.wake_due() == 1
    assert not Snooze.objects.exists()


@pytest.mark.parametrize("delta", [timedelta(minutes=-1), timedelta(days=91)])
def test_a_moment_that_cannot_be_is_refused_and_stays_in_its_field(signed_in, agent, ticket, delta):
    until = timezone.localtime(timezone.now() + delta).strftime("%Y-%m-%dT%H:%M")
    answer = signed_in(agent).post(reverse("desk:ticket_snooze", args=[ticket.pk]), {"until": until})
    assert answer.status_code == 422
    assert until in answer.content.decode()
    assert not Snooze.objects.exists()


def test_the_page_puts_it_aside_and_takes_it_back(signed_in, agent, ticket, outsider):
    url = reverse("desk:ticket_snooze", args=[ticket.pk])
    until = timezone.localtime(tomorrow()).strftime("%Y-%m-%dT%H:%M")
    assert signed_in(outsider).post(url, {"until": until}).status_code == 404
    client = signed_in(agent)
    client.post(url, {"until": until})
    assert Snooze.objects.get(ticket=ticket).by == agent
    assert 'name="wake"' in client.get(reverse("desk:ticket", args=[ticket.pk])).content.decode()
    client.post(url, {"wake": "1"})
    assert not Snooze.objects.exists()
    told = Event.objects.filter(ticket_id=ticket.pk, kind__in=["snoozed", "woken"]).order_by("pk")
    assert [event.actor_id for event in told] == [agent.pk, agent.pk]
