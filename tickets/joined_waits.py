"""What is waited for when two tickets become one: the waits of the one that ends go on on the one that stays.

A wait for the customer goes on only until they are heard: where they wrote or called on the other ticket after it
began, their word ends it, as it would have on the ticket itself.
"""

from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext_noop

from staff.models import User
from tickets import sla
from tickets.models import Pause, PauseCause, Post, Ticket

TAKEN_OVER = gettext_noop("The wait goes on from the ticket that was merged in")
GIVEN_ON = gettext_noop("The wait goes on on the ticket that stays")
HEARD = gettext_noop("The customer was heard on the ticket that was merged in")
GIVEN_BACK = gettext_noop("The wait goes on as before the merge")


def carry_over(survivor: Ticket, other: Ticket, *, by: User, now: datetime) -> list[dict[str, Any]]:
    """Ends what `other` waits for and lets `survivor` wait for it; returns what `give_back` needs to undo it.

    A wait by hand goes on within the cap of the survivor, and ends where that is used up; a lead's consent goes along.
    """
    spoken = Post.objects.filter(ticket__in=[survivor, other], kind__in=[Post.Kind.INBOUND, Post.Kind.CALL])
    heard_at = spoken.aggregate(last=Max("at"))["last"] or now
    rows = list(
        Pause.objects.filter(ticket__in=[survivor, other], ended_at=None).select_related("consent_by").order_by("pk")
    )
    waits_for = {row.cause for row in rows if row.ticket_id == survivor.pk}
    changed = []
    for row in rows:
        answered = row.cause == PauseCause.CUSTOMER and heard_at > row.began_at
        if row.ticket_id == other.pk:
            sla.resume(other, by=by, cause=row.cause, reason=GIVEN_ON, now=now)
            if not answered and row.cause not in waits_for:
                _wait(survivor, row, by=by, reason=TAKEN_OVER, now=now)
        elif answered:
            sla.resume(survivor, by=by, cause=row.cause, reason=HEARD, now=now)
        else:
            continue
        changed.append({"pause": row.pk, "began": row.ticket_id == other.pk and row.cause not in waits_for})
    return changed


def give_back(survivor: Ticket, changed: list[dict[str, Any]], *, by: User, at: datetime, now: datetime) -> None:
    """Both wait again for what they waited for, as if from the merge on, at `at`."""
    rows = {row.pk: row for row in Pause.objects.filter(pk__in=[one["pause"] for one in changed])}
    for one in changed:
        row = rows[one["pause"]]
        if one["began"]:
            sla.resume(survivor, by=by, cause=row.cause, reason=GIVEN_BACK, now=now)
        if row.until is None or row.until > now:
            _wait(row.ticket, row, by=by, reason=GIVEN_BACK, now=at)


def _wait(ticket: Ticket, row: Pause, *, by: User, reason: str, now: datetime) -> None:
    try:
        sla.pause(
            ticket, by=by, reason=reason, cause=row.cause, until=row.until, by_hand=row.by_hand,
            consent_by=row.consent_by, now=now,
        )
    except sla.PauseRefused:
        return  # the cap is used up, or its end has come
