"""The escalation ladder of a complaint as people see it: who was told, who is told next and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from staff.models import Role
from tickets.escalation import LEAD, RUNGS, SUPERVISOR
from tickets.models import Escalation, SLATimer, Ticket


@dataclass(frozen=True)
class Rung:
    """One step: `status` is done, now or ahead; `at` is when it was or will be taken, None where no clock leads."""

    title: str
    text: str
    status: str
    at: datetime | None = None


def rungs(ticket: Ticket, timers: Sequence[SLATimer], escalations: Sequence[Escalation]) -> list[Rung]:
    """The ladder from acceptance to the supervisor; `escalations` are in the order they were written."""
    told: dict[int, Escalation] = {}
    for escalation in escalations:
        told.setdefault(escalation.level, escalation)
    top = max(told, default=0)
    opener = ticket.opened_by or ticket.owner
    ladder = [Rung(str(opener) if opener else _("Desk"), _("Received"), _status(0, top, ticket), ticket.opened_at)]
    for level, role in RUNGS.items():
        label = str(Role(role).label)
        step = told.get(level)
        if step:
            title = f"{label} {step.to}" if step.to else label
            text = _("Told because the promise “%(name)s” was late") % {"name": step.timer.get_metric_display()}
            ladder.append(Rung(title, text, _status(level, top, ticket), step.at))
        else:
            at = None if ticket.is_archived else _next_at(level, timers)
            text = _("Told by itself if it is not solved by then") if at else _("No clock leads here")
            ladder.append(Rung(label, text, "ahead", at))
    return ladder


def _status(level: int, top: int, ticket: Ticket) -> str:
    return "now" if level == top and not ticket.is_archived else "done"


def _next_at(level: int, timers: Sequence[SLATimer]) -> datetime | None:
    times = []
    for timer in timers:
        if timer.stopped_at:
            continue
        further = timedelta(seconds=timer.policy.supervisor_after)
        if timer.state == SLATimer.State.RUNNING and timer.due_at:
            times.append(timer.due_at + further if level == SUPERVISOR else timer.due_at)
        elif timer.next_escalation_at and timer.escalation_level < level:
            skips = level == SUPERVISOR and timer.escalation_level < LEAD
            times.append(timer.next_escalation_at + further if skips else timer.next_escalation_at)
    return min(times, default=None)
