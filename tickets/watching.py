"""Watching a ticket: whoever watches hears under the bell what the customer, colleagues and the clock do with it."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from core import events, live
from staff import notifications
from staff.models import User
from staff.sight import who_see
from tickets.models import Breach, Ticket
from tickets.relation_models import Watch

# What is told, as the bell names it.
WROTE, REPLIED, MOVED, BREACHED = "watched_wrote", "watched_replied", "watched_moved", "watched_breached"


@transaction.atomic
def watch(ticket: Ticket, *, user: User, by: User | None = None, now: datetime | None = None) -> bool:
    """From now on `user` is told of the ticket; False if they were already. `by` differs where another put them on."""
    now = now or timezone.now()
    last = Breach.objects.filter(ticket=ticket).aggregate(last=Max("pk"))["last"] or 0
    _row, made = Watch.objects.get_or_create(
        ticket=ticket, user=user, defaults={"since": now, "told_breach": last}
    )
    if made:
        _log("watched", ticket, by=by or user, now=now, name=str(user), own=by in (None, user))
    return made


@transaction.atomic
def unwatch(ticket: Ticket, *, user: User, now: datetime | None = None) -> bool:
    """The user is told no more; False if they were not."""
    if not Watch.objects.filter(ticket=ticket, user=user).delete()[0]:
        return False
    _log("unwatched", ticket, by=user, now=now or timezone.now(), name=str(user))
    return True


def tell(ticket: Ticket, kind: str, *, by: User | None, now: datetime, **data) -> None:
    """One line for each watcher at work who still sees the ticket, never for whoever did it themselves."""
    if not Watch.objects.filter(ticket=ticket).exists():  # nearly always, and cheaper to ask than who would see it
        return
    watchers = who_see(ticket.team_id).filter(watches__ticket=ticket)
    for user in watchers.exclude(pk=by.pk) if by else watchers:
        notifications.notify(user, kind, ticket_id=ticket.pk, now=now, **data)


@transaction.atomic
def tell_breaches(*, now: datetime | None = None, limit: int = 500) -> int:
    """One tick over missed promises that their watchers have not been told of; returns how many were told.

    Each watch remembers the last one told, so that a tick may run twice, and two at once share the work.
    """
    now = now or timezone.now()
    late = Watch.objects.filter(ticket__breaches__pk__gt=F("told_breach"), ticket__archived_at=None).order_by("pk")
    rows = list(
        Watch.objects.filter(pk__in=late.values("pk"))
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("user", "ticket")[:limit]
    )
    if not rows:
        return 0
    tickets = {row.ticket_id for row in rows}
    last = dict(Breach.objects.filter(ticket__in=tickets).values_list("ticket").annotate(last=Max("pk")))
    for row in rows:
        row.told_breach = last[row.ticket_id]
    Watch.objects.bulk_update(rows, ["told_breach"])
    return _tell_of(rows, now)


def _tell_of(rows: Iterable[Watch], now: datetime) -> int:
    """A flood is told in one line a person; whoever sees the ticket no more is told nothing."""
    seeing = {team: set(who_see(team).values_list("pk", flat=True)) for team in {row.ticket.team_id for row in rows}}
    by_person: dict[User, list[int]] = defaultdict(list)
    for row in rows:
        if row.user_id in seeing[row.ticket.team_id]:
            by_person[row.user].append(row.ticket_id)
    for person, ticket_ids in by_person.items():
        notifications.notify_about_tickets(person, BREACHED, ticket_ids, now=now)
    return sum(map(len, by_person.values()))


def _log(kind: str, ticket: Ticket, *, by: User, now: datetime, **data) -> None:
    events.record(
        kind, ticket, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        **data,
    )
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)
