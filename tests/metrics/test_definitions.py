from datetime import timedelta

import pytest
from django.utils import timezone

from metrics import definitions
from tests.factories import CustomerFactory, TicketFactory
from tickets import conversation
from tickets.models import Ticket


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team, email="wang@example.com")


def counted(since):
    return definitions.counted(Ticket.objects.all(), [definitions.Span(since)])


def test_the_wall_counts_open_work_once_and_nothing_archived(customer):
    now = timezone.now()
    TicketFactory(customer=customer, kind="service", late=True)
    TicketFactory(customer=customer, kind="complaint")
    done = TicketFactory(customer=customer)
    Ticket.objects.filter(pk=done.pk).update(
        state="archived", outcome="spam", cause="customer", archived_at=now, due_at=None
    )
    wall = definitions.wall([customer.team_id], now=now)
    assert wall.open_by_kind == {"consult": 0, "service": 1, "complaint": 1}
    assert (wall.open, wall.breached, wall.due_soon) == (2, 1, 0)


def test_due_within_the_hour_leaves_out_what_is_late(customer):
    now = timezone.now()
    tickets = [TicketFactory(customer=customer) for _ in range(3)]
    for ticket, minutes in zip(tickets, (-1, 59, 61), strict=True):
        Ticket.objects.filter(pk=ticket.pk).update(due_at=now + timedelta(minutes=minutes))
    wall = definitions.wall([customer.team_id], now=now)
    assert (wall.breached, wall.due_soon) == (1, 1)


def test_first_response_is_the_time_to_the_first_reply_of_written_contacts(customer, agent):
    opened = timezone.now() - timedelta(hours=3)
    for minutes in (10, 20, 60):
        ticket = TicketFactory(customer=customer, now=opened)
        at = opened + timedelta(minutes=minutes)
        conversation.reply(ticket, body="您好", by=agent, next_update_at=at + timedelta(hours=1), now=at)
    TicketFactory(customer=customer, channel="phone", now=opened)
    spread = definitions.first_response(counted(opened))
    assert (spread.n, spread.p50) == (3, 20 * 60)
    assert spread.p90 == pytest.approx(52 * 60)


def test_no_reply_yet_is_no_figure_at_all(customer):
    TicketFactory(customer=customer)
    spread = definitions.first_response(counted(timezone.now() - timedelta(days=1)))
    assert (spread.n, spread.p50, spread.p90) == (0, None, None)


def test_volume_is_told_by_local_day_and_class(customer):
    today = timezone.localdate()
    days = [today - timedelta(days=1), today]
    late_last_night = definitions.local_midnight(today) - timedelta(minutes=1)
    TicketFactory(customer=customer, kind="consult", now=late_last_night)
    TicketFactory(customer=customer, kind="complaint", now=late_last_night + timedelta(minutes=2))
    volume = definitions.volume_by_day(counted(definitions.local_midnight(days[0])), days=days)
    assert volume == {"consult": [1, 0], "service": [0, 0], "complaint": [0, 1]}
