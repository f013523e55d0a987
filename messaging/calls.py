"""Telephone calls and the stamps of their five standard actions 标准动作 (P4; mission C2, D1)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, masking, phones
from customers.models import Customer
from messaging.models import Call, CallStep, OutStep
from staff.models import Team, User

PICK_UP_WITHIN = timedelta(seconds=15)  # three rings (P0, P4)
IDENTIFY_WITHIN = timedelta(seconds=30)  # self and company named (P0)


class CallClosed(Exception):
    """The call has ended; nothing more can be added to it."""


def current(agent: User) -> Call | None:
    """The call that this agent is in, if any."""
    return Call.objects.filter(agent=agent, ended_at=None).select_related("customer__tier", "team").first()


@transaction.atomic
def start(
    *,
    team: Team,
    agent: User,
    number: str = "",
    ringing_at: datetime | None = None,
    direction: str = Call.Direction.IN,
    customer: Customer | None = None,
    first: str = CallStep.OPEN,
    now: datetime | None = None,
) -> Call:
    """Picks up or dials: the `first` standard action. An agent in a call gets that one back, so two clicks start one.

    Raises `BadPhone` for a number that is none; an empty one (withheld) is accepted.
    """
    now = now or timezone.now()
    User.objects.select_for_update(no_key=True).get(pk=agent.pk)
    if running := current(agent):
        return running
    number = phones.normalise(number) if number.strip() else ""
    call = Call.objects.create(
        direction=direction, team=team, agent=agent, customer=customer, number=number, masked=masking.phone(number),
        ringing_at=ringing_at, picked_up_at=now, steps={first: now.isoformat()},
        draft={"phone": phones.display(number)} if number and not customer else {},
    )
    _log("call_started", call, now=now, direction=direction)
    return call


@transaction.atomic
def stamp(call: Call, step: str, *, now: datetime | None = None) -> Call:
    """Notes when a standard action first happened; later stamps of the same step change nothing."""
    locked = _open(call)
    locked.steps.setdefault(_step(step), (now or timezone.now()).isoformat())
    locked.save(update_fields=["steps"])
    call.steps = locked.steps
    return call


@transaction.atomic
def save_draft(call: Call, data: dict[str, str], *, steps: Iterable[str] = (), now: datetime | None = None) -> Call:
    """Keeps the form as it is filled, with the stamps that its fields prove. Raises `CallClosed`."""
    now = now or timezone.now()
    locked = _open(call)
    locked.draft = data
    for step in steps:
        locked.steps.setdefault(_step(step), now.isoformat())
    _keep_number(locked, data.get("phone", ""))
    locked.save(update_fields=["draft", "steps", "number", "masked"])
    call.draft, call.steps, call.number, call.masked = locked.draft, locked.steps, locked.number, locked.masked
    return call


@transaction.atomic
def attach_customer(call: Call, customer: Customer | None, *, by: User, now: datetime | None = None) -> Call:
    """Says who is calling; None takes a wrong choice back. Finding the customer counts as listening."""
    now = now or timezone.now()
    locked = _open(call)
    if customer is not None:
        locked.steps.setdefault(CallStep.LISTEN, now.isoformat())
    if locked.customer_id != (customer.pk if customer else None):
        locked.customer = customer
        _log("call_attached", locked, by=by, now=now)
    locked.save(update_fields=["customer", "steps"])
    call.customer, call.steps = customer, locked.steps
    return call


@transaction.atomic
def answered(call: Call, *, now: datetime | None = None) -> Call:
    """The called side has picked up: from here the talk is counted, and we say who we are. Idempotent."""
    now = now or timezone.now()
    locked = _open(call)
    if OutStep.IDENTIFY not in locked.steps:
        locked.ringing_at, locked.picked_up_at = locked.picked_up_at, now
        locked.steps[OutStep.IDENTIFY] = now.isoformat()
        locked.save(update_fields=["ringing_at", "picked_up_at", "steps"])
        _log("call_answered", locked, now=now)
    return locked


@transaction.atomic
def hang_up(call: Call, *, by: str, now: datetime | None = None) -> Call:
    """The line is closed and by whom first; the record may still be filled in. The first telling stands."""
    now = now or timezone.now()
    locked = _open(call)
    if not locked.hung_up_by:
        locked.hung_up_by = Call.Side(by)
        locked.steps.setdefault(CallStep.END, now.isoformat())
        locked.save(update_fields=["hung_up_by", "steps"])
        _log("call_hung_up", locked, now=now, side=by)
    return locked


@transaction.atomic
def finish(call: Call, *, outcome: str, hung_up_by: str = "", now: datetime | None = None) -> Call:
    """Ends the call with its outcome. A call that has ended keeps its first outcome and time.

    `hung_up_by` counts where the telephone has not said it. The draft is let go with the record that it became; a
    dropped call has no other record and keeps it.
    """
    now = now or timezone.now()
    locked = Call.objects.select_for_update().get(pk=call.pk)
    if locked.ended_at is None:
        end(locked, outcome=outcome, hung_up_by=hung_up_by, now=now)
    for field in ("ended_at", "outcome", "hung_up_by", "steps", "draft"):
        setattr(call, field, getattr(locked, field))
    return call


def end(locked: Call, *, outcome: str, hung_up_by: str = "", now: datetime) -> None:
    """`finish` for whoever has locked the row of an open call."""
    locked.ended_at, locked.outcome = now, Call.Outcome(outcome)
    locked.hung_up_by = locked.hung_up_by or hung_up_by
    locked.steps.setdefault(CallStep.END, now.isoformat())
    if outcome != Call.Outcome.DROPPED:
        locked.draft = {}
    locked.save(update_fields=["ended_at", "outcome", "hung_up_by", "steps", "draft"])
    _log("call_ended", locked, now=now, outcome=outcome, seconds=int((now - locked.picked_up_at).total_seconds()))


def after(call: Call, step: str) -> timedelta | None:
    """How long after picking up a step was stamped; None while it was not."""
    at = call.steps.get(step)
    return datetime.fromisoformat(at) - call.picked_up_at if at else None


def identified_after(call: Call) -> timedelta | None:
    """How long the greeting took: until the talk moved on to the customer. To be at most `IDENTIFY_WITHIN`."""
    return after(call, CallStep.LISTEN)


def dropped_today(agent: User, *, now: datetime | None = None) -> list[Call]:
    """The agent's dropped calls of the last day that can be dialled again, newest first."""
    since = (now or timezone.now()) - timedelta(days=1)
    dropped = Call.objects.filter(agent=agent, outcome=Call.Outcome.DROPPED, ended_at__gte=since).exclude(masked="")
    return list(dropped.select_related("customer").defer("draft").order_by("-id")[:5])


def _step(code: str) -> str:
    return OutStep(code) if code in OutStep.values else CallStep(code)


def _open(call: Call) -> Call:
    locked = Call.objects.select_for_update().get(pk=call.pk)
    if locked.ended_at is not None:
        raise CallClosed(_("This call has ended."))
    return locked


def _keep_number(call: Call, typed: str) -> None:
    """A complete number typed during the call is the call's, so that it can be dialled again."""
    try:
        call.number = phones.normalise(typed)
    except phones.BadPhone:
        return
    call.masked = masking.phone(call.number)


def _log(kind: str, call: Call, *, now: datetime, by: User | None = None, **data) -> None:
    events.record(
        kind, call, by=by or call.agent, customer_id=call.customer_id, team_id=call.team_id, now=now, **data
    )
