"""The service process as the ticket shows it: each step with its state, what may be done now, and why not."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from messaging.models import Call
from processes import confirmations, running
from processes.models import Confirmation, Invitation, LogEntry, Process, Stage, Step, Template
from staff.models import User
from tickets import workflow
from tickets.models import RESOLVED_STATES, Kind, Post, Ticket

LOG = 30


@dataclass(frozen=True)
class Line:
    """One step: `state` is done, skipped, open or ahead; `refused` says why this user may not finish it."""

    step: Step
    state: str
    refused: str = ""
    late: bool = False


@dataclass
class Part:
    """What the panel shows; `process` is None where one can be started from `templates`."""

    process: Process | None = None
    templates: list[Template] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    turn: Step | None = None
    confirmed: bool = False
    answers: list[Confirmation] = field(default_factory=list)
    asked: Invitation | None = None
    log: list[LogEntry] = field(default_factory=list)
    mails: list[Post] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    people: list[User] = field(default_factory=list)
    may_stop: bool = False
    may_plan: bool = False

    @property
    def may_answer(self) -> bool:
        return bool(self.turn and self.turn.stage == Stage.CONFIRMATION)

    @property
    def done(self) -> int:
        return sum(line.state in ("done", "skipped") for line in self.lines)


def part(ticket: Ticket, user: User, *, now: datetime) -> Part | None:
    """None where the ticket has no process and none can be started."""
    process = ticket.processes.order_by("-pk").first()
    may_start = ticket.kind == Kind.SERVICE and not ticket.is_archived and ticket.state not in RESOLVED_STATES
    if process is None or (process.state == Process.State.STOPPED and may_start):
        return Part(templates=_templates()) if may_start else None
    process.ticket = ticket
    steps = list(process.steps.select_related("owner", "done_by", "calendar"))
    going = process.is_open and not ticket.is_archived
    turn = next((step for step in steps if step.done_at is None), None) if going else None
    answers = list(process.confirmations.select_related("by").order_by("-pk"))
    confirmed = any(row.accepted and row.version == process.plan_version for row in answers)
    found = Part(
        process=process, turn=turn, confirmed=confirmed, answers=answers,
        lines=[_line(step, turn, confirmed, user, now) for step in steps],
        log=list(process.log.select_related("by", "step", "confirmation").order_by("-pk")[:LOG]),
        may_stop=going and (user.role in workflow.HEADS or user.is_superuser),
        may_plan=turn is not None and turn.stage != Stage.NEED,
    )
    return _open_now(found, now) if turn else found


def _templates() -> list[Template]:
    return list(Template.objects.filter(is_active=True))


def _line(step: Step, turn: Step | None, confirmed: bool, user: User, now: datetime) -> Line:
    if step.done_at:
        return Line(step, "skipped" if step.skipped else "done")
    refused = running.refusal(step, turn=turn, confirmed=confirmed, user=user) if turn else ""
    if turn is None or step.pk != turn.pk:
        return Line(step, "ahead", refused)
    return Line(step, "open", refused, late=bool(step.due_at and step.due_at < now))


def _open_now(found: Part, now: datetime) -> Part:
    process, turn = found.process, found.turn
    if process is None or turn is None:
        return found
    heads = Q(role__in=workflow.HEADS) | Q(role=turn.role) if turn.role else Q()
    people = User.objects.filter(heads, team=process.ticket.team_id, is_active=True).order_by("display_name", "pk")
    found.people = [person for person in people if person.pk != turn.owner_id]
    if turn.stage == Stage.CONFIRMATION:
        found.asked = process.invitations.filter(version=process.plan_version).select_related("outgoing").last()
        found.mails = list(confirmations.mails(process)[: confirmations.OFFERED])
        found.calls = list(confirmations.calls(process)[: confirmations.OFFERED])
    return found


