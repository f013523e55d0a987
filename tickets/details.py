"""What a ticket says of itself: summary, topic, wish and the grades behind its priority; corrected by one verb."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, live
from core.models import Event
from staff.models import User
from tickets import classification
from tickets.models import Priority, Ticket

GRADES = ("urgency", "importance", "difficulty")
FIELDS = ("subject", "category", "wish", *GRADES)


class AmendRefused(Exception):
    """The details cannot be changed; the text says why."""


@dataclass(frozen=True)
class Conflict:
    """One field that two people changed: as it stands now, and as this one typed it."""

    label: str
    theirs: str
    yours: str


class StaleDetails(AmendRefused):
    """Somebody corrected the same fields meanwhile; `conflicts` shows both versions."""

    def __init__(self, current: Ticket, conflicts: list[Conflict], who: str):
        super().__init__(_("%(name)s has corrected these details meanwhile.") % {"name": who or _("Somebody")})
        self.current, self.conflicts = current, conflicts


def snapshot(ticket: Ticket) -> dict[str, str]:
    """The details as they stand, in plain text: what an editor saw, to compare with when they save."""
    return {name: _plain(getattr(ticket, name)) for name in FIELDS}


def _plain(value: Any) -> str:
    return str(getattr(value, "pk", value) or "")


@transaction.atomic
def amend(
    ticket: Ticket, *, by: User, seen: dict[str, str] | None = None, now: datetime | None = None, **changes: Any
) -> Ticket:
    """Corrects some of `FIELDS`; the priority follows from the grades (P3) when they change. Writes one event.

    `seen` is the `snapshot` that the editor started from: what they left alone keeps what others wrote meanwhile.
    Raises `AmendRefused`, and `StaleDetails` where both changed the same field.
    """
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update(of=("self",)).select_related("customer__tier").get(pk=ticket.pk)
    if locked.is_archived:
        raise AmendRefused(_("The ticket is archived; its record stays as it is."))
    if seen is not None:
        changes = _wanted(locked, seen, changes)
    if not str(changes.get("subject", locked.subject)).strip():
        raise AmendRefused(_("A ticket needs a summary."))
    changed = [name for name in FIELDS if name in changes and changes[name] != getattr(locked, name)]
    if not changed:
        return ticket
    for name in changed:
        setattr(locked, name, changes[name])
    if set(changed) & set(GRADES):  # else it stays as a rule or a chaser has set it
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


@transaction.atomic
def raise_priority(ticket: Ticket, *, by: User | None = None, now: datetime | None = None) -> bool:
    """One priority up, with its event, whatever the grades say; False where it is the highest, or archived."""
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update(of=("self",)).get(pk=ticket.pk)
    if locked.is_archived or locked.priority <= Priority.URGENT:
        return False
    was, locked.priority, locked.updated_at = locked.priority, locked.priority - 1, now
    locked.save(update_fields=["priority", "updated_at"])
    events.record(
        "priority_raised", locked, by=by, ticket_id=locked.pk, customer_id=locked.customer_id, team_id=locked.team_id,
        now=now, **{"from": int(was), "to": int(locked.priority)},
    )
    live.publish("ticket", team_id=locked.team_id, ticket=locked.pk)
    ticket.refresh_from_db()
    return True


def _wanted(ticket: Ticket, seen: dict[str, str], changes: dict[str, Any]) -> dict[str, Any]:
    """What the editor changed of what they saw; raises `StaleDetails` where somebody else changed that too."""
    current = snapshot(ticket)
    wanted = {name: value for name, value in changes.items() if _plain(value) != seen.get(name)}
    clashing = [name for name in wanted if current[name] not in (seen.get(name), _plain(wanted[name]))]
    if clashing:
        last = Event.objects.filter(ticket_id=ticket.pk, kind="amended").order_by("-pk").first()
        raise StaleDetails(ticket, _conflicts(ticket, clashing, wanted), last.actor_name if last else "")
    return wanted


def _conflicts(ticket: Ticket, names: Iterable[str], wanted: dict[str, Any]) -> list[Conflict]:
    found = []
    for name in names:
        field: Any = ticket._meta.get_field(name)
        theirs, yours = (
            str(dict(field.choices or ()).get(value, value) or "") for value in (getattr(ticket, name), wanted[name])
        )
        found.append(Conflict(str(field.verbose_name), theirs, yours))
    return found
