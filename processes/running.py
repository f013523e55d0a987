"""A service process at work (F1; P0): steps strictly in order, no execution before the customer confirmed the plan.

Every verb locks the ticket first, as the flow and the clocks do, so that two at once are decided one after the other.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core import events, live, redaction
from core.hours import ALWAYS
from processes.models import LogEntry, Process, Stage, Step, Template
from staff.models import Role, User
from tickets import sla, workflow
from tickets.models import RESOLVED_STATES, Kind, PauseCause, Ticket

HOLD = gettext_noop("Steps of the service process are open")
KEY = "process"
LONGEST = 20_000  # characters of a plan
AFTER_CONFIRMATION = (Stage.EXECUTION, Stage.FEEDBACK)
COPIED = (
    "position", "stage", "title_zh", "title_en", "standard_zh", "standard_en", "role", "target_seconds", "target_days",
    "calendar", "may_skip",
)


class StepRefused(Exception):
    """The process does not allow this now; the text says why, in the user's words."""


@transaction.atomic
def start(ticket: Ticket, *, template: Template, by: User, now: datetime | None = None) -> Process:
    """Copies the template into the ticket and opens its first step; the one that runs already is returned.

    Until the steps that may not be skipped are done the ticket cannot be resolved. Raises `StepRefused`.
    """
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if known := locked.processes.exclude(state=Process.State.STOPPED).first():
        return known
    if locked.kind != Kind.SERVICE:
        raise StepRefused(_("A process runs in a service ticket; change the class first."))
    if locked.is_archived or locked.state in RESOLVED_STATES:
        raise StepRefused(_("The ticket is resolved already; a process starts before that."))
    steps = list(template.steps.select_related("calendar"))
    if not template.is_active or not steps:
        raise StepRefused(_("This template is not in use; choose another."))
    process = Process.objects.create(
        ticket=locked, template=template, template_version=template.version, name_zh=template.name_zh,
        name_en=template.name_en, started_at=now, started_by=by,
    )
    Step.objects.bulk_create(
        Step(process=process, origin=step, **{name: getattr(step, name) for name in COPIED}) for step in steps
    )
    workflow.hold(locked, KEY, HOLD, before=workflow.RESOLVED)
    log_event("process_started", process, by=by, now=now)
    advance(process, now=now)
    return process


def locked(process: Process) -> Process:
    """The process as it stands, its ticket locked. Raises `StepRefused` where it has ended."""
    ticket = Ticket.objects.select_for_update().get(pk=process.ticket_id)
    fresh = Process.objects.get(pk=process.pk)
    fresh.ticket = ticket
    if not fresh.is_open:
        raise StepRefused(_("This process has ended."))
    if ticket.is_archived:
        raise StepRefused(_("The ticket is archived; a new matter opens a linked ticket."))
    return fresh


def current(process: Process) -> Step | None:
    """The step whose turn it is: the first that is not done."""
    return process.steps.filter(done_at=None).select_related("calendar").first()


def may(user: User, step: Step) -> bool:
    return not step.role or user.role == step.role or user.role in workflow.HEADS or user.is_superuser


def refusal(step: Step, *, turn: Step | None, confirmed: bool, user: User) -> str:
    """Why this user may not finish this step now; '' if they may. `turn` is the step whose turn it is."""
    if turn is None or step.done_at:
        return _("This step is done already.")
    if step.stage in AFTER_CONFIRMATION and not confirmed:
        return _("The customer has not confirmed this plan yet.")
    if step.pk != turn.pk:
        return _("“%(step)s” comes first.") % {"step": turn.title}
    if not may(user, step):
        return _("This step belongs to: %(roles)s.") % {"roles": Role(step.role).label}
    return ""


def _turn(step: Step, by: User) -> tuple[Process, Step]:
    process = locked(step.process)
    fresh = process.steps.select_related("calendar").get(pk=step.pk)
    if reason := refusal(fresh, turn=current(process), confirmed=process.confirmed(), user=by):
        raise StepRefused(reason)
    return process, fresh


@transaction.atomic
def complete(step: Step, *, by: User, result: str = "", now: datetime | None = None) -> Step:
    """Finishes the step whose turn it is and opens the next one. Raises `StepRefused`."""
    now = now or timezone.now()
    process, fresh = _turn(step, by)
    if fresh.stage == Stage.CONFIRMATION:
        raise StepRefused(_("This step ends with the customer's answer."))
    if fresh.stage == Stage.PLAN and not process.plan.strip():
        raise StepRefused(_("Write the plan first."))
    settle(process, fresh, by=by, result=result, now=now)
    return fresh


@transaction.atomic
def skip(step: Step, *, by: User, reason: str, now: datetime | None = None) -> Step:
    """Passes over a step that may be skipped. Raises `StepRefused`."""
    now = now or timezone.now()
    process, fresh = _turn(step, by)
    if not fresh.may_skip:
        raise StepRefused(_("This step cannot be skipped."))
    if not reason.strip():
        raise StepRefused(_("Say why the step is skipped."))
    fresh.skipped = True
    settle(process, fresh, by=by, result=reason, now=now)
    return fresh


def settle(process: Process, step: Step, *, by: User | None, result: str, now: datetime) -> None:
    """Writes that a step is done, with its line in the execution log, and opens the next; the ticket is locked."""
    step.done_at, step.done_by, step.result = now, by, result.strip()
    step.save()
    if step.stage == Stage.EXECUTION and step.result:
        LogEntry.objects.create(process=process, step=step, at=now, by=by, what=step.result)
    log_event(
        "step_skipped" if step.skipped else "step_done", process, by=by, now=now, title_zh=step.title_zh,
        title_en=step.title_en, note=step.result,
    )
    advance(process, now=now)


def advance(process: Process, *, now: datetime) -> None:
    """Opens the step whose turn it is, lets go of the ticket when nothing holds it, ends the process after the last."""
    if not process.steps.filter(done_at=None, may_skip=False).exists():
        workflow.release(process.ticket, KEY)
    step = current(process)
    if step is None:
        process.state, process.ended_at = Process.State.DONE, now
        process.save()
        log_event("process_done", process, by=None, now=now)
    elif step.started_at is None:
        step.started_at, step.due_at = now, due(step, now)
        owner = process.ticket.owner
        step.owner = step.owner or (owner if owner and may(owner, step) else None)
        step.save()
    live.publish("ticket", team_id=process.ticket.team_id, ticket=process.ticket_id)


def due(step: Step, start: datetime) -> datetime:
    """When a step that opens at `start` has to be done, on its own clock."""
    clock = step.calendar.hours() if step.calendar else ALWAYS
    return clock.add_days(start, step.target_days) if step.target_days else clock.add(start, step.target_seconds or 0)


@transaction.atomic
def write_plan(process: Process, *, text: str, by: User, now: datetime | None = None) -> Process:
    """Writes the plan. What was confirmed of an earlier one is void: the confirmation is asked for anew.

    The same text again changes nothing. Raises `StepRefused`.
    """
    now = now or timezone.now()
    fresh, text = locked(process), text.strip()
    turn = current(fresh)
    if turn is None or turn.stage == Stage.NEED:
        raise StepRefused(_("Confirm the need first; then comes the plan."))
    if not text:
        raise StepRefused(_("Write the plan first."))
    if len(text) > LONGEST:
        raise StepRefused(_("A plan has at most %(n)s characters.") % {"n": f"{LONGEST:,}"})
    if redaction.redact(text, fresh.originals)[0] == fresh.plan:
        return fresh
    voided, was_waiting = fresh.confirmed(), fresh.state == Process.State.WAITING
    fresh.plan, fresh.plan_version, fresh.plan_at = text, fresh.plan_version + 1, now
    fresh.state = Process.State.RUNNING
    fresh.save()
    log_event("plan_written", fresh, by=by, now=now, version=fresh.plan_version, voided=voided)
    if was_waiting:
        sla.resume(fresh.ticket, by=by, cause=PauseCause.CUSTOMER, now=now)
    _back_to_confirmation(fresh, now)
    return fresh


def _back_to_confirmation(process: Process, now: datetime) -> None:
    """A plan that differs needs the customer's word again; steps that are done stay done."""
    step = process.steps.filter(stage=Stage.CONFIRMATION, done_at__isnull=False).first()
    if step:
        process.steps.filter(done_at=None).update(started_at=None, due_at=None, told_at=None)
        step.done_at = step.done_by = step.started_at = step.told_at = None
        step.result = ""
        step.save()
        workflow.hold(process.ticket, KEY, HOLD, before=workflow.RESOLVED)
    advance(process, now=now)


@transaction.atomic
def assign(step: Step, *, to: User, by: User, now: datetime | None = None) -> Step:
    """Gives a step that is not done to somebody who may do it. Raises `StepRefused`."""
    process = locked(step.process)
    fresh = process.steps.get(pk=step.pk)
    if fresh.done_at:
        raise StepRefused(_("This step is done already."))
    if not may(to, fresh):
        raise StepRefused(_("This step belongs to: %(roles)s.") % {"roles": Role(fresh.role).label})
    if fresh.owner_id != to.pk:
        fresh.owner = to
        fresh.save()
        log_event("step_assigned", process, by=by, now=now or timezone.now(), title_zh=fresh.title_zh,
                  title_en=fresh.title_en, to=str(to))
        live.publish("ticket", team_id=process.ticket.team_id, ticket=process.ticket_id)
    return fresh


@transaction.atomic
def note(process: Process, *, what: str, by: User, now: datetime | None = None) -> LogEntry:
    """Adds a line to the execution log. Raises `StepRefused` before the customer has confirmed the plan."""
    fresh = locked(process)
    if not fresh.confirmed():
        raise StepRefused(_("The customer has not confirmed this plan yet."))
    if not what.strip():
        raise StepRefused(_("Write what was done."))
    turn = current(fresh)
    entry = LogEntry.objects.create(process=fresh, step=turn, at=now or timezone.now(), by=by, what=what.strip()[:4000])
    live.publish("ticket", team_id=fresh.ticket.team_id, ticket=fresh.ticket_id)
    return entry


@transaction.atomic
def stop(process: Process, *, by: User, reason: str, now: datetime | None = None) -> Process:
    """Ends a process before its last step, by a team lead or above, with a reason. Raises `StepRefused`."""
    now = now or timezone.now()
    fresh = locked(process)
    if by.role not in workflow.HEADS and not by.is_superuser:
        raise StepRefused(_("A team lead stops a process."))
    if not reason.strip():
        raise StepRefused(_("Say why the process is stopped."))
    was_waiting = fresh.state == Process.State.WAITING
    fresh.state, fresh.ended_at = Process.State.STOPPED, now
    fresh.save()
    workflow.release(fresh.ticket, KEY)
    if was_waiting:
        sla.resume(fresh.ticket, by=by, cause=PauseCause.CUSTOMER, now=now)
    log_event("process_stopped", fresh, by=by, now=now, note=reason.strip()[:400])
    live.publish("ticket", team_id=fresh.ticket.team_id, ticket=fresh.ticket_id)
    return fresh


def log_event(kind: str, process: Process, *, by: User | None, now: datetime, **data) -> None:
    ticket = process.ticket
    events.record(
        kind, process, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        **data,
    )
