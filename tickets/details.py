"""What a ticket says of itself: summary, topic, wish and the grades behind its priority; corrected by one verb."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, live
from staff.models import User
from tickets import classification
from tickets.models import Ticket

FIELDS = ("subject", "category", "wish", "urgency", "importance", "difficulty")


class AmendRefused(Exception):
    """The details cannot be changed; the text says why."""


@transaction.atomic
def amend(ticket: Ticket, *, by: User, now: datetime | None = None, **changes: Any) -> Ticket:
    """Corrects some of `FIELDS`; the priority follows from the grades (P3). Writes history and one event."""
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update(of=("self",)).select_related("customer__tier").get(pk=ticket.pk)
    if locked.is_archived:
        raise AmendRefused(_("The ticket is archived; its record stays as it is."))
    if not str(changes.get("subject", locked.subject)).strip():
        raise AmendRefused(_("A ticket needs a summary."))
    changed = [name for name in FIELDS if name in changes and changes[name] != getattr(locked, name)]
    if not changed:
        return ticket
    for name in changed:
        setattr(locked, name, changes[name])
    locked.priority = classification.priority(
        urgency=locked.urgency, importance=locked.importance, difficulty=locked.difficulty,
        tier_rank=locked.customer.tier.rank, chases=locked.chases,
    )
    locked.updated_at = now
    locked.save(update_fields=[*changed, "priority", "updated_at"])
    events.record(
        "amended", locked, by=by, ticket_id=locked.pk, customer_id=locked.customer_id, team_id=locked.team_id, now=now,
        fields=changed,
    )
    live.publish("ticket", team_id=locked.team_id, ticket=locked.pk)
    ticket.refresh_from_db()
    return ticket
