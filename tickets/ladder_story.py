"""The escalation ladder of a ticket as people see it: who was told, who took it in hand, who is told next and when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.ladder_models import Rung, Trigger
from tickets.ladders import Clocks, Ladders, Place, upcoming
from tickets.models import Escalation, SLATimer, Ticket


@dataclass(frozen=True)
class Line:
    """One rung: `status` is done, now or ahead; `at` is when it was or will be taken, None where no clock leads.

    `open_step` is the step that still waits for an acknowledgement, due at `due_ack_at`.
    """

    title: str
    text: str
    status: str
    at: datetime | None = None
    open_step: Escalation | None = None
    late: bool = False


def lines(
    ticket: Ticket, timers: Sequence[SLATimer], escalations: Sequence[Escalation], *, now: datetime | None = None
) -> list[Line]:
    """From acceptance to the last rung, of the promise that has climbed furthest or is due first.

    `timers` come with their policy, `escalations` in the order they were written, with `to` and `acknowledgement`.
    """
    opener = ticket.opened_by or ticket.owner
    timer = _leading(timers)
    told = {step.level: step for step in escalations if timer and step.timer_id == timer.pk}
    top = max(told, default=0)
    found = [Line(str(opener) if opener else _("Desk"), _("Received"), _status(0, top, ticket), ticket.opened_at)]
    if timer is None:
        return found
    rungs = Ladders().rungs(timer.policy.ladder_id)
    times = {} if ticket.is_archived or timer.stopped_at else _ahead(timer, told.get(top), rungs)
    known = {rung.position: rung for rung in rungs}
    for level in sorted({*told, *(position for position in known if position > top)}):
        if step := told.get(level):
            found.append(_told(step, known.get(level), timer, _status(level, top, ticket), now or timezone.now()))
        elif level in times or not told:
            found.append(_still_ahead(known[level], times.get(level)))
    return found


def _leading(timers: Sequence[SLATimer]) -> SLATimer | None:
    """The one that climbed highest; before that, the open one that is due first."""
    of_ticket = [timer for timer in timers if timer.stopped_at is None or timer.escalation_level]
    far = datetime.max.replace(tzinfo=timezone.get_default_timezone())
    return max(of_ticket, default=None, key=lambda t: (
        t.stopped_at is None, t.escalation_level, -(t.due_at.timestamp() if t.due_at else far.timestamp()), -t.pk,
    ))  # fmt: skip


def _status(level: int, top: int, ticket: Ticket) -> str:
    return "now" if level == top and not ticket.is_archived else "done"


def _told(step: Escalation, rung: Rung | None, timer: SLATimer, status: str, now: datetime) -> Line:
    label = str(rung.get_to_display()) if rung else _("a rung that is no more")
    silent = rung is not None and rung.trigger == Trigger.SILENCE
    early = timer.breached_at is None or step.at < timer.breached_at
    metric = {"name": timer.get_metric_display()}
    if silent:
        text = _("Told because nobody had acknowledged “%(name)s” in time") % metric
    elif early:
        text = _("Told because the time of “%(name)s” was running out") % metric
    else:
        text = _("Told because the promise “%(name)s” was late") % metric
    taken = getattr(step, "acknowledgement", None)
    if taken:
        text += " · " + _("acknowledged by %(name)s at %(time)s") % {
            "name": taken.by, "time": timezone.localtime(taken.at).strftime("%m-%d %H:%M"),
        }
    title = f"{label} {step.to}" if step.to else label
    if taken or step.due_ack_at is None or timer.stopped_at:
        return Line(title, text, status, step.at)
    by = timezone.localtime(step.due_ack_at).strftime("%m-%d %H:%M")
    text += " · " + _("to be acknowledged by %(time)s") % {"time": by}
    return Line(title, text, status, step.at, step, step.due_ack_at < now)


def _still_ahead(rung: Rung, at: datetime | None) -> Line:
    text = _("No clock leads here")
    if at and rung.trigger == Trigger.SILENCE:
        text = _("Told by itself if nobody acknowledges by then")
    elif at:
        text = _("Told by itself if it is not solved by then")
    return Line(str(rung.person or rung.get_to_display()), text, "ahead", at)


def _ahead(timer: SLATimer, last: Escalation | None, rungs: Sequence[Rung]) -> dict[int, datetime]:
    """When each further rung would be taken if nobody did anything."""
    if timer.due_at is None:
        return {}
    clock = Clocks().of(timer.calendar_id)
    place = Place(
        timer.pk, True, timer.escalation_level, timer.acknowledged_level, last.due_ack_at if last else None,
        timer.resumed_at, timer.due_at, timer.target_seconds, timer.consumed_seconds,
    )
    found: dict[int, datetime] = {}
    while following := upcoming(place, rungs, clock):
        rung, at = following
        found[rung.position] = at
        due_ack_at = clock.add(at, 60 * rung.ack_within) if rung.ack_within else None
        place = replace(place, level=rung.position, due_ack_at=due_ack_at)
    return found
