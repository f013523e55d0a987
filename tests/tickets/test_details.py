import pytest

from core.models import Event
from desk.forms import DetailsForm
from tests.factories import CustomerFactory, TicketFactory
from tickets import details, workflow
from tickets.models import Category, Priority


def test_correcting_the_grades_moves_the_priority_and_keeps_the_history(team, agent):
    ticket = TicketFactory(customer=CustomerFactory(team=team))
    topic = Category.objects.get(code="repair")
    details.amend(ticket, by=agent, subject="滤芯接口漏水，当天上门", category=topic, urgency=3, importance=3)
    assert (ticket.priority, ticket.category, ticket.subject) == (Priority.URGENT, topic, "滤芯接口漏水，当天上门")
    assert ticket.history.count() == 2
    assert Event.objects.get(kind="amended").data["fields"] == ["subject", "category", "urgency", "importance"]


def test_saving_what_stands_already_writes_nothing(team, agent):
    ticket = TicketFactory(customer=CustomerFactory(team=team))
    details.amend(ticket, by=agent, subject=ticket.subject, urgency=ticket.urgency)
    assert not Event.objects.filter(kind="amended").exists()
    assert ticket.history.count() == 1


def test_an_archived_record_and_an_empty_summary_are_refused(team, agent):
    ticket = TicketFactory(customer=CustomerFactory(team=team))
    with pytest.raises(details.AmendRefused, match="summary"):
        details.amend(ticket, by=agent, subject="  ")
    workflow.move(ticket, "archived", by=agent, outcome="spam", cause="customer", note="广告")
    with pytest.raises(details.AmendRefused, match="archived"):
        details.amend(ticket, by=agent, subject="新的摘要")


def test_the_page_saves_the_details_and_refuses_an_empty_summary(team, agent, signed_in):
    ticket = TicketFactory(customer=CustomerFactory(team=team))
    sent = {"subject": "改约周六", "category": "", "wish": "", "urgency": 1, "importance": 1, "difficulty": 1}
    client = signed_in(agent)
    assert client.post(f"/tickets/{ticket.pk}/details/", sent).status_code == 302
    ticket.refresh_from_db()
    assert (ticket.subject, ticket.priority) == ("改约周六", Priority.LOW)
    assert client.post(f"/tickets/{ticket.pk}/details/", sent | {"subject": ""}).status_code == 422


def test_of_two_editors_the_second_sees_both_versions_and_nothing_is_overwritten(team, agent, lead, signed_in):
    ticket = TicketFactory(customer=CustomerFactory(team=team), subject="漏水")
    url, seen = f"/tickets/{ticket.pk}/details/", DetailsForm(ticket=ticket)["seen"].value()
    sent = {"subject": "漏水", "category": "", "wish": "", "urgency": 2, "importance": 2, "difficulty": 2, "seen": seen}
    assert signed_in(lead).post(url, sent | {"subject": "王强写的", "urgency": 3}).status_code == 302
    client = signed_in(agent)
    assert client.post(url, sent | {"wish": "换新"}).status_code == 302  # another field: both stay
    ticket.refresh_from_db()
    assert (ticket.subject, ticket.wish, ticket.urgency) == ("王强写的", "换新", 3)
    answer = client.post(url, sent | {"subject": "李娜写的", "wish": "换新"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "王强写的" in html and "李娜写的" in html and 'id="both"' in html
    ticket.refresh_from_db()
    assert ticket.subject == "王强写的"
    again = answer.context["forms"]["details"]["seen"].value()
    decided = {"subject": "李娜写的", "wish": "换新", "urgency": 3, "seen": again}
    assert client.post(url, sent | decided).status_code == 302
    ticket.refresh_from_db()
    assert ticket.subject == "李娜写的"
    assert client.post(url, sent | {"seen": "forged"}).status_code == 422
