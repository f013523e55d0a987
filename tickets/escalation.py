"""超时升级: a breached timer tells the team lead, and later the supervisor. It never touches the ticket's state."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from core import events, live
from core.models import Event
from staff import notifications
from staff.models import Role, User
from tickets import sla
from tickets.models import Escalation, SLATimer

LEAD, SUPERVISOR = 1, 2
RUNGS = {LEAD: Role.LEAD, SUPERVISOR: Role.SUPERVISOR}


@dataclass(frozen=True)
class Tick:
    """What one batch did: timers recorded as breached, and rungs climbed."""

    breached: int
    escalated: int


@transaction.atomic
def escalate_due(*, now: datetime | None = None, limit: int = 1000) -> Tick:
    """Records what is due and climbs what is unsettled, one batch, oldest first; safe to run in parallel.

    Rows are claimed with SKIP LOCKED, so two workers share the work and a killed one leaves its rows to the next.
    """
    now = now or timezone.now()
    late = list(_claimed(SLATimer.objects.due(now), limit))
    if late:
        sla.record_breaches(late, now)
        _announce(late)
    climbing = list(_claimed(SLATimer.objects.climbing(now), limit))
    escalated = _climb(climbing, now) if climbing else 0
    return Tick(len(late), escalated)


def _claimed(timers, limit: int):
    return timers.select_for_update(skip_locked=True, of=("self",)).select_related("ticket", "policy")[:limit]


def _announce(timers: list[SLATimer]) -> None:
    for team_id in {timer.ticket.team_id for timer in timers}:
        live.publish("breach", team_id=team_id)


def _climb(timers: list[SLATimer], now: datetime) -> int:
    heads = _heads({timer.ticket.team_id for timer in timers})
    steps, alike = [], defaultdict(list)
    for timer in timers:
        level = timer.escalation_level + 1
        steps.append(
            Escalation(timer=timer, ticket=timer.ticket, level=level, to=heads[timer.ticket.team_id, level], at=now)
        )
        alike[level, timer.policy.supervisor_after].append(timer.pk)
    for (level, wait), pks in alike.items():
        SLATimer.objects.filter(pk__in=pks).update(
            escalation_level=level,
            next_escalation_at=now + timedelta(seconds=wait) if level < SUPERVISOR else None,
        )
    Escalation.objects.bulk_create(steps)
    Event.objects.bulk_create([_event(step, now) for step in steps])
    by_person = defaultdict(list)
    for step in steps:
        if step.to:
            by_person[step.to].append(step.ticket_id)
    for person, ticket_ids in by_person.items():
        notifications.notify_about_tickets(person, "escalated", ticket_ids, now=now)
    return len(steps)


def _event(step: Escalation, now: datetime) -> Event:
    return events.draft(
        "escalated_overdue", step.ticket, ticket_id=step.ticket_id, customer_id=step.ticket.customer_id,
        team_id=step.ticket.team_id, now=now, level=step.level, metric=step.timer.metric,
        to=str(step.to) if step.to else "",
    )


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
