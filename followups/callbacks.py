"""The callback 回访: planned on each resolution, made by somebody else than the handler, and what follows from it (P4).

Satisfied archives; dissatisfied goes back as the flow says; three tries on different days and hours, or a refusal,
end unverified, which no figure counts as satisfied.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from simple_history.utils import bulk_update_with_history

from core import events, live
from core.models import Event
from customers import consent
from customers.models import Consent
from followups import booking, unreached
from followups.models import Attempt, Callback
from staff.models import Role, User
from tickets import workflow
from tickets.models import RESOLVED_STATES, Outcome, State, Ticket

PLANNED, DONE, CANCELLED = Callback.State.PLANNED, Callback.State.DONE, Callback.State.CANCELLED
# Where a dissatisfied customer's ticket goes: the first of these steps that the flow still allows.
BACK: dict[str, tuple[State, ...]] = {
    State.ANSWERED: (State.BACK_OFFICE,),
    State.AUDIT_CALLBACK: (State.PHONE_HANDLING,),
    State.CALLBACK: (State.DEPT_HANDLING, State.ESCALATED),
}


class CallbackRefused(Exception):
    """The callback cannot be recorded so; the text says why. Nothing has changed."""


class NotYours(CallbackRefused):
    """This person may neither audit nor call back: they handled the ticket, or are not of the service centre."""


class Stale(CallbackRefused):
    """The ticket has moved on since; the callback is cancelled."""


# --- Planning ---------------------------------------------------------------------------------------------


def _still_resolved(event_path: str, ticket_path: str) -> Exists:
    """True while the ticket stands in the state that its `resolved` event entered."""
    return Exists(
        Ticket.objects.filter(
            pk=OuterRef(ticket_path), state__in=RESOLVED_STATES, state_since=OuterRef(f"{event_path}at")
        )
    )


def unplanned() -> QuerySet[Event]:
    """Resolutions that still stand and have no callback."""
    return Event.objects.filter(_still_resolved("", "ticket_id"), kind="resolved", callback=None).order_by("id")


def plan_due(*, limit: int = 200, now: datetime | None = None) -> int:
    """Cancels what has become pointless, plans what is owed, and returns how many callbacks were planned."""
    cancel_stale(now=now)
    resolutions = list(unplanned()[:limit])
    for event in resolutions:
        plan(event, now=now)
    return len(resolutions)


@transaction.atomic
def plan(event: Event, *, now: datetime | None = None) -> Callback:
    """Plans the callback of one resolution for the next working day. Idempotent, two at once as well."""
    if known := Callback.objects.filter(resolution=event).first():
        return known
    ticket = Ticket.objects.get(pk=event.ticket_id or 0)
    callback, made = Callback.objects.get_or_create(
        resolution=event,
        defaults={
            "ticket": ticket,
            "needs_audit": event.data.get("state") == State.AUDIT_CALLBACK,
            "assignee": _least_loaded(ticket),
            "due_at": booking.first_due(event.at, booking.standard_clock()),
            "created_at": now or timezone.now(),
        },
    )
    if made:
        log("callback_planned", callback, ticket, by=None, now=now, due_at=callback.due_at.isoformat())
    return callback


def _least_loaded(ticket: Ticket) -> User | None:
    """The specialist of the team with the fewest open callbacks who did not handle the ticket."""
    specialists = User.objects.filter(team_id=ticket.team_id, role=Role.SPECIALIST, is_active=True)
    others = specialists.exclude(pk=ticket.handler_id) if ticket.handler_id else specialists
    load = Count("callbacks", filter=Q(callbacks__state=PLANNED))
    return others.annotate(load=load).order_by("load", "pk").first()


@transaction.atomic
def cancel_stale(*, now: datetime | None = None, limit: int = 500) -> int:
    """Cancels open callbacks whose ticket was archived or moved on meanwhile; returns how many."""
    stale = Callback.objects.open().exclude(_still_resolved("resolution__", "ticket_id")).select_related("ticket")
    rows = list(stale.select_for_update(skip_locked=True, of=("self",))[:limit])
    if not rows:
        return 0
    for row in rows:
        row.state = CANCELLED
    bulk_update_with_history(rows, Callback, ["state"], default_change_reason="the ticket moved on")
    Event.objects.bulk_create(
        [
            events.draft(
                "callback_cancelled", row, ticket_id=row.ticket_id, customer_id=row.ticket.customer_id,
                team_id=row.ticket.team_id, now=now,
            )
            for row in rows
        ]
    )
    for team_id in {row.ticket.team_id for row in rows}:
        live.publish("callback", team_id=team_id)
    return len(rows)


# --- Whose it is ------------------------------------------------------------------------------------------


def refusal(callback: Callback, user: User) -> str:
    """Why this user may neither audit nor call back, in their words; '' if they may."""
    if user.pk in (callback.ticket.handler_id, callback.resolution.actor_id):
        return _("Whoever handled the ticket may neither audit it nor call back.")
    if user.role not in workflow.CENTRE and not user.is_superuser:
        return _("Audits and callbacks belong to the service centre.")
    return ""


def claim(callback: Callback, *, by: User, now: datetime) -> Callback | None:
    """The callback and its ticket, locked, for the one who acts on it; None, and cancelled, once the ticket moved on.

    To be called inside a transaction. Raises `NotYours`, and `CallbackRefused` when it is no longer open.
    """
    rows = Callback.objects.select_for_update(of=("self",)).select_related("resolution")
    locked = rows.get(pk=callback.pk)
    ticket = Ticket.objects.select_for_update(of=("self",)).select_related("customer").get(pk=locked.ticket_id)
    locked.ticket = ticket
    if reason := refusal(locked, by):
        raise NotYours(reason)
    if locked.state != PLANNED:
        raise CallbackRefused(_("This callback is closed already."))
    if ticket.state in RESOLVED_STATES and ticket.state_since == locked.resolution.at:
        return locked
    close(locked, CANCELLED, by=by)
    log("callback_cancelled", locked, ticket, by=by, now=now)
    return None


def close(callback: Callback, state: str, *, by: User) -> None:
    callback.state = state
    _save(callback, by)


def _save(callback: Callback, by: User) -> None:
    callback._history_user = by  # type: ignore[attr-defined]
    callback.save()


# --- Attempts ---------------------------------------------------------------------------------------------


@dataclass
class Call:
    """One call as it was recorded, with what acting on it needs."""

    callback: Callback
    attempt: Attempt
    by: User
    cause: str
    next_at: datetime | None
    now: datetime
    tries: int = 0

    @property
    def ticket(self) -> Ticket:
        return self.callback.ticket


def record_attempt(
    callback: Callback,
    *,
    by: User,
    outcome: str,
    score: int | None = None,
    timeliness: int | None = None,
    professionalism: int | None = None,
    effectiveness: int | None = None,
    attitude: int | None = None,
    words: str = "",
    cause: str = "",
    next_at: datetime | None = None,
    seen: int | None = None,
    now: datetime | None = None,
) -> Attempt:
    """Records one call and does what follows from it, all in one transaction.

    `cause` is needed where the outcome archives, `next_at` where the customer asked for later. `seen` is how many
    attempts the caller had on the screen; a double submit is refused by it. Raises `CallbackRefused` (`NotYours`,
    `Stale`) and `workflow.MoveRefused`, e.g. while a complaint sheet holds the ticket; nothing is half done.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = claim(callback, by=by, now=now)
        if locked:
            _check(locked, outcome, next_at, seen, now)
            attempt = Attempt.objects.create(
                callback=locked, at=now, by=by, outcome=outcome, score=score, timeliness=timeliness,
                professionalism=professionalism, effectiveness=effectiveness, attitude=attitude, words=words,
            )
            FOLLOW[outcome](Call(locked, attempt, by, cause, next_at, now))
    callback.refresh_from_db()
    if locked is None:
        raise Stale(_("The ticket has moved on meanwhile; this callback is cancelled."))
    return attempt


def check_open(callback: Callback, *, by: User) -> None:
    """Whether this person may call now: raises `NotYours`, or `CallbackRefused` with the reason."""
    if reason := refusal(callback, by):
        raise NotYours(reason)
    if callback.state != PLANNED:
        raise CallbackRefused(_("This callback is closed already."))
    if callback.needs_audit and not any(audit.passed for audit in callback.audits.all()):
        raise CallbackRefused(_("Audit the record first; then call."))
    if not wanted(callback):
        raise CallbackRefused(_("The customer does not want to be called back: record it as declined."))


def wanted(callback: Callback) -> bool:
    """Whether the customer has left us the right to call back; a withdrawal is answered by closing unverified."""
    return consent.allows(callback.ticket.customer, purpose=Consent.Purpose.CALLBACK, channel=Consent.Channel.PHONE)


def _check(callback: Callback, outcome: str, next_at: datetime | None, seen: int | None, now: datetime) -> None:
    if outcome not in Attempt.Outcome.values:
        raise CallbackRefused(_("Choose what came of the call."))
    if callback.needs_audit and not any(audit.passed for audit in callback.audits.all()):
        raise CallbackRefused(_("Audit the record first; then call."))
    if seen is not None and callback.attempts.count() != seen:
        raise CallbackRefused(_("A call has been recorded here meanwhile; look at it first."))
    customer = callback.ticket.customer
    if outcome != Attempt.Outcome.DECLINED and not wanted(callback):
        raise CallbackRefused(_("The customer does not want to be called back: record it as declined."))
    if outcome != Attempt.Outcome.LATER:
        return
    if next_at is None or next_at <= now:
        raise CallbackRefused(_("Say when the customer wants to be called; the time must lie ahead."))
    if not booking.within_hours(next_at, customer):
        raise CallbackRefused(_("Calls are made from 9:00 to 20:00 of the customer's own day."))


def _satisfied(call: Call) -> None:
    _record(call, "satisfied")
    _archive(call, Outcome.SATISFIED)


def _dissatisfied(call: Call) -> None:
    _record(call, "dissatisfied")
    allowed = {move.to for move in workflow.next_moves(call.ticket, call.by)}
    back = next((to for to in BACK[call.ticket.state] if to in allowed), BACK[call.ticket.state][-1])
    workflow.move(call.ticket, back, by=call.by, note=call.attempt.words, now=call.now)
    close(call.callback, DONE, by=call.by)


def _declined(call: Call) -> None:
    _record(call, "unverified")
    _archive(call, Outcome.UNVERIFIED)


def _missed(call: Call) -> None:
    tries = booking.counted(call.callback.attempts.order_by("id"))
    call.tries = len(tries)
    if len(tries) >= booking.TRIES:
        unreached.write(call.callback, now=call.now)
        _record(call, "unverified")
        _archive(call, Outcome.UNVERIFIED)
        return
    call.callback.due_at = booking.next_try([try_.at for try_ in tries], call.now, booking.standard_clock())
    _save(call.callback, call.by)
    _record(call, call.attempt.outcome)


def _later(call: Call) -> None:
    call.callback.due_at = call.next_at or call.callback.due_at
    _save(call.callback, call.by)
    _record(call, "later")


FOLLOW: dict[str, Callable[[Call], None]] = {
    Attempt.Outcome.SATISFIED: _satisfied,
    Attempt.Outcome.DISSATISFIED: _dissatisfied,
    Attempt.Outcome.NO_ANSWER: _missed,
    Attempt.Outcome.WRONG_NUMBER: _missed,
    Attempt.Outcome.LATER: _later,
    Attempt.Outcome.DECLINED: _declined,
}


def _archive(call: Call, outcome: str) -> None:
    workflow.move(
        call.ticket, State.ARCHIVED, by=call.by, outcome=outcome, cause=call.cause, note=call.attempt.words,
        now=call.now,
    )
    close(call.callback, DONE, by=call.by)


def _record(call: Call, result: str) -> None:
    """The event that the flow asks for before it lets a ticket go."""
    log(
        "callback", call.callback, call.ticket, by=call.by, now=call.now, result=result,
        outcome=call.attempt.outcome, score=call.attempt.score, tries=call.tries,
        due_at=call.callback.due_at.isoformat(),
    )


def log(kind: str, callback: Callback, ticket: Ticket, *, by: User | None, now: datetime | None, **data) -> None:
    events.record(
        kind, callback, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        **data,
    )
    live.publish("callback", team_id=ticket.team_id, callback=callback.pk)
