"""What is late, and what soon will be: whole batches in one statement, so that a flood costs little more than a drop.

Rows are claimed with SKIP LOCKED, oldest first: several workers share the work, and one that is killed leaves its rows
to the next. The breach and its event carry the true due time, however late they are written.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from core import live
from staff import notifications
from staff.models import User
from tickets.models import SLATimer

# Of the locked rows in `claimed`: flipped, written down, told. Returns how many by team.
RECORD = """
WITH claimed AS ({claim}), flipped AS (
    UPDATE tickets_slatimer t SET state = 'breached', breached_at = %(now)s, warns_at = NULL,
        next_escalation_at = CASE WHEN t.ticket_id IS NULL THEN NULL ELSE %(now)s END
    FROM claimed WHERE t.id = claimed.id RETURNING t.id, t.ticket_id, t.call_id, t.metric, t.due_at
), written AS (
    INSERT INTO tickets_breach (timer_id, ticket_id, call_id, metric, due_at, recorded_at)
    SELECT id, ticket_id, call_id, metric, due_at, %(now)s FROM flipped ORDER BY due_at, id
), placed AS ({placed}), told AS ({told})
SELECT team_id, count(*) FROM placed GROUP BY team_id
"""
# What a stretch of the flipped belongs to: the ticket, or the call.
PLACED = """
    SELECT f.*, coalesce(k.team_id, c.team_id) AS team_id, coalesce(k.customer_id, c.customer_id) AS customer_id,
        k.owner_id
    FROM flipped f LEFT JOIN tickets_ticket k ON k.id = f.ticket_id LEFT JOIN messaging_call c ON c.id = f.call_id
"""
TOLD = """
    INSERT INTO core_event (at, kind, subject_type, subject_id, ticket_id, customer_id, team_id, actor_name, data)
    SELECT %(now)s, %(kind)s, CASE WHEN ticket_id IS NULL THEN 'messaging.call' ELSE 'tickets.ticket' END,
        coalesce(ticket_id, call_id), ticket_id, customer_id, team_id, '', jsonb_build_object('metric', metric,
        'due_at', to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))
    FROM placed ORDER BY due_at, id
"""
# A ticket that somebody works on just now is left to the next tick: whoever holds it may be about to wait for its
# timers, while the breach needs its ticket.
DUE = """
    SELECT t.id FROM tickets_slatimer t JOIN tickets_ticket k ON k.id = t.ticket_id
    WHERE t.state = 'running' AND t.due_at <= %(now)s AND t.call_id IS NULL
    ORDER BY t.due_at LIMIT %(limit)s FOR UPDATE OF t SKIP LOCKED FOR KEY SHARE OF k SKIP LOCKED
"""
THESE = "SELECT id FROM tickets_slatimer WHERE id = ANY(%(ids)s) AND state = 'running'"
WARN = """
WITH claimed AS (
    SELECT id FROM tickets_slatimer WHERE state = 'running' AND warns_at <= %(now)s
    ORDER BY warns_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), flipped AS (
    UPDATE tickets_slatimer t SET warned_at = %(now)s, warns_at = NULL
    FROM claimed WHERE t.id = claimed.id RETURNING t.id, t.ticket_id, t.call_id, t.metric, t.due_at
), placed AS ({placed}), told AS ({told})
SELECT owner_id, ticket_id FROM placed
"""


def record_due(*, now: datetime, limit: int) -> int:
    """One batch of timers past due, oldest first, in the caller's transaction; returns how many."""
    return _record(DUE, now=now, limit=limit)


def record_breaches(timers: Sequence[SLATimer], now: datetime) -> None:
    """Locked running timers past due become breached, each with a row and an event; the objects say so too.

    The caller holds the row locks.
    """
    _record(THESE, now=now, ids=[timer.pk for timer in timers])
    for timer in timers:
        timer.state, timer.breached_at, timer.warns_at = SLATimer.State.BREACHED, now, None
        timer.next_escalation_at = now if timer.ticket_id else None


def _record(claim: str, **values: Any) -> int:
    statement = RECORD.format(claim=claim, placed=PLACED, told=TOLD)
    with connection.cursor() as cursor:
        cursor.execute(statement, {**values, "kind": "breached"})
        teams = cursor.fetchall()
    for team_id, _count in teams:
        live.publish("breach", team_id=team_id)
    return sum(count for _team, count in teams)


def warn_due(*, now: datetime, limit: int) -> int:
    """One batch of timers that have come to their policy's warning; their tickets' owners hear of it once."""
    statement = WARN.format(placed=PLACED, told=TOLD)
    with connection.cursor() as cursor:
        cursor.execute(statement, {"now": now, "limit": limit, "kind": "sla_warning"})
        rows = cursor.fetchall()
    by_owner: dict[int, list[int]] = defaultdict(list)
    for owner_id, ticket_id in rows:
        if owner_id and ticket_id:
            by_owner[owner_id].append(ticket_id)
    for person in User.objects.filter(pk__in=by_owner) if by_owner else ():
        notifications.notify_about_tickets(person, "sla_warning", sorted(set(by_owner[person.pk])), now=now)
    return len(rows)
