"""Many tickets change hands at once: `routing.assign` for sets, with an answer, an event and a history row for each."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import bulk, events, live
from core.models import Event
from staff import notifications
from staff.models import User
from staff.sight import visible_teams
from tickets.models import Ticket

Move = tuple[int | None, User | None]  # whose it is by now, and whose it becomes; None is the team's queue


@transaction.atomic
def hand_on(
    moves: Mapping[int, Move], *, by: User | None, reason: str, now: datetime | None = None
) -> dict[int, str]:
    """Gives each ticket on and returns {ticket: why not} for all of them, "" where it was done.

    A ticket that is no longer its former owner's, is archived, or that the new owner could not see stays where it is.
    As many statements for a thousand tickets as for one, and a few for each new owner. Owners are told.
    """
    now = now or timezone.now()
    # By their numbers, so that two of these wait for each other instead of locking each other out.
    rows = Ticket.objects.select_for_update(of=("self",), no_key=True).select_related("owner").order_by("pk")
    found = {ticket.pk: ticket for ticket in rows.filter(pk__in=list(moves))}
    people = {to.pk: to for _former, to in moves.values() if to is not None}
    sight = {pk: set(visible_teams(to).values_list("pk", flat=True)) if to.is_active else set()
             for pk, to in people.items()}  # fmt: skip
    answers = {pk: _refusal(found.get(pk), former, to, sight) for pk, (former, to) in moves.items()}
    taken: dict[int | None, list[Ticket]] = {}
    for pk, (_former, to) in moves.items():
        if not answers[pk] and found[pk].owner_id != (to.pk if to else None):
            taken.setdefault(to.pk if to else None, []).append(found[pk])
    _write(taken, people, by=by, reason=reason, now=now)
    return answers


def _refusal(ticket: Ticket | None, former: int | None, to: User | None, sight: dict[int, set[int]]) -> str:
    if ticket is None or ticket.is_archived:
        return _("The ticket is archived.")
    if ticket.owner_id != former:
        return _("It has changed since.")
    if to is not None and ticket.team_id not in sight[to.pk]:
        return _("%(name)s works in another team and could not see it.") % {"name": to}
    return ""


def _write(
    taken: dict[int | None, list[Ticket]], people: dict[int, User], *, by: User | None, reason: str, now: datetime
) -> None:
    log: list[Event] = []
    for pk, tickets in taken.items():
        to = people.get(pk) if pk else None
        log += [_event(ticket, to, by=by, reason=reason, now=now) for ticket in tickets]
        ids = [ticket.pk for ticket in tickets]
        Ticket.objects.filter(pk__in=ids).update(owner=to, updated_at=now)
        if to is not None:
            notifications.notify_about_tickets(to, "transferred", ids, now=now)
    changed = [ticket for tickets in taken.values() for ticket in tickets]
    bulk.remember(Ticket, [ticket.pk for ticket in changed], kind="~", reason=reason, at=now, by=by)
    Event.objects.bulk_create(log)
    for team_id in {ticket.team_id for ticket in changed}:
        live.publish("ticket", team_id=team_id)


def _event(ticket: Ticket, to: User | None, *, by: User | None, reason: str, now: datetime) -> Event:
    data: dict[str, Any] = {"to": str(to) if to else "", "former": str(ticket.owner) if ticket.owner else ""}
    return events.draft(
        "assigned", ticket, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id,
        now=now, reason=reason, **data,
    )
