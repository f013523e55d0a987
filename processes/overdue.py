"""Steps that are late: their owner and the team lead are told once, a batch at a time."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from processes.models import Step
from staff import notifications
from staff.models import Role, User


@transaction.atomic
def tell(*, now: datetime | None = None, limit: int = 500) -> int:
    """Tells of the steps that have become late and returns how many; run twice it tells once."""
    now = now or timezone.now()
    late = Step.objects.overdue(now).filter(told_at=None).order_by("due_at", "pk").annotate(
        ticket_id=F("process__ticket_id"), team_id=F("process__ticket__team_id"),
        ticket_owner=F("process__ticket__owner_id"),
    )
    rows = list(late.select_for_update(skip_locked=True, of=("self",))[:limit])
    Step.objects.filter(pk__in=[row.pk for row in rows]).update(told_at=now)
    leads: dict[int, list[int]] = {}
    teams = {row.team_id for row in rows}
    found = User.objects.filter(role=Role.LEAD, is_active=True, team__in=teams)
    for team_id, pk in found.values_list("team_id", "pk"):
        leads.setdefault(team_id, []).append(pk)
    tickets: dict[int, list[int]] = {}
    for row in rows:
        for pk in {row.owner_id or row.ticket_owner, *leads.get(row.team_id, ())} - {None}:
            tickets.setdefault(pk, []).append(row.ticket_id)
    for user in User.objects.filter(pk__in=tickets, is_active=True):
        notifications.notify_about_tickets(user, "step_overdue", tickets[user.pk], now=now)
    return len(rows)
