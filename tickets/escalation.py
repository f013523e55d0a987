"""超时升级: a breached timer tells the team lead, and later the supervisor. It never touches the ticket's state."""

from collections import defaultdict
from dataclasses import astuple, dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from staff import notifications
from staff.models import Role, User
from tickets import sla_breaches, sla_pauses, sla_ticking

LEAD, SUPERVISOR = 1, 2
RUNGS = {LEAD: Role.LEAD, SUPERVISOR: Role.SUPERVISOR}


# Claimed oldest first and moved up a rung at once; what they escalate is told from what comes back.
CLIMB = """
WITH claimed AS (
    SELECT id FROM tickets_slatimer WHERE state = 'breached' AND stopped_at IS NULL AND next_escalation_at <= %(now)s
    ORDER BY next_escalation_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE tickets_slatimer t SET escalation_level = t.escalation_level + 1,
    next_escalation_at = CASE WHEN t.escalation_level + 1 < %(top)s
        THEN %(now)s + make_interval(secs => p.supervisor_after) END
FROM claimed, tickets_slapolicy p, tickets_ticket k
WHERE t.id = claimed.id AND p.id = t.policy_id AND k.id = t.ticket_id
RETURNING t.id, t.ticket_id, t.metric, t.escalation_level, k.team_id, k.customer_id
"""
STEPS = """
WITH steps AS (
    SELECT * FROM unnest(%(timers)s::bigint[], %(tickets)s::bigint[], %(levels)s::int[], %(people)s::bigint[])
        AS s(timer_id, ticket_id, level, to_id)
)
INSERT INTO tickets_escalation (timer_id, ticket_id, level, to_id, at)
SELECT timer_id, ticket_id, level, to_id, %(now)s FROM steps ORDER BY timer_id
"""
TOLD = """
INSERT INTO core_event (at, kind, subject_type, subject_id, ticket_id, customer_id, team_id, actor_name, data)
SELECT %(now)s, 'escalated_overdue', 'tickets.ticket', ticket_id, ticket_id, customer_id, team_id, '',
    jsonb_build_object('level', level, 'metric', metric, 'to', told)
FROM unnest(%(tickets)s::bigint[], %(customers)s::bigint[], %(teams)s::bigint[], %(levels)s::int[],
    %(metrics)s::text[], %(names)s::text[]) AS s(ticket_id, customer_id, team_id, level, metric, told)
"""


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
    """Moves breached, unsettled timers up a rung whose time has come; in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(CLIMB, {"now": now, "limit": limit, "top": SUPERVISOR})
        rows = cursor.fetchall()
        if not rows:
            return 0
        timers, tickets, metrics, levels, teams, customers = (list(column) for column in zip(*rows, strict=True))
        heads = _heads(set(teams))
        people = [heads.get((team, level)) for team, level in zip(teams, levels, strict=True)]
        cursor.execute(STEPS, {"now": now, "timers": timers, "tickets": tickets, "levels": levels,
                               "people": [person.pk if person else None for person in people]})  # fmt: skip
        cursor.execute(TOLD, {"now": now, "tickets": tickets, "customers": customers, "teams": teams, "levels": levels,
                              "metrics": metrics, "names": [str(p) if p else "" for p in people]})  # fmt: skip
    by_person: dict[User, list[int]] = defaultdict(list)
    for person, ticket_id in zip(people, tickets, strict=True):
        if person:
            by_person[person].append(ticket_id)
    for person, ticket_ids in by_person.items():
        notifications.notify_about_tickets(person, "escalated", ticket_ids, now=now)
    return len(rows)


def _heads(team_ids: set[int]) -> dict[tuple[int, int], User | None]:
    """Who stands on each rung for each team: its lead, then its department's supervisor, else an admin."""
    staff = User.objects.filter(is_active=True).exclude(role__in=[Role.AGENT, Role.SPECIALIST])
    found: dict[tuple[int, int], User | None] = {}
    for team_id in team_ids:
        near = list(
            staff.filter(Q(team=team_id) | Q(team__department__teams=team_id) | Q(role=Role.ADMIN)).distinct()
        )
        for level, role in RUNGS.items():
            ranked = sorted(
                (p for p in near if p.role in (role, Role.SUPERVISOR, Role.ADMIN)),
                key=lambda p: (p.role != role, p.team_id != team_id, p.role == Role.ADMIN, p.pk),
            )
            own = [p for p in ranked if not (p.role == Role.LEAD and p.team_id != team_id)]
            found[team_id, level] = own[0] if own else None
    return found
