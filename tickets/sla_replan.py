"""Re-planning: running promises take over an edited policy, calendar or ladder, by an administrator's choice alone.

An edit by itself moves nothing. What was counted stays counted and what is breached stays breached; what is left runs
by the new target and the new hours. Batches run in the background, each a transaction of its own that leaves in the row
how far it came: a worker that is killed loses and doubles nothing.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core import events, live
from core.hours import NeverOpens, WorkingCalendar
from core.models import Event, WorkCalendar
from staff.models import User
from tickets.ladder_models import Rung, first_share_of
from tickets.ladders import Clocks, Ladders, Place, upcoming
from tickets.models import Replan, SLAPolicy, SLATimer, Ticket
from tickets.sla_policies import exact
from tickets.sla_timers import Paused, Running, warning_of

BATCH = 200
MOST = 20_000  # promises of one preview
SAMPLE = 20
SHARE = 20.0  # seconds of one turn in the background
EDITED = gettext_noop("It was edited meanwhile: look at the preview again.")
MOVED = ("pk", "target_seconds", "calendar_id", "due_at", "warns_at", "next_escalation_at")
MOVE = """
UPDATE tickets_slatimer t SET target_seconds = n.target, calendar_id = n.calendar, due_at = n.due, warns_at = n.warns,
    next_escalation_at = n.climbs
FROM unnest(%(pk)s::bigint[], %(target_seconds)s::int[], %(calendar_id)s::bigint[], %(due_at)s::timestamptz[],
    %(warns_at)s::timestamptz[], %(next_escalation_at)s::timestamptz[]) n(id, target, calendar, due, warns, climbs)
WHERE t.id = n.id
"""
# A ticket shows its earliest promise; one whose promises all stand keeps showing none.
SHOW_DUE = """
UPDATE tickets_ticket k SET due_at = t.due_at, due_kind = t.metric, due_from = t.started_at FROM (
    SELECT DISTINCT ON (ticket_id) ticket_id, due_at, metric, started_at FROM tickets_slatimer
    WHERE ticket_id = ANY(%s) AND stopped_at IS NULL AND due_at IS NOT NULL ORDER BY ticket_id, due_at, metric
) t WHERE k.id = t.ticket_id
"""


class ReplanRefused(Exception):
    """Running promises cannot be re-planned now; the text says why."""


@dataclass(frozen=True)
class Anew:
    """What a promise would be by the present policy and hours; `due` is None while it waits."""

    timer: SLATimer
    target: int
    calendar_id: int | None
    due: datetime | None
    rung_at: datetime | None = None  # of a rung before the breach at which the promise does not look yet

    @property
    def moves(self) -> bool:
        timer = self.timer
        return (self.target, self.calendar_id, self.due) != (timer.target_seconds, timer.calendar_id, timer.due_at)

    @property
    def shift(self) -> timedelta:
        return self.due - self.timer.due_at if self.due and self.timer.due_at else timedelta()

    @property
    def shift_words(self) -> str:
        return ("−" if self.shift < timedelta() else "+") + exact(int(self.shift.total_seconds()))


@dataclass
class Preview:
    """What a re-planning would do. `earlier` and `later` are the greatest shifts; `capped` says that there are more."""

    looked: int = 0
    moved: int = 0
    rungs: int = 0  # promises, moved or not, that take up a rung of their ladder before the breach
    at_once: int = 0  # of those: its share has gone by already
    waiting: int = 0  # of the moved: they stand now, so that only their target changes
    late: int = 0  # of the moved: late at once
    earlier: timedelta = field(default_factory=timedelta)
    later: timedelta = field(default_factory=timedelta)
    first: list[Anew] = field(default_factory=list)
    capped: bool = False

    @property
    def earlier_words(self) -> str:
        return exact(int(self.earlier.total_seconds()))

    @property
    def later_words(self) -> str:
        return exact(int(self.later.total_seconds()))


def open_promises(*, policy: SLAPolicy | None = None, calendar: WorkCalendar | None = None) -> QuerySet[SLATimer]:
    """Promises on tickets that run or wait under this policy or calendar; those of calls are over within seconds."""
    rows = SLATimer.objects.open().filter(ticket__isnull=False, state__in=(Running, Paused))
    return rows.filter(policy=policy) if policy else rows.filter(calendar=calendar)


def fingerprint(*, policy: SLAPolicy | None = None, calendar: WorkCalendar | None = None) -> str:
    """Of everything that decides where a promise ends, so that an edit after the preview is noticed."""
    said: list[object] = []
    if policy:
        rungs = [(rung.position, rung.percent) for rung in Ladders().rungs(policy.ladder_id)]
        said = [policy.pk, policy.target_seconds, policy.target_days, policy.warn_at, policy.ladder_id, rungs]
        calendar = policy.calendar
    if calendar:
        clock = calendar.hours()
        said += [calendar.pk, clock.timezone, clock.week, sorted(clock.days_off), clock.extra_days]
    return sha256(repr(said).encode()).hexdigest()


def anew(timer: SLATimer, policy: SLAPolicy, clocks: Clocks, ladders: Ladders, *, by_policy: bool) -> Anew | None:
    """None where nothing changes, or where the hours do not open long enough any more."""
    calendar_id = policy.calendar_id if by_policy else timer.calendar_id
    clock, target, due = clocks.of(calendar_id), timer.target_seconds, None
    try:
        if policy.target_days and policy.calendar_id == calendar_id:
            due = clock.add_days(timer.started_at, policy.target_days)
            target = clock.between(timer.started_at, due)
        elif by_policy:
            target = policy.target_seconds or 0
        if timer.state == Paused:
            due = None
        elif due is None or timer.resumed_at > timer.started_at:
            due = clock.add(timer.resumed_at, max(target - timer.consumed_seconds, 0))
        rung_at = _new_rung(timer, target, due, ladders.rungs(policy.ladder_id), clock)
    except NeverOpens:
        return None
    found = Anew(timer, target, calendar_id, due, rung_at)
    return found if found.moves or rung_at else None


def _new_rung(
    timer: SLATimer, target: int, due: datetime | None, rungs: Sequence[Rung], clock: WorkingCalendar
) -> datetime | None:
    """When the next share before the breach is reached, if the promise is to look at its ladder later, or never."""
    if due is None:
        return None
    place = Place(
        timer.pk, False, timer.escalation_level, timer.acknowledged_level, None, timer.resumed_at, due, target,
        timer.consumed_seconds,
    )
    following = upcoming(place, rungs, clock)
    looks_at = timer.next_escalation_at
    return following[1] if following and (looks_at is None or following[1] < looks_at) else None


def would_move(*, policy: SLAPolicy | None = None, calendar: WorkCalendar | None = None) -> bool:
    """Whether an edit has left running promises behind; looks at the latest few hundred."""
    rows = open_promises(policy=policy, calendar=calendar).select_related("policy").order_by("-pk")[:500]
    clocks, ladders = Clocks(), Ladders()
    return any(anew(timer, timer.policy, clocks, ladders, by_policy=policy is not None) for timer in rows)


def preview(
    *, policy: SLAPolicy | None = None, calendar: WorkCalendar | None = None, now: datetime | None = None
) -> Preview:
    """Looks at the running promises in the order of the work, up to `MOST`; writes nothing."""
    now, found, clocks, ladders = now or timezone.now(), Preview(), Clocks(), Ladders()
    rows = open_promises(policy=policy, calendar=calendar).select_related("policy", "ticket").order_by("pk")
    for timer in rows[: MOST + 1].iterator(chunk_size=1_000):
        if found.looked == MOST:
            found.capped = True
            break
        found.looked += 1
        new = anew(timer, timer.policy, clocks, ladders, by_policy=policy is not None)
        if new is None or (timer.due_at is not None and timer.due_at <= now):
            continue
        found.rungs += new.rung_at is not None
        found.at_once += new.rung_at is not None and new.rung_at <= now
        if not new.moves:
            continue
        found.moved += 1
        found.waiting += timer.state == Paused
        found.late += new.due is not None and new.due <= now
        found.earlier, found.later = min(found.earlier, new.shift), max(found.later, new.shift)
        if len(found.first) < SAMPLE:
            found.first.append(new)
    return found


def start(
    *, seen: str, by: User | None, policy: SLAPolicy | None = None, calendar: WorkCalendar | None = None,
    now: datetime | None = None,
) -> Replan:
    """Begins in the background; `seen` is the fingerprint that stood on the preview. Raises `ReplanRefused`."""
    if fingerprint(policy=policy, calendar=calendar) != seen:
        raise ReplanRefused(_(EDITED))
    total = open_promises(policy=policy, calendar=calendar).count()
    try:
        with transaction.atomic():
            return Replan.objects.create(
                policy=policy, calendar=calendar, seen=seen, by=by, begun_at=now or timezone.now(), total=total
            )
    except IntegrityError as error:
        raise ReplanRefused(_("Another re-planning is under way; wait until it has ended, or stop it.")) from error


@transaction.atomic
def stop(work: Replan) -> Replan:
    """Ends after the batch in hand; what was moved stays moved."""
    locked = Replan.objects.select_for_update().get(pk=work.pk)
    if locked.is_running:
        locked.state = Replan.State.STOPPED
        locked.save(update_fields=["state"])
    return locked


def go_on(work: Replan) -> Replan:
    """Continues a stopped one where it stood. Raises `ReplanRefused`."""
    if fingerprint(policy=work.policy, calendar=work.calendar) != work.seen:
        raise ReplanRefused(_(EDITED))
    try:
        with transaction.atomic():
            Replan.objects.filter(pk=work.pk, state=Replan.State.STOPPED).update(state=Replan.State.RUNNING, note="")
    except IntegrityError as error:
        raise ReplanRefused(_("Another re-planning is under way; wait until it has ended, or stop it.")) from error
    work.refresh_from_db()
    return work


def carry_on(*, seconds: float = SHARE, now: datetime | None = None) -> int:
    """One turn of the background: batches until the work is done or the time is up; returns how many promises moved."""
    begun, moved = time.monotonic(), 0
    for work in Replan.objects.filter(state=Replan.State.RUNNING):
        while (done := batch(work, now=now)) is not None:
            moved += done
            if time.monotonic() - begun > seconds:
                return moved
    return moved


@transaction.atomic
def batch(work: Replan, *, now: datetime | None = None) -> int | None:
    """Moves the next promises and notes how far it came; None where there is nothing to do for this worker."""
    now = now or timezone.now()
    rows = Replan.objects.select_for_update(skip_locked=True, of=("self",)).select_related("policy", "calendar")
    locked = rows.filter(pk=work.pk, state=Replan.State.RUNNING).first()
    if locked is None:
        return None
    if fingerprint(policy=locked.policy, calendar=locked.calendar) != locked.seen:
        locked.state, locked.note = Replan.State.STOPPED, EDITED
        locked.save()
        return None
    scope = open_promises(policy=locked.policy, calendar=locked.calendar)
    found = list(scope.filter(pk__gt=locked.cursor).order_by("pk").values_list("pk", "ticket_id")[:BATCH])
    if not found:
        locked.state, locked.ended_at = Replan.State.DONE, now
        locked.save()
        return None
    # Tickets before their promises, as everybody else locks them.
    tickets = {ticket.pk: ticket for ticket in Ticket.objects.select_for_update(of=("self",)).filter(
        pk__in={ticket_id for _pk, ticket_id in found}).order_by("pk")}  # fmt: skip
    timers = scope.select_for_update(of=("self",)).filter(Q(due_at=None) | Q(due_at__gt=now))
    news = _anew(timers.filter(pk__in=[pk for pk, _ticket in found]).order_by("pk"), locked)
    locked.moved += sum(new.moves for new in news)
    locked.late += sum(new.moves and new.due is not None and new.due <= now for new in news)
    locked.cursor, locked.looked = found[-1][0], locked.looked + len(found)
    _write(news, tickets, locked, now)
    locked.save()
    return len(news)


def _anew(timers: Iterable[SLATimer], work: Replan) -> list[Anew]:
    timers, clocks, ladders = list(timers), Clocks(), Ladders()
    rows = SLAPolicy.objects.filter(pk__in={timer.policy_id for timer in timers})
    policies = {policy.pk: policy for policy in rows.annotate(share=first_share_of())}
    found = []
    for timer in timers:
        policy = policies[timer.policy_id]
        new = anew(timer, policy, clocks, ladders, by_policy=work.policy_id is not None)
        if new is not None:
            found.append(new)
            timer.policy = policy
    return found


def _write(news: list[Anew], tickets: dict[int, Ticket], work: Replan, now: datetime) -> None:
    clocks, told = Clocks(), []
    for new in news:
        timer, ticket = new.timer, tickets[new.timer.ticket_id or 0]
        if new.moves:
            told.append(events.draft(
                "replanned", ticket, by=work.by, ticket_id=ticket.pk, customer_id=ticket.customer_id,
                team_id=ticket.team_id, now=now, metric=timer.metric, because=str(work),
                before=timer.due_at.isoformat() if timer.due_at else "", after=new.due.isoformat() if new.due else "",
            ))  # fmt: skip
        timer.target_seconds, timer.calendar_id, timer.due_at = new.target, new.calendar_id, new.due
        if timer.state == Running:
            timer.warns_at = warning_of(timer, timer.policy, clocks.of(new.calendar_id))
            climbs = timer.policy.first_share or timer.next_escalation_at
            timer.next_escalation_at = timer.resumed_at if climbs else None  # the beat looks there
    Event.objects.bulk_create(told)
    timers = [new.timer for new in news]
    with connection.cursor() as cursor:
        cursor.execute(MOVE, {name: [getattr(timer, name) for timer in timers] for name in MOVED})
        cursor.execute(SHOW_DUE, [[event.ticket_id for event in told]])
    for team_id in {event.team_id for event in told}:
        live.publish("ticket", team_id=team_id)
