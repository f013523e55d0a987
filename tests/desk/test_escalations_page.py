"""The list of what has to be acknowledged, the ticket's ladder, and the button on both."""

import pytest

from tests.factories import CustomerFactory, TicketFactory
from tickets import escalation
from tickets.models import Acknowledgement, Escalation


@pytest.fixture
def late(team, lead, agent):
    tickets = [TicketFactory(customer=CustomerFactory(team=team), owner=agent, late=True) for _ in range(3)]
    escalation.escalate_due()
    return tickets


def test_a_lead_takes_one_in_hand_from_the_list_and_a_colleague_learns_of_it(
    late, lead, supervisor, agent, outsider, signed_in, django_assert_max_num_queries
):
    client = signed_in(lead)
    with django_assert_max_num_queries(8):
        page = client.get("/escalations/").content.decode()
    assert [f"T-{ticket.pk}" in page for ticket in late] == [True] * 3
    assert page.index(f"T-{late[0].pk}") < page.index(f"T-{late[2].pk}")  # the oldest first
    first = Escalation.objects.get(ticket=late[0])
    address = f"/escalations/{first.pk}/acknowledge/"
    assert signed_in(outsider).post(address).status_code == 404
    assert client.post(address, {"next": "/escalations/?whose=team"}).url == "/escalations/?whose=team"
    assert f"T-{late[0].pk}" not in client.get("/escalations/").content.decode()
    answer = signed_in(supervisor).post(address, follow=True).content.decode()
    assert "王强" in answer
    assert client.post(address, {"next": "https://elsewhere.example/"}).url == "/escalations/"
    assert late[1].subject not in signed_in(agent).get("/escalations/?whose=all").content.decode()


def test_the_panel_of_a_ticket_shows_its_ladder_and_answers_with_it(late, lead, supervisor, agent, signed_in):
    ticket, client = late[1], signed_in(lead)
    address = f"/escalations/{Escalation.objects.get(ticket=ticket).pk}/acknowledge/"
    panel = client.get(f"/tickets/{ticket.pk}/work/").content.decode()
    assert address in panel and "王强" in panel
    assert address not in signed_in(agent).get(f"/tickets/{ticket.pk}/work/").content.decode()
    refused = signed_in(agent).post(address, headers={"HX-Request": "true"})
    assert refused.status_code == 422 and not Acknowledgement.objects.exists()
    taken = client.post(address, headers={"HX-Request": "true"})
    assert taken.status_code == 200 and address not in taken.content.decode()
    assert signed_in(supervisor).post(address, headers={"HX-Request": "true"}).status_code == 422


def test_the_list_goes_on_behind_its_last_row(late, lead, signed_in, monkeypatch):
    monkeypatch.setattr("desk.escalations_page.ROWS", 2)
    client = signed_in(lead)
    first = client.get("/escalations/?whose=all")
    onward = first.context["next_url"]
    assert [step.ticket for step, _late in first.context["rows"]] == late[:2]
    assert [step.ticket for step, _late in client.get(f"/escalations/{onward}").context["rows"]] == late[2:]
