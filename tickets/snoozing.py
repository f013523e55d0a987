"""Put aside until a moment: the ticket leaves the everyday lists, its promises run on, and it wakes by itself.

It wakes when its time has come, and as soon as the customer writes or calls.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, live
from staff import notifications
from staff.models import User
from tickets.list_models import Snooze
from tickets.models import Post, Ticket

LONGEST = timedelta(days=90)


class SnoozeRefused(Exception):
    """The ticket cannot be put aside; the text says why."""


@transaction.atomic
def snooze(ticket: Ticket, *, until: datetime, by: User, now: datetime | None = None) -> Snooze:
    """Puts an open ticket aside, or changes until when. Raises `SnoozeRefused`; no timer is touched."""
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if locked.is_archived:
        raise SnoozeRefused(_("The ticket is archived."))
    if until <= now:
        raise SnoozeRefused(_("This time has already passed."))
    if until > now + LONGEST:
        raise SnoozeRefused(_("Put it aside for 90 days at most."))
    row, _made = Snooze.objects.update_or_create(ticket=locked, defaults={"until": until, "by": by, "at": now})
    _log("snoozed", locked, by=by, now=now, until=until.isoformat())
    return row


@transaction.atomic
def wake(ticket: Ticket, *, by: User | None, now: datetime | None = None) -> bool:
    """Takes the ticket back into the lists; False if it was there. `by` None is the clock or the customer."""
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update().select_related(None).get(pk=ticket.pk)
    if not Snooze.objects.filter(ticket=locked).delete()[0]:
        return False
    if not locked.is_archived:
        _log("woken", locked, by=by, now=now)
        if by is None and locked.owner_id:
            notifications.notify(User.objects.get(pk=locked.owner_id), "woken", ticket_id=locked.pk, now=now)
    return True


def due(now: datetime):
    """Snoozes that end: their time has come, the customer was heard since, or the ticket is archived."""
    heard = Q(ticket__posts__kind__in=[Post.Kind.INBOUND, Post.Kind.CALL], ticket__posts__at__gt=F("at"))
    return Snooze.objects.filter(Q(until__lte=now) | heard | Q(ticket__archived_at__isnull=False))


def wake_due(*, now: datetime | None = None, limit: int = 500) -> int:
    """One tick: wakes whatever is due, each in a transaction of its own; returns how many woke."""
    now = now or timezone.now()
    tickets = Ticket.objects.filter(pk__in=due(now).values("ticket")).order_by("pk")[:limit]
    return sum(wake(ticket, by=None, now=now) for ticket in tickets if due(now).filter(ticket=ticket).exists())


def _log(kind: str, ticket: Ticket, *, by: User | None, now: datetime, **data) -> None:
    events.record(
        kind, ticket, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        **data,
    )
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)
