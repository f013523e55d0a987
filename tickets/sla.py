"""Promises in time: what starts their clocks, stops them, and what a change of class does to them.

The parts: `sla_policies` (which promise applies), `sla_opening` (those of a new ticket), `sla_timers` (one timer and
its stretches), `sla_pauses` (waiting), `sla_breaches` (what is late), `sla_ticking` (the beat). Callers find
all they need here.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from tickets import rulebook
from tickets.models import RESOLVED_STATES, Metric, PauseCause, SLATimer, State, Ticket
from tickets.sla_breaches import record_breaches
from tickets.sla_models import OnReclassify
from tickets.sla_pauses import OverCap, PauseRefused, end_pauses, pause, resume
from tickets.sla_policies import Case, best_policies, best_policy, check_found, chosen, clock_of, ranked
from tickets.sla_timers import (
    Paused,
    Running,
    draft,
    earliest,
    end_stretch,
    refresh_due,
    set_due,
    show_due,
    stretch,
    whole,
)

__all__ = [
    "Metric", "OverCap", "PauseRefused", "answered", "best_policies", "best_policy", "clock_of", "draft", "earliest",
    "heard", "pause", "reclassified", "record_breaches", "refresh_due", "resume", "solved", "start_metric",
    "stop", "stop_all", "stop_many", "stretch", "whole",
]  # fmt: skip

DUE = ("due_at", "due_kind", "due_from")
AT_SOLUTION = (Metric.RESOLUTION, Metric.PROPOSAL, Metric.INVESTIGATION, Metric.NEXT_RESPONSE)
AT_REPLY = (Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE, Metric.CHASER)
CALLED_BACK = (State.AUDIT_CALLBACK, State.CALLBACK)


@transaction.atomic
def start_metric(ticket: Ticket, metric: str, *, now: datetime | None = None) -> SLATimer | None:
    """Starts one timer; the running one, if there is, is returned untouched. None where no policy applies."""
    return next(iter(_start(ticket, [metric], _running(ticket), now=now or timezone.now())), None)


def _running(ticket: Ticket) -> dict[str, SLATimer]:
    return {timer.metric: timer for timer in ticket.timers.open()}


def _start(
    ticket: Ticket, metrics: Sequence[str], running: dict[str, SLATimer], *, now: datetime
) -> list[SLATimer]:
    wanted = [metric for metric in metrics if metric not in running]
    if not wanted:
        return [running[metric] for metric in metrics]
    book, case = rulebook.current(), Case.of(ticket)
    asked = [promise for promise in book.promises if promise.metric in wanted]
    policies = ranked(asked, case, line=book.line_of(case.category_id))
    check_found(ticket, wanted, policies, now=now)
    found = [policies[metric] for metric in wanted if metric in policies]
    drafts = [draft(ticket, promise, now=now, clock=promise.clock) for promise in found]
    if drafts:
        SLATimer.objects.bulk_create(drafts)
        show_due(ticket, [*running.values(), *drafts])
    running |= {timer.metric: timer for timer in drafts}
    return [running[metric] for metric in metrics if metric in running]


@transaction.atomic
def stop(ticket: Ticket, metric: str, *, now: datetime | None = None) -> SLATimer | None:
    """The promise is fulfilled: met in time, or breached and now settled. Idempotent."""
    return next(iter(stop_many(ticket, [metric], now=now)), None)


@transaction.atomic
def stop_many(
    ticket: Ticket, metrics: Sequence[str], *, now: datetime | None = None, saves: bool = True
) -> list[SLATimer]:
    """`stop` of several promises at once; returns those that ran. Not `saves`: the caller saves the ticket's `DUE`."""
    now = now or timezone.now()
    rows = SLATimer.objects.select_for_update().filter(ticket=ticket, metric__in=metrics).open().order_by("pk")
    timers = list(rows)
    for timer in timers:
        _settle(timer, now)
    if timers:
        (show_due if saves else set_due)(ticket, ticket.timers.open())
    return timers


@transaction.atomic
def answered(ticket: Ticket, *, proposed: bool = False, now: datetime) -> None:
    """We have written to the customer; `proposed` says that it is theirs to decide now (C3, C5).

    The caller saves the ticket, its `DUE` among the rest.
    """
    stop_many(ticket, [*AT_REPLY, Metric.PROPOSAL] if proposed else AT_REPLY, now=now, saves=False)


@transaction.atomic
def heard(ticket: Ticket, *, spoken: bool = False, now: datetime) -> None:
    """The customer wrote: the wait for them is over, and the next answer is owed once the first was given.

    `spoken` was a call, which is answered while it lasts. What is said after the solution owes no answer in time.
    """
    resume(ticket, cause=PauseCause.CUSTOMER, now=now)
    if ticket.first_response_at and not spoken and ticket.state not in (*RESOLVED_STATES, State.ARCHIVED):
        start_metric(ticket, Metric.NEXT_RESPONSE, now=now)


@transaction.atomic
def solved(ticket: Ticket, *, now: datetime) -> None:
    """The solution is there: its promises are fulfilled, nothing is waited for, and the callback is owed."""
    end_pauses(ticket, now=now)
    stop_many(ticket, AT_SOLUTION, now=now)
    if ticket.state in CALLED_BACK:
        start_metric(ticket, Metric.CALLBACK, now=now)


def _settle(timer: SLATimer, now: datetime, *, unbroken: str = SLATimer.State.MET) -> None:
    if timer.state == Running and timer.due_at and timer.due_at < now:
        record_breaches([timer], now)  # stopped between two ticks: late all the same
    end_stretch(timer, now)
    if timer.state in (Running, Paused):
        timer.state = unbroken
    timer.stopped_at, timer.next_escalation_at, timer.warns_at, timer.waits_for = timer.resumed_at, None, None, ""
    timer.save()


@transaction.atomic
def reclassified(ticket: Ticket, *, now: datetime) -> list[dict[str, str]]:
    """What a change of class does to the open timers; returns [{"metric", "did", "policy"}] for its event.

    Where another promise holds for the new class, the policy of the running timer says whether it is kept or the new
    promise starts now. A missed promise is always kept, so that no change of class hides it.
    """
    told = []
    rows = SLATimer.objects.select_for_update(of=("self",)).filter(ticket=ticket).open()
    timers = list(rows.select_related("policy", "calendar").order_by("pk"))
    policies = chosen([*{timer.metric for timer in timers} | {*AT_SOLUTION}], Case.of(ticket))
    for timer in timers:
        policy = policies.get(timer.metric)
        if policy is None or policy.pk == timer.policy_id:
            continue
        late = timer.state == SLATimer.State.BREACHED or (timer.due_at is not None and timer.due_at < now)
        did = SLATimer.Mark.KEPT
        if timer.policy.on_reclassify == OnReclassify.RESTART and not late:
            did = SLATimer.Mark.RESTARTED
            _replace(timer, draft(ticket, policy, now=now), now)
        else:
            timer.mark = did
            timer.save(update_fields=["mark"])
        told.append({"metric": timer.metric, "did": did.value, "policy": policy.name})
    if told:
        refresh_due(ticket)
    _start_new(ticket, timers, policies, now)
    return told


def _start_new(ticket: Ticket, timers: list[SLATimer], policies: dict, now: datetime) -> None:
    """A class may promise what the former did not: a complaint its investigation. Not twice in one life."""
    known = {timer.metric for timer in timers}
    fresh = [metric for metric in (Metric.PROPOSAL, Metric.INVESTIGATION) if metric in policies and metric not in known]
    if fresh and ticket.resolved_at is None and not ticket.is_archived:
        had = set(ticket.timers.filter(metric__in=fresh).values_list("metric", flat=True))
        _start(ticket, [metric for metric in fresh if metric not in had], _running(ticket), now=now)


def _replace(timer: SLATimer, fresh: SLATimer, now: datetime) -> None:
    """Ends a timer and starts another in its place; one that waits for the customer goes on waiting."""
    waits_for = timer.waits_for if timer.state == Paused else ""
    paused = timer.state == Paused
    timer.mark, fresh.mark = SLATimer.Mark.ENDED, SLATimer.Mark.RESTARTED
    _settle(timer, now, unbroken=SLATimer.State.CANCELLED)
    if paused:
        fresh.state, fresh.due_at, fresh.warns_at, fresh.waits_for = Paused, None, None, waits_for
        fresh.next_escalation_at = None
    fresh.save()


@transaction.atomic
def stop_all(ticket: Ticket, *, now: datetime | None = None) -> None:
    """At the archive: what still runs is cancelled, what is breached is settled."""
    now = now or timezone.now()
    for timer in SLATimer.objects.select_for_update().filter(ticket=ticket).open().order_by("pk"):
        _settle(timer, now, unbroken=SLATimer.State.CANCELLED)
    end_pauses(ticket, now=now)
    refresh_due(ticket)
