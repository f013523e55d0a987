"""A technician who works office hours, and a service ticket of a customer in 浦东."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from customers import registry
from staff.models import Role
from tests.factories import CustomerFactory, TeamFactory, TicketFactory, UserFactory
from tickets.models import Kind
from visits import flow
from visits.models import Technician

SHANGHAI = ZoneInfo("Asia/Shanghai")
ADDRESS, PHONE = "上海市浦东新区张江路88号", "13912345678"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026 in Shanghai; the 16th is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


@pytest.fixture
def field_team(team):
    return TeamFactory(name="上门服务组", department=team.department)


@pytest.fixture
def technician(field_team):
    user = UserFactory(username="gao", display_name="高峰", role=Role.AGENT, team=field_team)
    return Technician.objects.create(user=user, team=field_team, areas="浦东, 徐汇", per_day=3)


@pytest.fixture
def ticket(team, agent):
    customer = CustomerFactory(team=team, name="王小雨", phone="13800001234", email="yu@example.com")
    registry.add_contact(customer, kind="address", value=ADDRESS, source="call")
    return TicketFactory(customer=customer, kind=Kind.SERVICE, owner=agent, by=agent, now=at(16, 8, 40))


@pytest.fixture
def planned(ticket, agent):
    """planned() → a visit that 李娜 has planned on Monday at 9:00."""

    def make(**details):
        given = {"kind": "repair", "address": ADDRESS, "phone": PHONE, "contact_name": "王小雨", "by": agent} | details
        return flow.request(ticket, now=at(16, 9), **given)

    return make


@pytest.fixture
def appointed(planned, technician, agent):
    """appointed(starts, ends) → offered for Monday 10:00, agreed for the window that the customer chose."""

    def make(starts=None, ends=None, **details):
        visit = flow.dispatch(
            planned(**details), technician=technician, starts_at=at(16, 10), ends_at=at(16, 12), by=agent,
            now=at(16, 9, 5),
        )
        return flow.appoint(
            visit, starts_at=starts or at(16, 10), ends_at=ends or at(16, 12), by=agent, now=at(16, 9, 15)
        )

    return make
