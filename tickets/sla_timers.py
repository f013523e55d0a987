"""One timer: how it begins, how its stretches end and add up, and what its ticket shows of it."""

from collections.abc import Iterable
from datetime import datetime

from core.hours import WorkingCalendar
from tickets.models import Segment, SLAPolicy, SLATimer, Ticket
from tickets.rulebook import Promise
from tickets.sla_policies import clock_of

Running, Paused = SLATimer.State.RUNNING, SLATimer.State.PAUSED


def draft(
    ticket: Ticket | None, policy: SLAPolicy | Promise, *, now: datetime, clock: WorkingCalendar | None = None
) -> SLATimer:
    """An unsaved timer that runs from `now` under this policy; set-based writers bring its `clock` along."""
    clock = clock or clock_of(policy)
    named = {"policy_id": policy.pk, "calendar_id": policy.calendar_id} if isinstance(policy, Promise) else (
        {"policy": policy, "calendar": policy.calendar}
    )
    if policy.target_days:
        due = clock.add_days(now, policy.target_days)
        seconds = clock.between(now, due)
    else:
        seconds = policy.target_seconds or 0
        due = clock.add(now, seconds)
    timer = SLATimer(
        ticket=ticket, metric=policy.metric, started_at=now, resumed_at=now, target_seconds=seconds, due_at=due, **named
    )
    timer.warns_at = warning_of(timer, policy, clock)
    if ticket is not None and policy.first_share:
        timer.next_escalation_at = clock.add(now, seconds * policy.first_share // 100)
    return timer


def warning_of(timer: SLATimer, policy: SLAPolicy | Promise, clock: WorkingCalendar) -> datetime | None:
    """When the open stretch comes to the policy's warning; None where it has, or there is none."""
    left = timer.target_seconds * policy.warn_at // 100 - timer.consumed_seconds
    return clock.add(timer.resumed_at, left) if policy.warn_at and timer.warned_at is None and left > 0 else None


def stretch(timer: SLATimer, now: datetime, clock: WorkingCalendar | None = None) -> Segment:
    """The open stretch as it stands at `now`, unsaved. A clock of the machine that went back counts as no time."""
    now = max(now, timer.resumed_at)
    seconds = (clock or clock_of(timer)).between(timer.resumed_at, now)
    if timer.state == Paused:
        kind, cause = Segment.Kind.PAUSE, timer.waits_for or Segment.Cause.TAKEN_OVER
    else:
        begun = timer.resumed_at <= timer.started_at
        kind, cause = Segment.Kind.RUN, Segment.Cause.STARTED if begun else Segment.Cause.RESUMED
    return Segment(timer=timer, kind=kind, cause=cause, began_at=timer.resumed_at, ended_at=now, seconds=seconds)


def end_stretch(timer: SLATimer, now: datetime, clock: WorkingCalendar | None = None) -> None:
    """Writes the open stretch down and adds it to what was used; the next begins now. The caller saves the timer."""
    ended = stretch(timer, now, clock)
    ended.save()
    if ended.kind == Segment.Kind.RUN:
        timer.consumed_seconds += ended.seconds
    timer.resumed_at = ended.ended_at


def whole(timer: SLATimer) -> Segment:
    """The only stretch of a timer that was judged after the fact, unsaved."""
    return Segment(
        timer=timer, kind=Segment.Kind.RUN, cause=Segment.Cause.STARTED, began_at=timer.started_at,
        ended_at=max(timer.stopped_at or timer.started_at, timer.started_at), seconds=timer.consumed_seconds,
    )


def wait(timer: SLATimer, cause: str, now: datetime) -> None:
    """Stands still from now on; unsaved."""
    end_stretch(timer, now)
    timer.state, timer.due_at, timer.warns_at, timer.waits_for = Paused, None, None, cause
    timer.next_escalation_at = None


def go_on(timer: SLATimer, now: datetime) -> None:
    """Runs again with what is left; unsaved."""
    clock = clock_of(timer)
    end_stretch(timer, now, clock)
    left = max(timer.target_seconds - timer.consumed_seconds, 0)
    timer.state, timer.waits_for, timer.due_at = Running, "", clock.add(timer.resumed_at, left)
    timer.warns_at = warning_of(timer, timer.policy, clock)
    timer.next_escalation_at = timer.resumed_at if timer.policy.first_share else None  # the beat looks from there


def earliest(timers: Iterable[SLATimer]) -> SLATimer | None:
    """The timer that is due first; None where none runs."""
    return min(((timer.due_at, timer.metric, timer) for timer in timers if timer.due_at), default=(None, "", None))[2]


def refresh_due(ticket: Ticket) -> None:
    """Keeps the ticket's own due columns equal to its earliest open timer; lists sort by them."""
    show_due(ticket, ticket.timers.open())


def set_due(ticket: Ticket, open_timers: Iterable[SLATimer]) -> None:
    """`show_due` for a ticket that its caller saves."""
    timer = earliest(open_timers)
    ticket.due_at = timer.due_at if timer else None
    ticket.due_kind = timer.metric if timer else ""
    ticket.due_from = timer.started_at if timer else None


def show_due(ticket: Ticket, open_timers: Iterable[SLATimer]) -> None:
    set_due(ticket, open_timers)
    Ticket.objects.filter(pk=ticket.pk).update(
        due_at=ticket.due_at, due_kind=ticket.due_kind, due_from=ticket.due_from
    )
