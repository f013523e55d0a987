"""Tickets that wait for somebody ready, and those that nobody opened: handed on, first tiers first."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from core import live
from tickets import routing_rules
from tickets.models import State, Ticket
from tickets.routing_models import RoutingRule, Turn

UNOPENED, READY, OVERFLOW = "unopened", "ready", "overflow"


@transaction.atomic
def tick(*, now: datetime | None = None, limit: int = 200) -> int:
    """One batch: takes back what was not opened in time, gives out what waits, lets the rest overflow.

    Rows are claimed with SKIP LOCKED, so two workers share the work; a second run finds nothing left to do. Returns
    how many tickets changed hands.
    """
    now = now or timezone.now()
    done = _take_back(now, limit)
    for rule_id in Turn.objects.filter(agent=None).values_list("rule", flat=True).distinct():
        done += _hand_out(RoutingRule.objects.select_related("overflow_team").get(pk=rule_id), now, limit)
    return done


def _claimed(turns, limit: int) -> Iterable[Turn]:
    return turns.select_for_update(skip_locked=True, of=("self",))[:limit]


def _ticket(turn: Turn) -> Ticket | None:
    """The ticket, locked, as long as it is the routing's to give; where somebody has acted, the turn is over."""
    ticket = (
        Ticket.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        .select_related("customer__tier", "team").filter(pk=turn.ticket_id).first()
    )
    if ticket is None:
        return None  # somebody holds it just now: next time
    untouched = ticket.owner_id == turn.agent_id and not ticket.is_archived
    if turn.agent_id and not (ticket.unread and ticket.state == State.RECEIVED):
        untouched = False
    if not untouched:
        turn.delete()
        return None
    return ticket


def _take_back(now: datetime, limit: int) -> int:
    late, done = Turn.objects.filter(agent__isnull=False, due_at__lte=now).select_related("rule"), 0
    for turn in _claimed(late.order_by("due_at"), limit):
        ticket = _ticket(turn)
        if ticket is None:
            continue
        turn.tried = [*turn.tried, turn.agent_id]
        agent = routing_rules.choose(turn.rule, ticket, now=now, but=turn.tried)
        if agent is None:
            turn.tried = []  # everybody had it: whoever is ready next may have it again
        turn.since = now
        _give(ticket, turn, agent, UNOPENED, now)
        done += 1
    return done


def _hand_out(rule: RoutingRule, now: datetime, limit: int) -> int:
    """In the order of the tiers, then of priority, then of waiting."""
    waiting = Turn.objects.filter(agent=None, rule=rule).order_by(
        "ticket__customer__tier__rank", "ticket__priority", "since", "pk"
    )
    done = 0
    somebody: dict[tuple[int, str], bool] = {}
    for turn in _claimed(waiting.select_related("ticket"), limit):
        ticket = _ticket(turn)
        if ticket is None:
            continue
        group = ticket.team_id, ticket.kind
        agent = routing_rules.choose(rule, ticket, now=now) if somebody.get(group, True) else None
        somebody[group] = agent is not None
        if agent is not None:
            _give(ticket, turn, agent, READY, now)
            done += 1
        elif rule.overflow_team is not None and _overflows(rule, turn, now):
            ticket.team, turn.overflowed, turn.since = rule.overflow_team, True, now
            _give(ticket, turn, routing_rules.choose(rule, ticket, now=now), OVERFLOW, now)
            done += 1
    return done


def _overflows(rule: RoutingRule, turn: Turn, now: datetime) -> bool:
    if rule.overflow_minutes is None or turn.overflowed:
        return False
    return turn.since + timedelta(minutes=rule.overflow_minutes) <= now


def _give(ticket: Ticket, turn: Turn, agent, why: str, now: datetime) -> None:
    former = Ticket.objects.values_list("team_id", flat=True).get(pk=ticket.pk)
    ticket.owner, ticket.updated_at, ticket.unread = agent, now, True
    ticket.save(update_fields=["owner", "team", "updated_at", "unread"])
    routing_rules.record(ticket, turn.rule, agent, now=now, why=why)
    turn.agent, turn.due_at = agent, routing_rules.due_of(turn.rule, agent, now)
    if agent is not None and turn.due_at is None:
        turn.delete()
    else:
        turn.save()
    for team_id in {former, ticket.team_id}:
        live.publish("ticket", team_id=team_id, ticket=ticket.pk)
