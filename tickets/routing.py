"""Whose ticket it is. A claim is atomic: of many at once one wins, and the others learn who."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, live
from staff import notifications
from staff.models import User
from staff.sight import visible_teams
from tickets.models import Ticket


class ClaimRefused(Exception):
    """Somebody else has the ticket already; the text names them."""


class AssignRefused(Exception):
    """The ticket cannot go to this person; the text says why."""


@transaction.atomic
def claim(ticket: Ticket, *, by: User, now: datetime | None = None) -> Ticket:
    """Takes an unowned ticket. Raises `ClaimRefused` naming the winner; claiming one's own again is harmless."""
    now = now or timezone.now()
    won = Ticket.objects.active().filter(pk=ticket.pk, owner=None).update(owner=by, updated_at=now)
    ticket.refresh_from_db()
    if not won:
        if ticket.owner_id == by.pk:
            return ticket
        raise ClaimRefused(_("%(name)s has this ticket already.") % {"name": ticket.owner or _("The archive")})
    ticket.save(update_fields=["owner"])  # writes the history row that update() does not
    _log("claimed", ticket, by=by, to=str(by), now=now)
    return ticket


@transaction.atomic
def assign(
    ticket: Ticket, *, to: User | None, by: User | None, reason: str = "", now: datetime | None = None
) -> Ticket:
    """Gives a ticket to a colleague who can see it, and tells them. Taking it from somebody else needs a reason.

    `by` None is the product itself, by a rule of the administrator.
    """
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if locked.is_archived:
        raise AssignRefused(_("The ticket is archived."))
    if to is not None and not (to.is_active and visible_teams(to).filter(pk=locked.team_id).exists()):
        raise AssignRefused(_("%(name)s works in another team and could not see it.") % {"name": to})
    former, acting = locked.owner, by.pk if by else None
    if locked.owner_id == (to.pk if to else None):
        return ticket
    if former is not None and former.pk != acting and not reason.strip():
        raise AssignRefused(_("%(name)s has this ticket. Say why it is taken over.") % {"name": former})
    locked.owner, locked.updated_at = to, now
    locked.save(update_fields=["owner", "updated_at"])
    taken = former is not None and former.pk != acting
    kind = "taken_over" if taken and to is not None and to.pk == acting else "assigned"
    _log(
        kind, locked, by=by, to=str(to) if to else "", former=str(former) if former else "", reason=reason.strip(),
        now=now,
    )
    who: dict[str, Any] = {"by": str(by)} if by else {}
    if to is not None and to.pk != acting:
        notifications.notify(to, "assigned", ticket_id=locked.pk, now=now, **who)
    if former is not None and taken:
        notifications.notify(former, "taken_over", ticket_id=locked.pk, now=now, to=str(to) if to else "", **who)
    ticket.refresh_from_db()
    return ticket


@transaction.atomic
def take_over(ticket: Ticket, *, by: User, reason: str, former: int | None, now: datetime | None = None) -> Ticket:
    """Takes the ticket from the colleague `former`, who is told; `AssignRefused` where it is someone else's by now."""
    locked = Ticket.objects.select_for_update(of=("self",)).select_related("owner").get(pk=ticket.pk)
    if locked.owner is not None and locked.owner_id not in (former, by.pk):
        raise AssignRefused(_("%(name)s has this ticket already.") % {"name": locked.owner})
    return assign(ticket, to=by, by=by, reason=reason, now=now)


def _log(kind: str, ticket: Ticket, *, by: User | None, now: datetime, **data) -> None:
    events.record(
        kind, ticket, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        **data,
    )
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)
