"""The three flows of a ticket (P4) as one table, and the one function that writes a state.

Consult: received → understood → answered → archived, or back office. Service: received → classified → recorded →
audit and callback → archived. Complaint: received → classified → phone handling, or sheet → department → callback,
with escalation and external dispute behind it. Final decisions withdrawn, duplicate and spam end any state.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core import bulk, events, live
from core.models import Event
from staff.models import Role, User
from tickets import sla, watching
from tickets.models import RESOLVED_STATES, Cause, FlowRules, Kind, Level, Outcome, State, Ticket

S = State
HANDLERS = frozenset({Role.AGENT, Role.SPECIALIST, Role.LEAD, Role.SUPERVISOR, Role.ADMIN})
CENTRE = frozenset({Role.SPECIALIST, Role.LEAD, Role.SUPERVISOR, Role.ADMIN})  # the service centre
HEADS = frozenset({Role.LEAD, Role.SUPERVISOR, Role.ADMIN})
FINAL_ANYWHERE = (Outcome.WITHDRAWN, Outcome.DUPLICATE, Outcome.SPAM)
FINAL_DECISIONS = (Outcome.ACCEPTED, Outcome.REFUSED, *FINAL_ANYWHERE)
RESOLVED, ARCHIVED = "resolved", "archived"  # before which a hold stands


class MoveRefused(Exception):
    """The flow does not allow this step; the text says why, in the user's words."""


@dataclass(frozen=True)
class Move:
    """One arrow of a flow: where it leads, what its button says, whose it is, when it is open."""

    to: State
    label: str | Promise
    roles: frozenset = HANDLERS
    outcomes: tuple = ()  # for archiving: the outcomes that this arrow may record
    level: str = ""  # only for complaints of this level
    once: bool = False  # an arrow that may be taken a single time
    becomes: str = ""  # the class the ticket turns into


ARCHIVE = gettext_lazy("Archive")


def _archive(*outcomes: str, roles: frozenset = HANDLERS, label: str | Promise = ARCHIVE) -> Move:
    return Move(S.ARCHIVED, label, roles, outcomes=outcomes)


TO_CALLBACK = Move(S.CALLBACK, gettext_lazy("Solved, hand to callback"))
TO_DEPARTMENT = Move(S.DEPT_HANDLING, gettext_lazy("Not solved, to the department"))
DISSATISFIED = Move(S.PHONE_HANDLING, gettext_lazy("Customer dissatisfied: general complaint"), becomes=Kind.COMPLAINT)

MOVES: dict[str, dict[str, tuple[Move, ...]]] = {
    Kind.CONSULT: {
        S.RECEIVED: (Move(S.UNDERSTOOD, gettext_lazy("Need understood")),),
        S.UNDERSTOOD: (
            Move(S.ANSWERED, pgettext_lazy("move", "Answered")),
            Move(S.BACK_OFFICE, gettext_lazy("Hand to the back office")),
        ),
        S.ANSWERED: (
            _archive(Outcome.SATISFIED, Outcome.UNVERIFIED, label=gettext_lazy("Satisfied, archive")),
            Move(S.BACK_OFFICE, gettext_lazy("Not satisfied, to the back office")),
        ),
        S.BACK_OFFICE: (
            _archive(Outcome.SATISFIED, Outcome.UNVERIFIED, roles=CENTRE, label=gettext_lazy("Satisfied, archive")),
            Move(S.BACK_OFFICE, gettext_lazy("Not satisfied, back office again"), CENTRE),
        ),
    },
    Kind.SERVICE: {
        S.RECEIVED: (Move(S.CLASSIFIED, gettext_lazy("Classified")),),
        S.CLASSIFIED: (Move(S.RECORDED, gettext_lazy("Information recorded")),),
        S.RECORDED: (Move(S.AUDIT_CALLBACK, gettext_lazy("Done, to audit and callback")), DISSATISFIED),
        S.AUDIT_CALLBACK: (
            _archive(Outcome.SATISFIED, Outcome.UNVERIFIED, roles=CENTRE, label=gettext_lazy("Satisfied, archive")),
            Move(S.RECORDED, gettext_lazy("Audit failed, return the record"), CENTRE),
            Move(S.PHONE_HANDLING, DISSATISFIED.label, CENTRE, becomes=Kind.COMPLAINT),
        ),
    },
    Kind.COMPLAINT: {
        S.RECEIVED: (Move(S.CLASSIFIED, gettext_lazy("Classified")),),
        S.CLASSIFIED: (
            Move(S.PHONE_HANDLING, gettext_lazy("General: handle by phone"), level=Level.GENERAL),
            Move(S.SHEET_OPEN, gettext_lazy("Special: open a complaint sheet"), level=Level.SPECIAL),
        ),
        S.PHONE_HANDLING: (TO_CALLBACK, TO_DEPARTMENT),
        S.SHEET_OPEN: (Move(S.DEPT_HANDLING, gettext_lazy("To the department")),),
        S.DEPT_HANDLING: (
            Move(S.CALLBACK, TO_CALLBACK.label, CENTRE),
            Move(S.ESCALATED, gettext_lazy("Not solved, escalate"), CENTRE),
        ),
        S.ESCALATED: (
            Move(S.CALLBACK, TO_CALLBACK.label, HEADS),
            Move(S.EXTERNAL_DISPUTE, gettext_lazy("Not solved, external dispute"), HEADS),
        ),
        S.EXTERNAL_DISPUTE: (
            _archive(Outcome.ACCEPTED, Outcome.REFUSED, roles=HEADS, label=gettext_lazy("Record the final decision")),
        ),
        S.CALLBACK: (
            _archive(Outcome.SATISFIED, Outcome.UNVERIFIED, roles=CENTRE, label=gettext_lazy("Satisfied, archive")),
            Move(S.DEPT_HANDLING, gettext_lazy("Not satisfied, back to the department"), CENTRE, once=True),
            Move(S.ESCALATED, gettext_lazy("Not satisfied again, escalate"), CENTRE),
        ),
    },
}
CALLBACK_STATES = frozenset({S.AUDIT_CALLBACK, S.CALLBACK})

STAGES: dict[str, tuple[State, ...]] = {
    Kind.CONSULT: (S.RECEIVED, S.UNDERSTOOD, S.ANSWERED, S.ARCHIVED),
    Kind.SERVICE: (S.RECEIVED, S.CLASSIFIED, S.RECORDED, S.AUDIT_CALLBACK, S.ARCHIVED),
    Kind.COMPLAINT: (S.RECEIVED, S.CLASSIFIED, S.PHONE_HANDLING, S.CALLBACK, S.ARCHIVED),
}
STEP = ("state", "state_since", "updated_at", "kind", "level", "outcome", "cause", "archived_at", "resolved_at",
        "handler_id", "waiting_customer")  # what a step may change of the ticket
DETOURS = (S.BACK_OFFICE, S.SHEET_OPEN, S.DEPT_HANDLING, S.ESCALATED, S.EXTERNAL_DISPUTE)


def moves_of(ticket: Ticket) -> tuple[Move, ...]:
    """The arrows that leave the ticket's state, for anybody."""
    return MOVES[ticket.kind].get(ticket.state, ())


def next_moves(ticket: Ticket, user: User) -> list[Move]:
    """The steps that this user may take now: what the buttons of the ticket page show."""
    return [move for move in moves_of(ticket) if not refusal(ticket, move, user)]


def refusal(ticket: Ticket, move: Move, user: User | None) -> str:
    """Why this user may not take this step, in their words; '' if they may. `user` None is the system itself."""
    if move.level and ticket.level and move.level != ticket.level:
        return _("This step is for another complaint level.")
    if move.to in RESOLVED_STATES and (reasons := _held(ticket, RESOLVED)):
        return _("Not yet: %s") % reasons
    if user is None:
        return ""
    if user.role not in move.roles and not user.is_superuser:
        roles = _(", ").join(str(Role(role).label) for role in Role.values if role in move.roles)
        return _("This step belongs to: %(roles)s.") % {"roles": roles}
    if ticket.state in CALLBACK_STATES and user.pk == ticket.handler_id:
        return _("Whoever handled the ticket may neither audit it nor call back.")
    if move.once and _taken_before(ticket, move):
        return _("The department has had its second try; the next step is escalation.")
    return ""


def _taken_before(ticket: Ticket, move: Move) -> bool:
    moves = Event.objects.filter(ticket_id=ticket.pk, kind="moved")
    return moves.filter(data__from=ticket.state, data__to=move.to).exists()


@transaction.atomic
def move(
    ticket: Ticket,
    to: str,
    *,
    by: User | None,
    note: str = "",
    outcome: str = "",
    cause: str = "",
    now: datetime | None = None,
) -> Ticket:
    """Takes one step of the flow: locks, checks, saves, writes the event. The only writer of `Ticket.state`.

    `outcome` and `cause` are needed to archive. Raises `MoveRefused`, and leaves the ticket as it was.
    """
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    step = _step(locked, to, outcome=outcome, by=by)
    if to == S.ARCHIVED:
        _check_archive(locked, outcome, cause, note)
        locked.outcome, locked.cause, locked.archived_at = outcome, cause, now
        locked.waiting_customer = False
    before = locked.state, locked.kind
    if step.becomes:
        locked.kind, locked.level = step.becomes, Level.GENERAL
    if step.level:
        locked.level = step.level
    _enter(locked, State(to), before, by=by, note=note, now=now)
    for field in (*STEP, "due_at", "due_kind", "due_from", "owner_id"):
        setattr(ticket, field, getattr(locked, field))
    return ticket


def _step(ticket: Ticket, to: str, *, outcome: str, by: User | None) -> Move:
    if ticket.is_archived:
        raise MoveRefused(_("The ticket is archived; a new matter opens a linked ticket."))
    if to == S.ARCHIVED and outcome in FINAL_ANYWHERE:
        return _archive(*FINAL_ANYWHERE)
    for candidate in moves_of(ticket):
        if candidate.to != to:
            continue
        if reason := refusal(ticket, candidate, by):
            raise MoveRefused(reason)
        if candidate.outcomes and outcome and outcome not in candidate.outcomes:
            raise MoveRefused(_("This stage cannot end with the outcome “%s”.") % Outcome(outcome).label)
        return candidate
    raise MoveRefused(
        _("“%(to)s” does not follow “%(state)s” for this class.")
        % {"to": State(to).label, "state": ticket.get_state_display()}
    )


def _check_archive(ticket: Ticket, outcome: str, cause: str, note: str) -> None:
    """Archived implies complete: an outcome with its evidence, a cause code, and the reason of a decision."""
    if reasons := _held(ticket, ARCHIVED if outcome in FINAL_ANYWHERE else ""):
        raise MoveRefused(_("Not archived yet: %s") % reasons)
    if outcome not in Outcome.values:
        raise MoveRefused(_("Archiving needs satisfaction, “unverified” or a final decision."))
    if cause not in Cause.values:
        raise MoveRefused(_("Archiving needs a cause code."))
    if outcome in FINAL_DECISIONS and not note.strip():
        raise MoveRefused(_("A final decision needs its reason in writing."))
    if ticket.state == S.BACK_OFFICE and outcome == Outcome.UNVERIFIED:
        if not note.strip():
            raise MoveRefused(_("Say in the note when and how the customer was tried."))
        return  # the back office writes to the customer itself; no callback is planned there
    asked = ticket.state in CALLBACK_STATES or outcome == Outcome.UNVERIFIED
    if asked and outcome in (Outcome.SATISFIED, Outcome.UNVERIFIED) and not _called_back(ticket, outcome):
        raise MoveRefused(_("Record the callback first; its result archives the ticket."))


def _called_back(ticket: Ticket, outcome: str) -> bool:
    calls = Event.objects.filter(ticket_id=ticket.pk, kind="callback", at__gte=ticket.state_since)
    return calls.filter(data__result=outcome).exists()


def _enter(ticket: Ticket, to: State, before: tuple, *, by: User | None, note: str, now: datetime) -> None:
    was, old_kind = before
    ticket.state, ticket.state_since, ticket.updated_at = to, now, now
    if to in RESOLVED_STATES:
        ticket.resolved_at, ticket.handler = now, by or ticket.owner
        ticket.waiting_customer = False
    elif was == S.BACK_OFFICE and ticket.outcome == Outcome.SATISFIED:
        ticket.resolved_at = now  # solved by the back office, after whatever the first answer was
    bulk.save_and_remember(ticket, kind="~", by=by, update_fields=STEP)
    _log("moved", ticket, by=by, now=now, note=note, **{"from": was, "to": to, "outcome": ticket.outcome})
    if ticket.kind != old_kind:
        timers = sla.reclassified(ticket, now=now)
        details = {"from": old_kind, "to": ticket.kind, "reason": note, "timers": timers}
        _log("reclassified", ticket, by=by, now=now, **details)
    else:
        sla.stop(ticket, sla.Metric.CHASER, now=now)  # the matter moves on: that is what the chaser asked for
    if was in CALLBACK_STATES:
        sla.stop(ticket, sla.Metric.CALLBACK, now=now)
    if to in RESOLVED_STATES:
        sla.solved(ticket, now=now)
        _log("resolved", ticket, by=by, now=now, state=to)
    elif to == S.ARCHIVED:
        if ticket.outcome == Outcome.SATISFIED:
            sla.stop(ticket, sla.Metric.RESOLUTION, now=now)
        sla.stop_all(ticket, now=now)
        _log("archived", ticket, by=by, now=now, outcome=ticket.outcome, cause=ticket.cause, note=note)
    elif was in (*RESOLVED_STATES, S.ARCHIVED):
        sla.start_metric(ticket, sla.Metric.RESOLUTION, now=now)
    watching.tell(ticket, watching.MOVED, by=by, now=now, to=to)
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)


def _log(kind: str, ticket: Ticket, **details) -> Event:
    return events.record(
        kind, ticket, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, **details
    )


@transaction.atomic
def reclassify(ticket: Ticket, kind: str, *, by: User, reason: str, level: str = "", now=None) -> Ticket:
    """Puts an open ticket under another class, at the start of that flow (P4 †).

    What becomes of its timers their policies say (`sla.reclassified`); the event tells it.
    """
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if locked.is_archived or locked.state in CALLBACK_STATES:
        raise MoveRefused(_("It is too late to change the class; take the next step of the flow instead."))
    if not reason.strip():
        raise MoveRefused(_("Say why the class changes."))
    level = (level or Level.GENERAL) if kind == Kind.COMPLAINT else ""
    if (kind, level) == (locked.kind, locked.level):
        raise MoveRefused(_("The ticket is in this class already."))
    if locked.kind == Kind.COMPLAINT and kind != Kind.COMPLAINT and locked.state not in (S.RECEIVED, S.CLASSIFIED):
        raise MoveRefused(_("A complaint that is being handled stays one; it ends with its callback or a decision."))
    before = locked.state, locked.kind
    locked.kind, locked.level = kind, level
    first = S.UNDERSTOOD if kind == Kind.CONSULT else S.CLASSIFIED
    _enter(locked, first, before, by=by, note=reason, now=now)
    ticket.refresh_from_db()
    return ticket


TAKEN_UP_AT: dict[str, State] = {Kind.CONSULT: S.BACK_OFFICE, Kind.SERVICE: S.RECORDED, Kind.COMPLAINT: S.DEPT_HANDLING}


def returns(ticket: Ticket, *, now: datetime) -> bool:
    """Whether a reply comes back to this archived ticket: within the grace period, and no final decision stands."""
    if ticket.archived_at is None or ticket.outcome in FINAL_DECISIONS:
        return False
    return now < ticket.archived_at + timedelta(hours=FlowRules.now_valid().reopen_hours)


@transaction.atomic
def take_up(ticket: Ticket, *, by: User | None, reason: str = "", now: datetime | None = None) -> Ticket:
    """Returns an archived ticket within its grace period to where its flow handles dissatisfaction (P4 †).

    A complaint that came back to the department before is escalated. Within the grace period a closing is provisional:
    the ticket counts as closed again when it is archived anew, once; the outcome that stood is kept in the event.
    Raises `MoveRefused`.
    """
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if not locked.is_archived:
        raise MoveRefused(_("The ticket is open."))
    if not returns(locked, now=now):
        raise MoveRefused(_("The ticket is archived; a new matter opens a linked ticket."))
    stood = {"outcome": locked.outcome, "cause": locked.cause, "archived_at": str(locked.archived_at)}
    locked.outcome, locked.cause, locked.archived_at = "", "", None
    to = TAKEN_UP_AT[Kind(locked.kind)]
    back = Event.objects.filter(ticket_id=locked.pk, kind="moved", data__to=to)
    if locked.kind == Kind.COMPLAINT and back.filter(data__from__in=[S.CALLBACK, S.ARCHIVED]).exists():
        to = S.ESCALATED
    _enter(locked, to, (S.ARCHIVED, locked.kind), by=by, note=reason, now=now)
    _log("reopened", locked, by=by, now=now, reason=reason, stood=stood)
    ticket.refresh_from_db()
    return ticket


@transaction.atomic
def reinstate(ticket: Ticket, *, as_it_was: dict, by: User, now: datetime) -> None:
    """Takes back a decision “duplicate” made by mistake; `as_it_was` are the columns of before."""
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if locked.outcome != Outcome.DUPLICATE:
        raise MoveRefused(_("The ticket does not stand as a duplicate."))
    for name, value in {**as_it_was, "outcome": "", "cause": "", "archived_at": None}.items():
        setattr(locked, name, value)
    locked.save()
    _log("moved", locked, by=by, now=now, note="", **{"from": S.ARCHIVED, "to": locked.state, "outcome": ""})
    live.publish("ticket", team_id=locked.team_id, ticket=locked.pk)


@transaction.atomic
def hold(ticket: Ticket, key: str, reason: str, *, before: str = ARCHIVED) -> None:
    """Keeps a ticket from being archived, or already from being resolved, while an upper app has work open on it.

    `key` is the app's own, so that each lets go of its own; `reason` is an untranslated message. Withdrawn, duplicate
    and spam pass a hold before "resolved".
    """
    _write_hold(ticket, key, {"reason": str(reason), "before": before})


@transaction.atomic
def release(ticket: Ticket, key: str) -> None:
    """Lets go of what `hold` holds under this key. Idempotent."""
    _write_hold(ticket, key, None)


def _write_hold(ticket: Ticket, key: str, value: dict[str, str] | None) -> None:
    holds = {**Ticket.objects.select_for_update().get(pk=ticket.pk).holds, key: value}
    ticket.holds = {name: one for name, one in holds.items() if one}
    Ticket.objects.filter(pk=ticket.pk).update(holds=ticket.holds)


def _held(ticket: Ticket, before: str) -> str:
    """The reasons of what holds the ticket before this, of all holds where it is ''; '' where nothing does."""
    return " · ".join(_(one["reason"]) for one in ticket.holds.values() if before in ("", one["before"]))


@dataclass(frozen=True)
class Stage:
    state: State
    status: str  # done, current, ahead
    since: datetime | None


def stages(ticket: Ticket, moved: Iterable[Event]) -> list[Stage]:
    """The strip on top of a ticket: the main states of its flow, with the detours it really took.

    `moved` are its events of kind `moved`, oldest first.
    """
    entered: dict[str, datetime] = {S.RECEIVED: ticket.opened_at}
    for event in moved:
        entered[event.data["to"]] = event.at
    path = [s for s in STAGES[ticket.kind] if s != S.PHONE_HANDLING or s in entered or ticket.level != Level.SPECIAL]
    for detour in DETOURS:
        if detour in entered or detour == ticket.state:
            later = [at for at, s in enumerate(path) if s in (S.CALLBACK, S.ARCHIVED)]
            path.insert(later[0] if later else len(path), detour)
    current = path.index(State(ticket.state)) if ticket.state in path else 0

    def status(at: int, state: str) -> str:
        if at == current and not ticket.is_archived:
            return "current"
        return "done" if at <= current and state in entered else "ahead"

    return [Stage(State(s), status(at, s), entered.get(s) if at <= current else None) for at, s in enumerate(path)]
