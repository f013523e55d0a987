"""One deed on many tickets: each through the service that does it on one, with its own answer, and undone again."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from staff.models import User
from tickets import details, relations, routing, snoozing, watching
from tickets.list_models import BulkAction, Snooze
from tickets.models import Grade, Tag, Ticket

MOST = 200
UNDO = timedelta(seconds=30)
REFUSALS = (
    routing.ClaimRefused, routing.AssignRefused, details.AmendRefused, snoozing.SnoozeRefused, relations.TagRefused,
)
K = BulkAction.Kind


class BulkRefused(Exception):
    """Nothing was done to any ticket; the text says why."""


class _Changed(Exception):
    """Somebody has done something else to the ticket since."""


def act(
    *, kind: str, tickets: Iterable[int], by: User, key: str, value: Any = None, reason: str = "",
    now: datetime | None = None,
) -> BulkAction:
    """Does one deed on the tickets that `by` sees, row by row, and keeps what became of each.

    `value` is the new owner or None, the urgency, the moment, or the tag. The same `key` again gives the first action
    back.
    """
    now = now or timezone.now()
    ids = sorted(set(tickets))
    if known := BulkAction.objects.filter(user=by, key=key).first():
        return known
    _check(kind, ids, value)
    try:
        with transaction.atomic():
            action = BulkAction.objects.create(user=by, key=key, kind=kind, at=now)
            seen = {ticket.pk: ticket for ticket in Ticket.objects.visible_to(by).filter(pk__in=ids)}
            # By their numbers, so that two such actions wait for each other instead of locking each other out.
            action.rows = [_row(kind, pk, seen.get(pk), value, by, reason, now) for pk in ids]
            action.save(update_fields=["rows"])
    except IntegrityError:
        # Two equal submits at once: the other one has done it.
        return BulkAction.objects.get(user=by, key=key)
    return action


def _check(kind: str, ids: list[int], value: Any) -> None:
    if not ids:
        raise BulkRefused(_("Select tickets first."))
    if len(ids) > MOST:
        raise BulkRefused(_("%(most)d tickets at once are the most; select fewer.") % {"most": MOST})
    if kind not in K.values:
        raise BulkRefused(_("Say what to do with them."))
    if kind == K.URGENCY and value not in Grade.values:
        raise BulkRefused(_("Choose an urgency."))
    if kind == K.SNOOZE and not isinstance(value, datetime):
        raise BulkRefused(_("Say until when."))
    if kind in (K.TAG, K.UNTAG) and not isinstance(value, Tag):
        raise BulkRefused(_("Choose a tag."))


def _row(kind: str, pk: int, ticket: Ticket | None, value, by: User, reason: str, now: datetime) -> dict:
    if ticket is None:
        return {"ticket": pk, "why": _("It is not there, or not yours to see.")}
    try:
        with transaction.atomic():
            before = DEEDS[kind](ticket, value, by, reason, now)
    except REFUSALS as refused:
        return {"ticket": pk, "why": str(refused)}
    return {"ticket": pk, "before": before, "after": _after(kind, value, by)}


def _after(kind: str, value, by: User):
    """What the ticket holds now, as it is kept: an id, a grade, a moment as text."""
    if kind in (K.CLAIM, K.WATCH):
        return by.pk
    if kind in (K.ASSIGN, K.TAG):
        return value.pk if value else None
    if kind == K.UNTAG:
        return None
    return _text(value) if kind == K.SNOOZE else value


def _claim(ticket: Ticket, value, by: User, reason: str, now: datetime) -> int | None:
    before = ticket.owner_id
    routing.claim(ticket, by=by, now=now)
    return before


def _assign(ticket: Ticket, value: User | None, by: User, reason: str, now: datetime) -> int | None:
    before = Ticket.objects.select_for_update().get(pk=ticket.pk).owner_id
    routing.assign(ticket, to=value, by=by, reason=reason, now=now)
    return before


def _urgency(ticket: Ticket, value: int, by: User, reason: str, now: datetime) -> int:
    before = Ticket.objects.select_for_update().get(pk=ticket.pk).urgency
    details.amend(ticket, by=by, now=now, urgency=value)
    return before


def _snooze(ticket: Ticket, value: datetime, by: User, reason: str, now: datetime) -> str:
    before = Snooze.objects.filter(ticket=ticket).first()
    snoozing.snooze(ticket, until=value, by=by, now=now)
    return _text(before.until) if before else ""


def _tag(ticket: Ticket, value: Tag, by: User, reason: str, now: datetime) -> int | None:
    return None if relations.tag(ticket, tag=value, by=by, now=now) else value.pk


def _untag(ticket: Ticket, value: Tag, by: User, reason: str, now: datetime) -> int | None:
    return value.pk if relations.untag(ticket, tag=value, by=by, now=now) else None


def _watch(ticket: Ticket, value, by: User, reason: str, now: datetime) -> int | None:
    return None if watching.watch(ticket, user=by, now=now) else by.pk


DEEDS: dict[str, Callable] = {
    K.CLAIM: _claim, K.ASSIGN: _assign, K.URGENCY: _urgency, K.SNOOZE: _snooze, K.TAG: _tag, K.UNTAG: _untag,
    K.WATCH: _watch,
}


def _text(moment: Any) -> str:
    return moment.isoformat() if isinstance(moment, datetime) else ""


def may_undo(action: BulkAction, now: datetime) -> bool:
    return bool(action.done) and action.undone_at is None and now <= action.at + UNDO


@transaction.atomic
def undo(action: BulkAction, *, by: User, now: datetime | None = None) -> BulkAction:
    """Puts back what nobody has touched since, within half a minute; twice does it once. Raises `BulkRefused`."""
    now = now or timezone.now()
    action = BulkAction.objects.select_for_update().get(pk=action.pk, user=by)
    if action.undone_at:
        return action
    if not may_undo(action, now):
        raise BulkRefused(_("The time to undo it is over."))
    ids = [row["ticket"] for row in action.done]
    seen = {ticket.pk: ticket for ticket in Ticket.objects.visible_to(by).filter(pk__in=ids)}
    for row in action.done:
        try:
            with transaction.atomic():
                _put_back(action.kind, seen.get(row["ticket"]), row, by, now)
        except _Changed:
            action.kept.append({"ticket": row["ticket"], "why": _("It has changed since.")})
        except REFUSALS as refused:
            action.kept.append({"ticket": row["ticket"], "why": str(refused)})
    action.undone_at = now
    action.save(update_fields=["undone_at", "kept"])
    return action


def _put_back(kind: str, ticket: Ticket | None, row: dict, by: User, now: datetime) -> None:
    if row["before"] == row["after"]:
        return
    if ticket is None:
        raise _Changed
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if kind == K.SNOOZE:
        held = Snooze.objects.filter(ticket=ticket).first()
        if held is None or _text(held.until) != row["after"]:
            raise _Changed
        before = parse_datetime(row["before"]) if row["before"] else None
        if before and before > now:
            snoozing.snooze(ticket, until=before, by=by, now=now)
        else:
            snoozing.wake(ticket, by=by, now=now)
    elif kind in (K.TAG, K.UNTAG, K.WATCH):
        if not _belongs_again(kind, ticket, row, by, now):
            raise _Changed
    elif kind == K.URGENCY:
        if locked.urgency != row["after"]:
            raise _Changed
        details.amend(ticket, by=by, now=now, urgency=row["before"])
    else:
        if locked.owner_id != row["after"]:
            raise _Changed
        former = User.objects.filter(pk=row["before"]).first() if row["before"] else None
        routing.assign(ticket, to=former, by=by, reason=_("Taken back"), now=now)


def _belongs_again(kind: str, ticket: Ticket, row: dict, by: User, now: datetime) -> bool:
    """Takes off what was put on, and the other way round; False where somebody did so before."""
    if kind == K.WATCH:
        return watching.unwatch(ticket, user=by, now=now)
    found = Tag.objects.filter(pk=row["after"] or row["before"]).first()
    if found is None:
        return False
    change = relations.untag if kind == K.TAG else relations.tag
    return change(ticket, tag=found, by=by, now=now)


def forget(*, now: datetime | None = None) -> int:
    """Lets actions of more than a day ago go: the tickets' own events tell what was done."""
    old = (now or timezone.now()) - timedelta(days=1)
    return BulkAction.objects.filter(at__lt=old).delete()[0]
