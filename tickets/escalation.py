"""超时升级: an open timer climbs its ladder, one rung at a time, and each rung tells somebody.

It never touches the ticket's state; what a rung does besides telling is written down as an `Act` and done by the next
beat, see `tickets.ladder_acts`. The decision 上报 is `tickets.workflow`'s alone.
"""

from collections import defaultdict
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from staff import notifications
from staff.models import User
from tickets import sla_breaches, sla_pauses, sla_ticking
from tickets.ladder_models import Rung, Trigger
from tickets.ladder_people import People
from tickets.ladders import Clocks, Ladders, Place, upcoming

# Oldest first, with SKIP LOCKED, so that workers share the work. A ticket that somebody works on just now is left to
# the next tick: whoever holds it may be about to wait for its timers.
CLAIM = """
WITH claimed AS (
    SELECT id, ticket_id, policy_id, metric, state, escalation_level, acknowledged_level, calendar_id, resumed_at,
        due_at, target_seconds, consumed_seconds, next_escalation_at
    FROM tickets_slatimer WHERE stopped_at IS NULL AND next_escalation_at <= %(now)s
    ORDER BY next_escalation_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
SELECT t.id, t.state = 'breached', t.escalation_level, t.acknowledged_level, e.due_ack_at, t.resumed_at, t.due_at,
    t.target_seconds, t.consumed_seconds,
    t.metric, t.calendar_id, p.ladder_id, t.ticket_id, k.team_id, k.customer_id, k.owner_id
FROM claimed t JOIN tickets_slapolicy p ON p.id = t.policy_id JOIN tickets_ticket k ON k.id = t.ticket_id
    LEFT JOIN tickets_escalation e ON e.timer_id = t.id AND e.level = t.escalation_level
ORDER BY t.next_escalation_at, t.id FOR KEY SHARE OF k SKIP LOCKED
"""
CLIMB = """
UPDATE tickets_slatimer t SET escalation_level = s.level, next_escalation_at = s.at
FROM unnest(%(timers)s::bigint[], %(levels)s::int[], %(nexts)s::timestamptz[]) AS s(id, level, at) WHERE t.id = s.id
"""
STEPS = """
INSERT INTO tickets_escalation (timer_id, ticket_id, level, rung_id, to_id, at, due_ack_at)
SELECT timer_id, ticket_id, level, rung_id, to_id, %(now)s, due_ack_at
FROM unnest(%(timers)s::bigint[], %(tickets)s::bigint[], %(levels)s::int[], %(rungs)s::bigint[], %(people)s::bigint[],
    %(acks)s::timestamptz[]) WITH ORDINALITY AS s(timer_id, ticket_id, level, rung_id, to_id, due_ack_at, nr)
ORDER BY nr
"""
TOLD = """
INSERT INTO core_event (at, kind, subject_type, subject_id, ticket_id, customer_id, team_id, actor_name, data)
SELECT %(now)s, kind, 'tickets.ticket', ticket_id, ticket_id, customer_id, team_id, '',
    jsonb_build_object('level', level, 'metric', metric, 'to', told, 'percent', percent)
FROM unnest(%(tickets)s::bigint[], %(customers)s::bigint[], %(teams)s::bigint[], %(levels)s::int[],
    %(metrics)s::text[], %(names)s::text[], %(kinds)s::text[], %(percents)s::int[]) WITH ORDINALITY
    AS s(ticket_id, customer_id, team_id, level, metric, told, kind, percent, nr) ORDER BY nr
"""
ACTS = """
INSERT INTO tickets_act (escalation_id, ticket_id, kind, to_id, result, why)
SELECT e.id, e.ticket_id, s.kind, e.to_id, '', ''
FROM unnest(%(timers)s::bigint[], %(levels)s::int[], %(kinds)s::text[]) AS s(timer_id, level, kind)
JOIN tickets_escalation e ON e.timer_id = s.timer_id AND e.level = s.level
"""
OVERDUE, AHEAD = "escalated_overdue", "escalated_ahead"  # the event of a rung after the breach, and of one before it


@dataclass(frozen=True)
class Tick:
    """What one batch did: timers recorded as breached, rungs climbed, owners warned, waits that ended."""

    breached: int = 0
    escalated: int = 0
    warned: int = 0
    resumed: int = 0

    def __bool__(self) -> bool:
        return bool(self.breached or self.escalated or self.warned or self.resumed)

    def __add__(self, other: "Tick") -> "Tick":
        return Tick(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Climber:
    """A claimed timer, its ticket, and what a rung needs to know of both."""

    place: Place
    metric: str
    calendar_id: int | None
    ladder_id: int | None
    ticket_id: int
    team_id: int
    customer_id: int
    owner_id: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """A rung that is taken."""

    climber: Climber
    rung: Rung
    to: User | None
    due_ack_at: datetime | None

    @property
    def breached(self) -> bool:
        return self.climber.place.breached


def escalate_due(*, now: datetime | None = None, limit: int = 1000) -> Tick:
    """Records what is due and climbs what is unsettled, one batch, oldest first; safe to run in parallel.

    An idle one asks the database a single question. Waits that are over end first: their clocks run again from there.
    """
    now = now or timezone.now()
    due = sla_ticking.look(now)
    resumed = sla_pauses.end_due(now=now) if due.waits else 0
    if not (due.breaches or due.warnings or due.rungs):
        return Tick(resumed=resumed)
    with transaction.atomic():
        breached = sla_breaches.record_due(now=now, limit=limit) if due.breaches else 0
        warned = sla_breaches.warn_due(now=now, limit=limit) if due.warnings else 0
        escalated = climb(now=now, limit=limit) if due.rungs or breached else 0
    return Tick(breached, escalated, warned, resumed)


def climb(*, now: datetime, limit: int) -> int:
    """Takes the next rung of open timers whose time has come; in the caller's transaction. Returns how many."""
    climbers = _claim(now, limit)
    if not climbers:
        return 0
    ladders, clocks = Ladders(), Clocks()
    people = People(owners=(one.owner_id for one in climbers), named=ladders.named(), now=now)
    steps: list[Step] = []
    moved: dict[int, tuple[int, datetime | None]] = {}
    for one in climbers:
        rungs, clock = ladders.rungs(one.ladder_id), clocks.of(one.calendar_id)
        place, following = one.place, upcoming(one.place, rungs, clock)
        if following and following[1] <= now:
            rung = following[0]
            below = [lower for lower in rungs if lower.position < rung.position]
            to = people.told(rung, below, team_id=one.team_id, owner_id=one.owner_id)
            due_ack_at = clock.add(now, 60 * rung.ack_within) if rung.ack_within else None
            steps.append(Step(one, rung, to, due_ack_at))
            place = replace(place, level=rung.position, due_ack_at=due_ack_at)
            following = upcoming(place, rungs, clock)
        moved[place.timer_id] = place.level, following[1] if following else None
    with connection.cursor() as cursor:
        levels, nexts = zip(*moved.values(), strict=True)
        cursor.execute(CLIMB, {"timers": list(moved), "levels": list(levels), "nexts": list(nexts)})
    if steps:
        _write(steps, now)
        _tell(steps, now)
    return len(steps)


def _claim(now: datetime, limit: int) -> list[Climber]:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "limit": limit})
        return [Climber(Place(*row[:9]), *row[9:]) for row in cursor.fetchall()]


def _write(steps: list[Step], now: datetime) -> None:
    """The steps, their events and what they do besides telling: a statement each."""
    timers = [step.climber.place.timer_id for step in steps]
    levels = [step.rung.position for step in steps]
    tickets = [step.climber.ticket_id for step in steps]
    acts = [(timer, level, kind) for timer, level, step in zip(timers, levels, steps, strict=True)
            for kind in step.rung.acts]  # fmt: skip
    events: dict[str, Any] = {
        "now": now, "tickets": tickets, "levels": levels,
        "customers": [step.climber.customer_id for step in steps], "teams": [step.climber.team_id for step in steps],
        "metrics": [step.climber.metric for step in steps], "names": [str(step.to or "") for step in steps],
        "kinds": [OVERDUE if step.breached else AHEAD for step in steps],
        # A rung of silence has no share.
        "percents": [step.rung.percent if step.rung.trigger == Trigger.PERCENT else None for step in steps],
    }
    with connection.cursor() as cursor:
        cursor.execute(STEPS, {
            "now": now, "timers": timers, "tickets": tickets, "levels": levels,
            "rungs": [step.rung.pk for step in steps], "people": [step.to.pk if step.to else None for step in steps],
            "acks": [step.due_ack_at for step in steps],
        })  # fmt: skip
        cursor.execute(TOLD, events)
        if acts:
            timers_of, levels_of, kinds = (list(column) for column in zip(*acts, strict=True))
            cursor.execute(ACTS, {"timers": timers_of, "levels": levels_of, "kinds": kinds})


def _tell(steps: list[Step], now: datetime) -> None:
    """One line a person and ticket, or one line for many."""
    tickets: dict[tuple[User, str, bool], list[int]] = defaultdict(list)
    for step in steps:
        if step.to:
            kind = "escalated" if step.breached else AHEAD
            tickets[step.to, kind, step.rung.urgent].append(step.climber.ticket_id)
    for (person, kind, urgent), ticket_ids in tickets.items():
        notifications.notify_about_tickets(person, kind, sorted(set(ticket_ids)), urgent=urgent, now=now)
