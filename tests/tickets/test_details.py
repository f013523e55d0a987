import pytest

from core.models import Event
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
