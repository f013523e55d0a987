"""Tasks of a ticket: what is to be done, by whom, until when; with one open the ticket is not archived."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core import events, live
from staff import notifications
from staff.models import User
from staff.sight import who_see
from tickets import workflow
from tickets.models import Ticket
from tickets.relation_models import Task

MOST = 50  # open ones of a ticket
HOLD = "todo"
OPEN = gettext_noop("Tasks are open; do them, or drop them with a reason.")


class TaskRefused(Exception):
    """The task cannot be kept or closed so; the text says why."""


@transaction.atomic
def add(
    ticket: Ticket, *, what: str, by: User, owner: User | None = None, due_at: datetime | None = None, key: str = "",
    now: datetime | None = None,
) -> Task:
    """Adds a task at the end of the list and tells its owner; `key` makes a double submit harmless."""
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if key and (known := locked.todos.filter(key=key).first()):
        return known
    if locked.is_archived:
        raise TaskRefused(_("The ticket is archived."))
    what = " ".join(what.replace("\0", "").split())
    if not what:
        raise TaskRefused(_("Say what is to be done."))
    if len(what) > 200:
        raise TaskRefused(_("Shorten it to 200 characters; details belong in a note."))
    if owner and not who_see(locked.team_id).filter(pk=owner.pk).exists():
        raise TaskRefused(_("%(name)s does not see this ticket.") % {"name": owner})
    if locked.todos.open().count() >= MOST:
        raise TaskRefused(_("%(most)d open tasks are the most; do some first.") % {"most": MOST})
    last = locked.todos.aggregate(last=Max("position"))["last"] or 0
    task = Task.objects.create(
        ticket=locked, what=what, owner=owner, due_at=due_at, position=last + 1, made_by=by, made_at=now, key=key
    )
    refresh_hold(locked)
    _log("task_added", task, by=by, now=now, to=str(owner) if owner else "")
    if owner and owner != by:
        notifications.notify(owner, "task", ticket_id=locked.pk, now=now, by=str(by))
    return task


@transaction.atomic
def close(task: Task, *, by: User, dropped_because: str | None = None, now: datetime | None = None) -> Task:
    """Ticks a task off, or drops it for a reason; of two at once the first counts. Raises `TaskRefused`."""
    now = now or timezone.now()
    found = _locked(task)
    if found.done_at:
        return found
    if dropped_because is not None:
        reason = " ".join(dropped_because.split())
        if not reason:
            raise TaskRefused(_("Say why it is dropped."))
        found.dropped_because = reason[:200]
    found.done_at, found.done_by = now, by
    found.save()
    refresh_hold(found.ticket)
    _log("task_dropped" if found.dropped_because else "task_done", found, by=by, now=now, reason=found.dropped_because)
    return found


@transaction.atomic
def reopen(task: Task, *, by: User, now: datetime | None = None) -> Task:
    """Takes a tick back. Raises `TaskRefused` once the ticket is archived."""
    found = _locked(task)
    if found.done_at is None:
        return found
    if found.ticket.is_archived:
        raise TaskRefused(_("The ticket is archived."))
    found.done_at, found.done_by, found.dropped_because = None, None, ""
    found.save()
    refresh_hold(found.ticket)
    _log("task_reopened", found, by=by, now=now or timezone.now())
    return found


def refresh_hold(ticket: Ticket) -> None:
    """Keeps a ticket with open tasks from being archived, and lets go of it when there are none."""
    if ticket.todos.open().exists():
        workflow.hold(ticket, HOLD, OPEN)
    else:
        workflow.release(ticket, HOLD)


def _locked(task: Task) -> Task:
    """The ticket first, as all who write on it do; a task may have moved with its ticket's conversation meanwhile."""
    Ticket.objects.select_for_update().get(pk=task.ticket_id)
    return Task.objects.select_for_update(of=("self",)).select_related("ticket").get(pk=task.pk)


def _log(kind: str, task: Task, *, by: User, now: datetime, **data) -> None:
    ticket = task.ticket
    events.record(
        kind, task, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        what=task.what, **data,
    )
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)
