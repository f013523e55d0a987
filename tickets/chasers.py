"""催单: whoever asks again about an open matter is counted, moves the ticket up and is answered in time (C9, P3)."""

from datetime import datetime

from core import events
from staff import notifications
from staff.models import Role, User
from tickets import sla
from tickets.models import FlowRules, Metric, Priority, Ticket


def count(ticket: Ticket, *, by: User | None, now: datetime) -> None:
    """Counts one chaser on a locked ticket, which the caller saves: one priority up, an event, and who must know.

    Its reply has a clock of its own, which brings the ticket forward in every queue; not while the first reply is
    still owed, nor where the owner has just spoken with the customer. `by` took a chaser by phone down.
    """
    ticket.chases += 1
    was, ticket.priority = ticket.priority, max(ticket.priority - 1, Priority.URGENT)
    events.record(
        "chased", ticket, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        **{"count": ticket.chases, "from": int(was), "to": int(ticket.priority)},
    )
    _tell(ticket, by=by, now=now)
    spoken = by is not None and by.pk == ticket.owner_id
    if not spoken and not ticket.timers.open().filter(metric=Metric.FIRST_RESPONSE).exists():
        sla.start_metric(ticket, Metric.CHASER, now=now)


def _tell(ticket: Ticket, *, by: User | None, now: datetime) -> None:
    """The owner hears of each chaser; from the number that the admin set, the team lead as well."""
    told: list[User] = [ticket.owner] if ticket.owner else []
    if ticket.chases >= FlowRules.now_valid().lead_after_chases:
        told += User.objects.filter(is_active=True, team=ticket.team_id, role=Role.LEAD)
    for person in dict.fromkeys(told):
        if person != by:
            notifications.notify(person, "chased", ticket_id=ticket.pk, now=now, times=ticket.chases)
