"""Promises in time: which policy applies, when it is due, and what starts, pauses and stops its clock."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events
from core.hours import ALWAYS, WorkingCalendar
from core.models import Event
from tickets.models import Breach, Metric, SLAPolicy, SLATimer, Ticket
from tickets.sla_models import OnReclassify

Running, Paused = SLATimer.State.RUNNING, SLATimer.State.PAUSED


class PauseRefused(Exception):
    """The clock cannot be paused or resumed now; the text says why."""


def best_policy(metric: str, *, channel: str, kind: str, tier_id: int | None) -> SLAPolicy | None:
    """The most specific active policy for a case: tier counts above class, class above channel."""
    return best_policies([metric], channel=channel, kind=kind, tier_id=tier_id).get(metric)


def best_policies(metrics: Sequence[str], *, channel: str, kind: str, tier_id: int | None) -> dict[str, SLAPolicy]:
    """`best_policy` of several metrics at once; a metric without one is left out."""
    candidates = SLAPolicy.objects.filter(
        Q(tier=None) | Q(tier=tier_id), metric__in=metrics, is_active=True, channel__in=["", channel],
        kind__in=["", kind],
    ).select_related("calendar")
    ranked = sorted(candidates, key=lambda p: (bool(p.tier_id), bool(p.kind), bool(p.channel)))
    return {policy.metric: policy for policy in ranked}


def clock_of(timer_or_policy) -> WorkingCalendar:
    """The working time that a promise counts in; clock hours, day and night, where it names no calendar."""
    calendar = timer_or_policy.calendar
    return calendar.hours() if calendar else ALWAYS


@transaction.atomic
def start(ticket: Ticket, *, now: datetime | None = None) -> list[SLATimer]:
    """Starts first response and resolution; in the transaction that opens the ticket."""
    return _start(ticket, [Metric.FIRST_RESPONSE, Metric.RESOLUTION], now=now or timezone.now())


@transaction.atomic
def start_metric(ticket: Ticket, metric: str, *, now: datetime | None = None) -> SLATimer | None:
    """Starts one timer; the running one, if there is, is returned untouched. None where no policy applies."""
    return next(iter(_start(ticket, [metric], now=now or timezone.now())), None)


def _start(ticket: Ticket, metrics: Sequence[str], *, now: datetime) -> list[SLATimer]:
    running = {timer.metric: timer for timer in ticket.timers.open()}
    wanted = [metric for metric in metrics if metric not in running]
    policies = best_policies(wanted, channel=ticket.channel, kind=ticket.kind, tier_id=ticket.customer.tier_id)
    for metric in wanted:
        if metric not in policies and metric != Metric.CHASER:
            events.record("no_policy", ticket, ticket_id=ticket.pk, team_id=ticket.team_id, now=now, metric=metric)
    drafts = [draft(ticket, policies[metric], now=now) for metric in wanted if metric in policies]
    if drafts:
        SLATimer.objects.bulk_create(drafts)
        _show_due(ticket, [*running.values(), *drafts])
    running |= {timer.metric: timer for timer in drafts}
    return [running[metric] for metric in metrics if metric in running]


def draft(ticket: Ticket, policy: SLAPolicy, *, now: datetime, clock: WorkingCalendar | None = None) -> SLATimer:
    """An unsaved timer that runs from `now` under this policy; set-based writers bring its `clock` along."""
    clock = clock or clock_of(policy)
    if policy.target_days:
        due = clock.add_days(now, policy.target_days)
        seconds = clock.between(now, due)
    else:
        seconds = policy.target_seconds or 0
        due = clock.add(now, seconds)
    return SLATimer(
        ticket=ticket, metric=policy.metric, policy=policy, calendar=policy.calendar, started_at=now, resumed_at=now,
        target_seconds=seconds, due_at=due,
    )


@transaction.atomic
def stop(ticket: Ticket, metric: str, *, now: datetime | None = None) -> SLATimer | None:
    """The promise is fulfilled: met in time, or breached and now settled. Idempotent."""
    now = now or timezone.now()
    timer = SLATimer.objects.select_for_update().filter(ticket=ticket, metric=metric).open().first()
    if timer is None:
        return None
    _settle(timer, now)
    refresh_due(ticket)
    return timer


def _settle(timer: SLATimer, now: datetime, *, unbroken: str = SLATimer.State.MET) -> None:
    if timer.state == Running and timer.due_at and timer.due_at < now:
        record_breaches([timer], now)  # stopped between two ticks: late all the same
    if timer.state == Running:
        timer.consumed_seconds += clock_of(timer).between(timer.resumed_at, now)
    if timer.state in (Running, Paused):
        timer.state = unbroken
    timer.stopped_at, timer.next_escalation_at = now, None
    timer.save()


def record_breaches(timers: list, now: datetime) -> None:
    """The one writer of breaches: locked running timers past due become breached, each with a row and an event.

    The row and the event carry the true due time, however late they are written. The caller holds the row locks,
    has the tickets selected, and saves nothing itself.
    """
    flipped = {"state": SLATimer.State.BREACHED, "breached_at": now, "next_escalation_at": now}
    SLATimer.objects.filter(pk__in=[timer.pk for timer in timers]).update(**flipped)
    for timer in timers:
        vars(timer).update(flipped)
    Breach.objects.bulk_create(
        [
            Breach(timer=t, ticket_id=t.ticket_id, metric=t.metric, due_at=t.due_at, recorded_at=now)
            for t in timers
        ]
    )
    Event.objects.bulk_create(
        [
            events.draft(
                "breached", timer.ticket, ticket_id=timer.ticket_id, customer_id=timer.ticket.customer_id,
                team_id=timer.ticket.team_id, now=now, metric=timer.metric, due_at=timer.due_at.isoformat(),
            )
            for timer in timers
        ]
    )


@transaction.atomic
def reclassified(ticket: Ticket, *, now: datetime) -> list[dict[str, str]]:
    """What a change of class does to the open timers; returns [{"metric", "did", "policy"}] for its event.

    Where another promise holds for the new class, the policy of the running timer says whether it is kept or the new
    promise starts now. A missed promise is always kept, so that no change of class hides it.
    """
    told = []
    rows = SLATimer.objects.select_for_update(of=("self",)).filter(ticket=ticket).open()
    timers = list(rows.select_related("policy", "calendar").order_by("pk"))
    policies = best_policies(
        [timer.metric for timer in timers], channel=ticket.channel, kind=ticket.kind, tier_id=ticket.customer.tier_id
    )
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
    return told


def _replace(timer: SLATimer, fresh: SLATimer, now: datetime) -> None:
    """Ends a timer and starts another in its place; one that waits for the customer goes on waiting."""
    paused = timer.state == Paused
    timer.mark, fresh.mark = SLATimer.Mark.ENDED, SLATimer.Mark.RESTARTED
    _settle(timer, now, unbroken=SLATimer.State.CANCELLED)
    if paused:
        fresh.state, fresh.due_at = Paused, None
    fresh.save()


@transaction.atomic
def stop_all(ticket: Ticket, *, now: datetime | None = None) -> None:
    """At the archive: what still runs is cancelled, what is breached is settled."""
    now = now or timezone.now()
    for timer in SLATimer.objects.select_for_update().filter(ticket=ticket).open():
        _settle(timer, now, unbroken=SLATimer.State.CANCELLED)
    refresh_due(ticket)


@transaction.atomic
def pause(ticket: Ticket, *, by, reason: str, now: datetime | None = None) -> Ticket:
    """Stops the resolution clock while the customer has to decide. Needs a reason."""
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if locked.is_archived or locked.waiting_customer:
        raise PauseRefused(_("The clock is not running."))
    if not reason.strip():
        raise PauseRefused(_("Say what the customer has to decide."))
    for timer in SLATimer.objects.select_for_update().filter(ticket=ticket, state=Running).open():
        if timer.metric == Metric.RESOLUTION and timer.due_at and timer.due_at > now:
            timer.consumed_seconds += clock_of(timer).between(timer.resumed_at, now)
            timer.state, timer.due_at = Paused, None
            timer.save()
    return _flag_waiting(ticket, True, by=by, reason=reason, now=now)


@transaction.atomic
def resume(ticket: Ticket, *, by=None, reason: str = "", now: datetime | None = None) -> Ticket:
    """Lets the clock run again; what was used before the pause stays used. Idempotent."""
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if not locked.waiting_customer:
        return ticket
    for timer in SLATimer.objects.select_for_update().filter(ticket=ticket, state=Paused).open():
        left = max(timer.target_seconds - timer.consumed_seconds, 0)
        timer.state, timer.resumed_at, timer.due_at = Running, now, clock_of(timer).add(now, left)
        timer.save()
    return _flag_waiting(ticket, False, by=by, reason=reason, now=now)


def _flag_waiting(ticket: Ticket, waiting: bool, *, by, reason: str, now: datetime) -> Ticket:
    ticket.waiting_customer = waiting
    ticket.updated_at = now
    ticket.save(update_fields=["waiting_customer", "updated_at"])
    kind = "paused" if waiting else "resumed"
    events.record(
        kind, ticket, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        reason=reason,
    )
    refresh_due(ticket)
    return ticket


def refresh_due(ticket: Ticket) -> None:
    """Keeps the ticket's own due columns equal to its earliest open timer; lists sort by them."""
    _show_due(ticket, ticket.timers.open())


def earliest(timers: Iterable[SLATimer]) -> SLATimer | None:
    """The timer that is due first; None where none runs."""
    return min(((timer.due_at, timer.metric, timer) for timer in timers if timer.due_at), default=(None, "", None))[2]


def _show_due(ticket: Ticket, open_timers: Iterable[SLATimer]) -> None:
    timer = earliest(open_timers)
    ticket.due_at = timer.due_at if timer else None
    ticket.due_kind = timer.metric if timer else ""
    ticket.due_from = timer.started_at if timer else None
    Ticket.objects.filter(pk=ticket.pk).update(
        due_at=ticket.due_at, due_kind=ticket.due_kind, due_from=ticket.due_from
    )
