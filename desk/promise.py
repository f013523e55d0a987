"""One promise in full: each stretch of its clock with its seconds and cause, the working time under it, and the sum."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from core.hours import WorkingCalendar
from core.models import Event
from tickets import sla, sla_calls, sla_policies
from tickets.models import Metric, Segment, SLATimer, Ticket
from tickets.sla_policies import exact

WIDTH = 1000  # units of the drawing
MOST_SHADES = 400
MOST_INTERVALS = 12


@dataclass(frozen=True)
class Bar:
    """A piece of the drawing: place and width in its units, its look, and what it says when pointed at."""

    x: float
    width: float
    look: str
    title: str = ""


@dataclass(frozen=True)
class Row:
    """One stretch as the table shows it, with what had been used at its end."""

    segment: Segment
    counted: bool
    is_open: bool
    exact: str
    so_far: str
    reason: str = ""
    by: str = ""
    intervals: list[tuple[datetime, datetime, str]] = field(default_factory=list)
    more: int = 0


@dataclass(frozen=True)
class Line:
    """The drawing: shaded working time, the stretches upon it, and where the due time stands."""

    shades: list[Bar]
    bars: list[Bar]
    due: float | None
    begin: datetime
    end: datetime


def page(ticket: Ticket | None, timer: SLATimer, *, now: datetime) -> dict:
    """The context of the page of one timer; without a ticket it is a call's."""
    clock = sla.clock_of(timer)
    segments = list(timer.segments.all())
    if timer.stopped_at is None:
        segments.append(sla.stretch(timer, now, clock))
    policy = sla_policies.as_it_was(timer)
    case = sla_policies.Case.of(ticket) if ticket else sla_calls.case_of(timer.call)
    rows = _rows(timer, segments, clock)
    used = sum(row.segment.seconds for row in rows if row.counted)
    return {
        "ticket": ticket, "timer": timer, "policy": policy, "changed": _changed(policy, timer), "rows": rows,
        "why": sla_policies.why(policy, case), "target": sla_policies.target_words(policy),
        "target_exact": exact(timer.target_seconds), "used": exact(used), "over": _over(timer, used),
        "left": exact(timer.target_seconds - used) if used < timer.target_seconds else "",
        "line": drawing(timer, segments, clock, now), "now": now,
        "may_finish": timer.metric == Metric.INVESTIGATION and timer.stopped_at is None,
    }  # fmt: skip


def _over(timer: SLATimer, used: int) -> str:
    return exact(used - timer.target_seconds) if used > timer.target_seconds else ""


def _changed(policy, timer: SLATimer) -> bool:
    """Whether the policy has been edited since the promise began; what was promised stands all the same."""
    now = timer.policy
    fields = ("target_seconds", "target_days", "calendar_id", "channel", "kind", "tier_id", "category_id", "priority")
    return any(getattr(policy, name) != getattr(now, name) for name in fields)


def _rows(timer: SLATimer, segments: list[Segment], clock: WorkingCalendar) -> list[Row]:
    said = {}
    waits = [segment.began_at for segment in segments if segment.kind == Segment.Kind.PAUSE]
    if waits:
        for event in Event.objects.filter(ticket_id=timer.ticket_id, kind="paused", at__in=waits):
            said[event.at] = (event.data.get("reason", ""), event.actor_name)
    rows, used = [], 0
    for segment in segments:
        counted = segment.kind == Segment.Kind.RUN
        used += segment.seconds if counted else 0
        pieces = clock.intervals(segment.began_at, segment.ended_at) if counted else []
        reason, by = ("", "") if counted else said.get(segment.began_at, ("", ""))
        rows.append(Row(
            segment, counted, segment.pk is None, exact(segment.seconds), exact(used), _(reason) if reason else "", by,
            [(begin, end, exact(int((end - begin).total_seconds()))) for begin, end in pieces[:MOST_INTERVALS]],
            max(len(pieces) - MOST_INTERVALS, 0),
        ))  # fmt: skip
    return rows


def drawing(timer: SLATimer, segments: list[Segment], clock: WorkingCalendar, now: datetime) -> Line:
    """The stretches on a line from the beginning to the end, or to the due time where that is still to come."""
    begin, due = timer.started_at, timer.due_at
    end = max([timer.stopped_at or now, *([due] if due else []), begin + timedelta(seconds=1)])
    whole = (end - begin).total_seconds()

    def at(moment: datetime) -> float:
        return round(min(max((moment - begin).total_seconds() / whole, 0), 1) * WIDTH, 2)

    def bar(first: datetime, last: datetime, look: str, title: str) -> Bar:
        return Bar(at(first), max(at(last) - at(first), 1), look, title)

    bars = []
    for segment in segments:
        title = f"{segment.get_kind_display()} · {exact(segment.seconds)} · {segment.get_cause_display()}"
        cut = due if due and segment.began_at < due < segment.ended_at and segment.kind == Segment.Kind.RUN else None
        if cut:
            bars.append(bar(segment.began_at, cut, "run", title))
            bars.append(bar(cut, segment.ended_at, "late", title))
        else:
            late = segment.kind == Segment.Kind.RUN and due is not None and segment.began_at >= due
            bars.append(bar(segment.began_at, segment.ended_at, "late" if late else segment.kind, title))
    open_hours = clock.intervals(begin, end)
    shades = [bar(first, last, "open", _period(first, last)) for first, last in open_hours[:MOST_SHADES]]
    return Line(shades, bars, at(due) if due else None, begin, end)


def _period(first: datetime, last: datetime) -> str:
    begin, end = timezone.localtime(first), timezone.localtime(last)
    closing = f"{end:%H:%M}" if begin.date() == end.date() else f"{end:%m-%d %H:%M}"
    return f"{begin:%m-%d %H:%M}–{closing}"
