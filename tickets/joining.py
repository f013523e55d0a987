"""Two tickets of one customer about one matter become one, and two again within a day while nothing was done on them.

The survivor takes the conversation, the tasks, the watchers and the tags; the other ends as a duplicate of it.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, live
from core.models import Event
from staff.models import User
from tickets import classification, joined_waits, sla, todo, workflow
from tickets.models import Cause, Outcome, Post, PostWords, SLATimer, State, Ticket
from tickets.relation_models import Join, Link, Tagging, Task, Watch

UNDO_WITHIN = timedelta(hours=24)
OF_SURVIVOR = ("chases", "priority", "unread", "updated_at")
OF_OTHER = ("state", "state_since", "waiting_customer", "unread", "updated_at", "resolved_at", "handler_id")
OF_TIMER = ("state", "due_at", "warns_at", "next_escalation_at")
# Work is what people do on a ticket, but for looking on, and what the customer does; the clock's own events are none.
OF_CUSTOMER, LOOKING_ON = ("customer_wrote", "moved"), ("watched", "unwatched")


class JoinRefused(Exception):
    """The tickets cannot be made one, or two again; the text says why."""


def refusal(survivor: Ticket, other: Ticket) -> str:
    """Why `other` may not be merged into `survivor`, in the user's words; '' if it may."""
    if survivor.pk == other.pk:
        return _("A ticket cannot be merged with itself.")
    if survivor.customer_id != other.customer_id:
        return _("They are of different customers; link them as related instead.")
    for one in (survivor, other):
        if into := survivor_of(one):
            return _("%(number)s has been merged into %(into)s.") % {"number": one.number, "into": into.number}
        if one.is_archived:
            return _("%(number)s is archived; only open tickets are merged.") % {"number": one.number}
    if other.state in workflow.CALLBACK_STATES:
        return _("%(number)s waits for its callback; let that be the one that stays.") % {"number": other.number}
    return ""


def survivor_of(ticket: Ticket) -> Ticket | None:
    """The ticket that this one was merged into, through every later merge; None where it was not."""
    found = None
    while join := Join.objects.filter(joined=found or ticket, undone_at=None).select_related("survivor").first():
        found = join.survivor
    return found


# --- One of two ---------------------------------------------------------------------------------------------------


@transaction.atomic
def merge(survivor: Ticket, *, other: Ticket, by: User, note: str = "", now: datetime | None = None) -> Join:
    """Makes `other` a part of `survivor`. Sent twice it merges once; of two merges at once the second sees the first.

    Raises `JoinRefused`, and leaves both as they were.
    """
    now = now or timezone.now()
    survivor, other = _locked(survivor.pk, other.pk)
    if known := Join.objects.filter(survivor=survivor, joined=other, undone_at=None).first():
        return known
    if why := refusal(survivor, other):
        raise JoinRefused(why)
    waits = joined_waits.carry_over(survivor, other, by=by, now=now)
    survivor, other = _locked(survivor.pk, other.pk)
    join = Join(survivor=survivor, joined=other, at=now, by=by)
    join.before = {
        "survivor": _kept(survivor, OF_SURVIVOR), "other": _kept(other, OF_OTHER), "waits": waits,
        "timers": {str(timer.pk): _kept(timer, OF_TIMER) for timer in other.timers.open()},
    }
    join.moved = _bring_along(survivor, other, by=by, now=now)
    _count_chasers(survivor, other, now=now)
    reason = note.strip() or _("The same matter as %(number)s.") % {"number": survivor.number}
    try:
        workflow.move(
            other, State.ARCHIVED, by=by, outcome=Outcome.DUPLICATE, cause=Cause.CUSTOMER, note=reason, now=now
        )
    except workflow.MoveRefused as refused:
        raise JoinRefused(str(refused)) from refused
    _log("joined", survivor, by=by, now=now, number=other.number, posts=len(join.moved["posts"]), reason=note.strip())
    last = _log("joined_into", other, by=by, now=now, number=survivor.number)
    join.last_event = last.pk
    join.save()
    return join


def _locked(*ids: int) -> tuple[Ticket, ...]:
    """In the order of their ids, whoever asks, so that two merges wait for each other."""
    rows = Ticket.objects.select_for_update(of=("self",)).select_related("customer__tier").filter(pk__in=ids)
    found = {row.pk: row for row in rows.order_by("pk")}
    return tuple(found[pk] for pk in ids)


def _bring_along(survivor: Ticket, other: Ticket, *, by: User, now: datetime) -> dict[str, list[int]]:
    """Moves what moves and adds what the survivor lacks; returns the ids of the rows."""
    posts = list(other.posts.order_by("pk").values_list("pk", flat=True))
    move_posts(posts, to=survivor)
    tasks = list(other.todos.values_list("pk", flat=True))
    last = survivor.todos.aggregate(last=Max("position"))["last"] or 0
    _move_tasks(tasks, to=survivor, after=last)
    have = set(survivor.watches.values_list("user", flat=True))
    watches = Watch.objects.bulk_create(
        Watch(ticket=survivor, user_id=user, since=now)
        for user in other.watches.values_list("user", flat=True) if user not in have
    )
    tags = set(survivor.taggings.values_list("tag", flat=True))
    taggings = Tagging.objects.bulk_create(
        Tagging(ticket=survivor, tag_id=tag, by=by, at=now)
        for tag in other.taggings.values_list("tag", flat=True) if tag not in tags
    )
    link, made = Link.objects.get_or_create(
        source=other, target=survivor, kind=Link.Kind.DUPLICATE, defaults={"by": by, "at": now}
    )
    return {
        "posts": posts, "tasks": tasks, "watches": [row.pk for row in watches],
        "taggings": [row.pk for row in taggings], "links": [link.pk] if made else [],
    }


def move_posts(ids: list[int], *, to: Ticket) -> None:
    """Entries of a conversation go to another ticket; what they are found by follows."""
    Post.objects.filter(pk__in=ids).update(ticket=to)
    PostWords.index_ids(ids)


def _move_tasks(ids: list[int], *, to: Ticket, after: int) -> None:
    former = set()
    for task in Task.objects.filter(pk__in=ids).select_related("ticket").order_by("position", "pk"):
        former.add(task.ticket)
        after += 1
        task.ticket, task.position = to, after
        task.save(update_fields=["ticket", "position"])
    for ticket in (*former, to):
        todo.refresh_hold(ticket)


def _count_chasers(survivor: Ticket, other: Ticket, *, now: datetime) -> None:
    """Whoever opened a second ticket about the matter has asked again; that moves the survivor up (C9)."""
    survivor.chases += other.chases + (other.opened_at > survivor.opened_at)
    survivor.priority = min(
        survivor.priority,
        classification.priority(
            urgency=survivor.urgency, importance=survivor.importance, difficulty=survivor.difficulty,
            tier_rank=survivor.customer.tier.rank, chases=survivor.chases,
        ),
    )
    survivor.unread, survivor.updated_at = survivor.unread or other.unread, now
    survivor.save(update_fields=list(OF_SURVIVOR))


# --- And two again ------------------------------------------------------------------------------------------------


def undo_refusal(join: Join, now: datetime) -> str:
    """Why the merge can no longer be undone, in the user's words; '' if it can."""
    if join.undone_at:
        return _("The merge has been undone already.")
    if now > join.at + UNDO_WITHIN or not join.before:
        return _("The time to undo it is over.")
    both = [join.survivor_id, join.joined_id]
    since = Event.objects.filter(ticket_id__in=both, pk__gt=join.last_event).exclude(kind__in=LOOKING_ON)
    if since.filter(Q(actor_id__isnull=False) | Q(kind__in=OF_CUSTOMER)).exists():
        return _("It has been worked on since; split off what belongs elsewhere instead.")
    return ""


@transaction.atomic
def undo(join: Join, *, by: User, now: datetime | None = None) -> Join:
    """Puts both tickets back as they were; twice does it once. Raises `JoinRefused`."""
    now = now or timezone.now()
    survivor, other = _locked(join.survivor_id, join.joined_id)
    join = Join.objects.select_for_update().get(pk=join.pk)
    if join.undone_at:
        return join
    if why := undo_refusal(join, now):
        raise JoinRefused(why)
    moved, before = join.moved, join.before
    workflow.reinstate(other, as_it_was=_read(Ticket, before["other"]), by=by, now=now)
    _restart(other, before["timers"], now)
    move_posts(moved["posts"], to=other)
    _move_tasks(moved["tasks"], to=other, after=0)
    Watch.objects.filter(pk__in=moved["watches"]).delete()
    Tagging.objects.filter(pk__in=moved["taggings"]).delete()
    Link.objects.filter(pk__in=moved["links"]).delete()
    for name, value in _read(Ticket, before["survivor"]).items():
        setattr(survivor, name, value)
    survivor.save(update_fields=list(before["survivor"]))
    joined_waits.give_back(survivor, before.get("waits", []), by=by, at=join.at, now=now)
    join.undone_at, join.undone_by = now, by
    join.save(update_fields=["undone_at", "undone_by"])
    _log("join_undone", survivor, by=by, now=now, number=other.number)
    _log("join_undone", other, by=by, now=now, number=survivor.number)
    return join


def _restart(ticket: Ticket, timers: dict[str, dict], now: datetime) -> None:
    """Its promises run on as if it had never been away; one that was missed by then stays missed."""
    for timer in SLATimer.objects.select_for_update().filter(pk__in=timers):
        kept = _read(SLATimer, timers[str(timer.pk)])
        if timer.breached_at and kept["state"] != SLATimer.State.BREACHED:
            kept = {"next_escalation_at": now}
        # What had run until then is counted already; a new stretch begins where that one ended.
        for name, value in {**kept, "resumed_at": timer.stopped_at or now, "stopped_at": None}.items():
            setattr(timer, name, value)
        timer.save()
    sla.refresh_due(ticket)


def _kept(row: models.Model, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in names}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _read(model: type[models.Model], kept: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in kept.items():
        column = model._meta.get_field(name.removesuffix("_id"))
        found[name] = column.to_python(value) if isinstance(column, models.DateTimeField) else value
    return found


def _log(kind: str, ticket: Ticket, *, by: User, now: datetime, **data) -> Event:
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)
    return events.record(
        kind, ticket, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        **data,
    )
