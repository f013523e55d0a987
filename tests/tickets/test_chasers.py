"""催单: counted, told, moved up and answered in time."""

from datetime import UTC, datetime, timedelta

from core.models import Event
from desk import queue
from messaging.models import Call
from staff.models import Notification
from tests.factories import CustomerFactory, TicketFactory
from tickets import conversation, details, intake, workflow
from tickets.models import Ticket

MONDAY = datetime(2026, 11, 16, 1, 30, tzinfo=UTC)  # 09:30 in Shanghai
HOUR = timedelta(hours=1)


def answered(team, owner, **more):
    """A service ticket whose first reply has gone out."""
    ticket = TicketFactory(customer=CustomerFactory(team=team, email=f"c{owner.pk}@mail.example", **more), owner=owner,
                           now=MONDAY)  # fmt: skip
    conversation.reply(ticket, body="已为您登记，今天答复您。", by=owner, next_update_at=MONDAY + 8 * HOUR, now=MONDAY)
    return ticket


def chase(ticket, at=MONDAY + HOUR, **more):
    intake.append_inbound(ticket, body="怎么还没有消息？", now=at, **more)
    ticket.refresh_from_db()


def bells(user):
    return list(Notification.objects.filter(user=user, kind="chased").order_by("pk").values_list("data", flat=True))


def test_each_chaser_is_counted_and_raises_the_priority_a_step_up_to_the_highest(team, agent):
    ticket = answered(team, agent)
    seen = [ticket.priority]
    for _time in range(4):
        chase(ticket)
        seen.append(ticket.priority)
    assert seen == [3, 2, 1, 1, 1]
    assert ticket.chases == 4
    told = Event.objects.filter(ticket_id=ticket.pk, kind="chased").order_by("id")
    steps = [(event.data["count"], event.data["from"], event.data["to"]) for event in told]
    assert steps == [(1, 3, 2), (2, 2, 1), (3, 1, 1), (4, 1, 1)]


def test_the_owner_hears_of_each_chaser_and_the_lead_from_the_third_on(team, agent, lead):
    ticket = answered(team, agent)
    for _time in range(3):
        chase(ticket)
    assert [data["times"] for data in bells(agent)] == [1, 2, 3]
    assert [data["times"] for data in bells(lead)] == [3]


def test_a_chaser_moves_the_ticket_up_in_the_queue_until_it_is_answered(team, agent):
    first, second = answered(team, agent), answered(team, agent)

    def order():
        return [ticket.pk for ticket in queue.open_to(agent)]

    assert order() == [first.pk, second.pk]
    chase(second)
    assert order() == [second.pk, first.pk]
    assert (second.due_kind, second.due_at) == ("chaser", MONDAY + 4.5 * HOUR)  # two working hours, with lunch between
    conversation.reply(second, body="师傅下午到。", by=agent, next_update_at=MONDAY + 9 * HOUR, now=MONDAY + 2 * HOUR)
    assert order() == [first.pk, second.pk]
    assert second.timers.get(metric="chaser").state == "met"


def test_a_second_chaser_does_not_win_time(team, agent):
    ticket = answered(team, agent)
    chase(ticket)
    chase(ticket, at=MONDAY + 2 * HOUR)
    assert ticket.timers.get(metric="chaser").started_at == MONDAY + HOUR


def test_while_the_first_reply_is_owed_no_second_clock_runs(team):
    ticket = TicketFactory(customer=CustomerFactory(team=team), now=MONDAY)
    chase(ticket)
    assert ticket.chases == 1
    assert not ticket.timers.filter(metric="chaser").exists()


def test_an_owner_who_took_the_call_has_answered_and_a_colleague_has_not(team, agent, specialist):
    ticket = answered(team, agent)
    chase(ticket, channel="phone", call=Call.objects.create(team=team, agent=agent), by=agent)
    assert not ticket.timers.filter(metric="chaser").exists()
    assert bells(agent) == []
    chase(ticket, channel="phone", call=Call.objects.create(team=team, agent=specialist), by=specialist)
    assert ticket.timers.get(metric="chaser").state == "running"


def test_the_next_step_answers_a_chaser_too(team, agent):
    ticket = answered(team, agent)
    chase(ticket)
    workflow.move(ticket, "classified", by=agent, now=MONDAY + 2 * HOUR)
    assert ticket.timers.get(metric="chaser").state == "met"


def test_an_answer_that_was_asked_for_is_no_chaser(team, agent):
    ticket = answered(team, agent)
    conversation.reply(ticket, body="请选颜色。", by=agent, wait=True, next_update_at=MONDAY + 9 * HOUR, now=MONDAY)
    chase(ticket)
    assert (ticket.chases, ticket.priority) == (0, 3)


def test_corrected_details_keep_what_the_chasers_raised(team, agent):
    ticket = answered(team, agent)
    chase(ticket)
    details.amend(ticket, by=agent, difficulty=1)
    assert Ticket.objects.get(pk=ticket.pk).priority == 2
