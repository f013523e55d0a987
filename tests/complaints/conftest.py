import pytest

from tests.factories import CustomerFactory, TicketFactory
from tickets import workflow
from tickets.models import Kind, Level, State


@pytest.fixture
def complaint(team, agent):
    """complaint(level=…) → a complaint at CLASSIFIED, opened by 李娜."""

    def make(level=Level.SPECIAL, kind=Kind.COMPLAINT, **details):
        customer = details.pop("customer", None)
        customer = customer or CustomerFactory(team=team, phone="13800001234", email="yu@example.com")
        ticket = TicketFactory(customer=customer, kind=kind, level=level, by=agent, owner=agent, **details)
        return workflow.move(ticket, State.CLASSIFIED, by=agent)

    return make
