"""Whose ticket it is: claims at once, take-overs with their reason."""

import threading

import pytest
from django.db import connection
from django.urls import reverse

from core.models import Event
from staff.models import Notification, Role
from tests.factories import CustomerFactory, TicketFactory, UserFactory
from tickets import routing
from tickets.models import Ticket

HANDS = 50


@pytest.fixture
def ticket(team):
    return TicketFactory(customer=CustomerFactory(team=team))


@pytest.mark.django_db(transaction=True)
def test_of_fifty_claims_at_once_one_wins_and_forty_nine_learn_who_has_it(team, ticket):
    people = [UserFactory(team=team, display_name=f"员工{number:02}") for number in range(HANDS)]
    together, won, told = threading.Barrier(HANDS), [], []

    def reach(person):
        try:
            mine = Ticket.objects.get(pk=ticket.pk)
            together.wait(timeout=60)
            won.append(str(routing.claim(mine, by=person).owner))
        except routing.ClaimRefused as refused:
            told.append(str(refused))
        finally:
            connection.close()

    hands = [threading.Thread(target=reach, args=[person]) for person in people]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert len(won) == 1
    assert told == [f"{won[0]} has this ticket already."] * (HANDS - 1)
    assert Event.objects.filter(ticket_id=ticket.pk, kind="claimed").count() == 1
    assert str(Ticket.objects.get(pk=ticket.pk).owner) == won[0]


def test_taking_over_needs_a_reason_and_tells_whoever_had_it(ticket, agent, lead):
    routing.claim(ticket, by=agent)
    with pytest.raises(routing.AssignRefused, match="李娜 has this ticket"):
        routing.take_over(ticket, by=lead, reason="  ", former=agent.pk)
    routing.take_over(ticket, by=lead, reason="李娜午休，客户在线等", former=agent.pk)
    assert ticket.owner == lead
    event = Event.objects.get(ticket_id=ticket.pk, kind="taken_over")
    assert (event.data["former"], event.data["reason"]) == ("李娜", "李娜午休，客户在线等")
    assert list(Notification.objects.values_list("user", "kind")) == [(agent.pk, "taken_over")]


def test_a_third_who_was_quicker_is_not_overrun(ticket, agent, lead, specialist):
    routing.claim(ticket, by=agent)
    routing.take_over(ticket, by=specialist, reason="轮到我", former=agent.pk)
    with pytest.raises(routing.AssignRefused, match="周敏 has this ticket already"):
        routing.take_over(ticket, by=lead, reason="升级", former=agent.pk)
    assert Ticket.objects.get(pk=ticket.pk).owner == specialist


def test_giving_away_what_another_has_needs_a_reason_too(ticket, agent, lead, specialist):
    routing.claim(ticket, by=agent)
    with pytest.raises(routing.AssignRefused, match="Say why"):
        routing.assign(ticket, to=specialist, by=lead)
    routing.assign(ticket, to=specialist, by=lead, reason="需要专员")
    assert set(Notification.objects.values_list("user", "kind")) == {
        (specialist.pk, "assigned"), (agent.pk, "taken_over"),
    }


def test_whoever_has_it_gives_it_away_without_a_word(ticket, agent, specialist):
    routing.claim(ticket, by=agent)
    routing.assign(ticket, to=specialist, by=agent)
    assert ticket.owner == specialist


def test_the_page_asks_why_and_keeps_what_was_typed(signed_in, ticket, agent, lead, specialist):
    routing.claim(ticket, by=agent)
    client, address = signed_in(lead), reverse("desk:ticket_take_over", args=[ticket.pk])
    page = client.get(reverse("desk:ticket", args=[ticket.pk])).content.decode()
    assert "Take over from 李娜" in page
    assert client.post(address, {"former": agent.pk, "reason": " "}, headers={"HX-Request": "true"}).status_code == 422
    routing.assign(ticket, to=specialist, by=agent)
    late = client.post(address, {"former": agent.pk, "reason": "客户在线等"}, headers={"HX-Request": "true"})
    assert late.status_code == 422
    html = late.content.decode()
    assert "周敏 has this ticket already." in html and "客户在线等" in html and f'value="{specialist.pk}"' in html
    client.post(address, {"former": specialist.pk, "reason": "客户在线等"})
    ticket.refresh_from_db()
    assert (ticket.owner, ticket.owner.role) == (lead, Role.LEAD)
    assert "took the ticket over from 周敏" in client.get(reverse("desk:ticket", args=[ticket.pk])).content.decode()


def test_another_team_takes_nothing_over(signed_in, ticket, agent, outsider):
    routing.claim(ticket, by=agent)
    answer = signed_in(outsider).post(reverse("desk:ticket_take_over", args=[ticket.pk]), {"reason": "x"})
    assert answer.status_code == 404
    assert Ticket.objects.get(pk=ticket.pk).owner == agent
