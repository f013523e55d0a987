"""A caller of another team: the words go there, the agent learns a number and nothing more."""

import pytest
from django.urls import reverse

from customers.models import Customer
from messaging import calls
from staff.models import Notification, Role
from tests.factories import CustomerFactory, UserFactory
from tickets.models import Ticket


@pytest.fixture
def theirs(other_team):
    return CustomerFactory(team=other_team, name="外地客", phone="13812341234")


@pytest.fixture
def call(agent):
    return calls.start(team=agent.team, agent=agent, number="13812341234")


def test_the_call_becomes_a_ticket_of_their_team_and_its_lead_is_told(signed_in, agent, other_team, theirs, call):
    lead = UserFactory(team=other_team, role=Role.LEAD)
    client = signed_in(agent)
    url = reverse("desk:intake_handover", args=[call.pk])
    hits = client.get(reverse("desk:intake_lookup"), {"call": call.pk, "phone": "138 1234 1234"}).content.decode()
    assert url in hits and "外地客" not in hits and other_team.name in hits
    answer = client.post(url, {"phone": "138 1234 1234", "words": "机器漏水，请回电"}, follow=True)
    ticket = Ticket.objects.get()
    assert (ticket.customer, ticket.team) == (theirs, other_team)
    assert ticket.number in answer.content.decode() and "外地客" not in answer.content.decode()
    assert client.get(reverse("desk:ticket", args=[ticket.pk])).status_code == 404
    assert Notification.objects.get(kind="handed_over").user == lead
    call.refresh_from_db()
    assert call.ended_at and call.customer is None
    client.post(url, {"phone": "138 1234 1234", "words": "机器漏水，请回电"})
    assert Ticket.objects.count() == 1 and Customer.objects.count() == 1


def test_without_words_or_a_customer_there_nothing_is_handed_over(signed_in, agent, theirs, call):
    url = reverse("desk:intake_handover", args=[call.pk])
    client = signed_in(agent)
    assert client.post(url, {"phone": "13812341234", "words": ""}).status_code == 422
    kept = client.post(url, {"phone": "13899990000", "words": "请回电"})
    assert kept.status_code == 422 and "请回电" in kept.content.decode()
    assert not Ticket.objects.exists()


def test_a_call_of_somebody_else_is_not_there(signed_in, outsider, theirs, call):
    url = reverse("desk:intake_handover", args=[call.pk])
    assert signed_in(outsider).post(url, {"words": "x"}).status_code == 404
