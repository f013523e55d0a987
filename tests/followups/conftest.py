"""Tickets of the three flows, brought to their resolution by the agent who handles them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from core.models import Event
from followups import callbacks
from tests.factories import CustomerFactory, TicketFactory
from tickets import workflow
from tickets.models import Kind, State

SHANGHAI = ZoneInfo("Asia/Shanghai")
FLOW = {
    Kind.CONSULT: (State.UNDERSTOOD, State.ANSWERED),
    Kind.SERVICE: (State.CLASSIFIED, State.RECORDED, State.AUDIT_CALLBACK),
    Kind.COMPLAINT: (State.CLASSIFIED, State.PHONE_HANDLING, State.CALLBACK),
}


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """A moment of November 2026 in Shanghai; the 16th is a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team, name="王小雨", phone="13800001234", email="yu@example.com")


@pytest.fixture
def resolved(customer, agent):
    """resolved(kind) → a ticket that 李娜 has resolved on Monday at 10:00."""

    def make(kind, *, customer=customer, now=None, **details):
        now = now or at(16, 10)
        ticket = TicketFactory(customer=customer, kind=kind, by=agent, owner=agent, now=at(16, 9), **details)
        for state in FLOW[kind]:
            workflow.move(ticket, state, by=agent, now=now)
        return ticket

    return make


@pytest.fixture
def planned(resolved, specialist):
    """planned(kind) → its callback."""

    def make(kind, **details):
        return callbacks.plan(resolution_of(resolved(kind, **details)))

    return make


def resolution_of(ticket) -> Event:
    return Event.objects.filter(ticket_id=ticket.pk, kind="resolved").latest("id")
