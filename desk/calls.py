"""Ending a call: the call, its customer and its ticket in one transaction (P4, 来电受理; mission C9, D1, D3)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from complaints import sheets
from customers import consent, registry
from customers.models import Customer
from messaging import calls
from messaging.models import Call, CallStep, Channel
from staff.models import Role, Team, User
from tickets import conversation, intake, routing, workflow
from tickets.models import Cause, Grade, Kind, Level, Outcome, Post, State, Ticket

CallOutcome = Call.Outcome
ESCALATED = gettext_noop("Escalated during the call")
STAMPED_BY = {
    CallStep.LISTEN: ("words", "subject", "name"),
    CallStep.NOTE: ("kind", "subject", "category"),
    CallStep.ANSWER: ("answer", "promised_at", "callback_at", "explained", "promised", "agreed"),
}


class CallRefused(Exception):
    """The call cannot end this way; the text says why. Nothing that was typed is lost."""


@dataclass(frozen=True)
class Facts:
    """What the form holds when the call ends."""

    phone: str = ""
    name: str = ""
    company: str = ""
    language: str = "zh-hans"
    consent_callback: bool = False
    chase: Ticket | None = None  # the open ticket that the customer asks about again
    channel: str = Channel.PHONE  # or the authority that passed it on
    kind: str = ""
    category: Any = None
    level: str = ""
    ground: str = ""
    urgency: int = Grade.MEDIUM
    importance: int = Grade.MEDIUM
    difficulty: int = Grade.MEDIUM
    subject: str = ""
    words: str = ""
    wish: str = ""
    answer: str = ""
    promised_at: datetime | None = None
    callback_at: datetime | None = None
    caller_hung_up: bool = False  # first, as the procedure wants it


@dataclass(frozen=True)
class Finished:
    """How the call ended; a dropped one leaves no ticket."""

    call: Call
    ticket: Ticket | None


def steps_proved_by(data: dict[str, str]) -> list[str]:
    """The standard actions that the filled fields show to have happened."""
    return [step for step, fields in STAMPED_BY.items() if any(data.get(field, "").strip() for field in fields)]


@transaction.atomic
def finish(*, call: Call, outcome: str, facts: Facts, by: User, now: datetime | None = None) -> Finished:
    """Ends a call: finds or makes its customer, opens or appends to a ticket and takes its first steps.

    Sent twice it gives one ticket. Raises `CallRefused`, `MoveRefused`, `AssignRefused`, `SheetRefused` or `BadPhone`,
    and leaves everything as it was.
    """
    now = now or timezone.now()
    rows = Call.objects.select_related("customer__tier", "team", "agent")
    locked = rows.select_for_update(of=("self",)).get(pk=call.pk)
    if locked.ended_at is not None:
        return Finished(locked, ticket_of(locked))
    ticket = None
    if outcome != CallOutcome.DROPPED:
        customer = _customer(locked, facts, by=by, now=now)
        ticket = _chase(locked, facts, by=by, now=now) if facts.chase else _open(locked, customer, facts, by, now)
        _after(outcome, ticket, facts, by=by, now=now)
        _promise(locked, ticket, facts.callback_at if outcome == CallOutcome.CALLBACK else facts.promised_at)
    side = Call.Side.CUSTOMER if facts.caller_hung_up else ""
    calls.end(locked, outcome=outcome, hung_up_by=side, now=now)
    return Finished(locked, ticket)


def ticket_of(call: Call) -> Ticket | None:
    """The ticket that a finished call opened or was added to."""
    post = Post.objects.filter(call=call).select_related("ticket").order_by("pk").first()
    return post.ticket if post else None


def head_of(team: Team, *, but: User | None = None) -> User | None:
    """Whom an agent escalates to during a call: the team's lead, else the department's supervisor."""
    staff = User.objects.filter(is_active=True)
    if but:
        staff = staff.exclude(pk=but.pk)
    lead = staff.filter(team=team, role=Role.LEAD).order_by("pk").first()
    supervisors = staff.filter(team__department=team.department_id, role=Role.SUPERVISOR)
    return lead or supervisors.order_by("pk").first()


def _customer(call: Call, facts: Facts, *, by: User, now: datetime) -> Customer:
    if call.customer is not None:
        return call.customer
    customer, made = registry.find_or_create(
        team=call.team, source=Customer.Source.CALL, name=facts.name, phone=facts.phone or call.number,
        language=facts.language, company=facts.company, by=by, now=now,
    )
    if made and facts.consent_callback:
        consent.record(
            customer=customer, purpose="callback", given=True, channel="phone", by=by, now=now,
            wording=_("May we call you back about this matter?"), way=_("On the phone, call %(id)s") % {"id": call.pk},
        )
    calls.attach_customer(call, customer, by=by, now=now)
    return customer


def _open(call: Call, customer: Customer, facts: Facts, by: User, now: datetime) -> Ticket:
    return intake.open_ticket(
        customer=customer, kind=facts.kind, subject=facts.subject, channel=facts.channel, body=body_of(facts), by=by,
        owner=by, category=facts.category, level=facts.level, urgency=facts.urgency, importance=facts.importance,
        difficulty=facts.difficulty, wish=facts.wish, call=call, idempotency_key=f"call:{call.pk}", now=now,
    )


def _chase(call: Call, facts: Facts, *, by: User, now: datetime) -> Ticket:
    """催单 is appended to the open ticket and counted, never opened as a double (C9)."""
    ticket = facts.chase
    if ticket is None or ticket.customer_id != call.customer_id or ticket.is_archived:
        raise CallRefused(_("That ticket is not open any more. Make a new one."))
    intake.append_inbound(ticket, body=body_of(facts), channel=facts.channel, call=call, by=by, now=now)
    ticket.refresh_from_db()
    return ticket


def _after(outcome: str, ticket: Ticket, facts: Facts, *, by: User, now: datetime) -> None:
    """The first steps of the flow that the outcome stands for."""
    if outcome == CallOutcome.ANSWERED:
        if facts.chase or ticket.kind != Kind.CONSULT:
            raise CallRefused(_("Only a new consult can be closed on the call."))
        for state in (State.UNDERSTOOD, State.ANSWERED):
            workflow.move(ticket, state, by=by, now=now)
        workflow.move(ticket, State.ARCHIVED, by=by, outcome=Outcome.SATISFIED, cause=Cause.INFORMATION, now=now)
        return
    if not facts.chase:
        _classify(ticket, facts, by=by, now=now)
    if outcome == CallOutcome.CALLBACK:
        conversation.note(ticket, body=_callback_note(facts), by=by, now=now)
    elif outcome == CallOutcome.ESCALATE:
        head = head_of(ticket.team, but=by)
        if head is None:
            raise CallRefused(_("No team lead or supervisor is set for this team."))
        routing.assign(ticket, to=head, by=by, reason=ESCALATED, now=now)


def _classify(ticket: Ticket, facts: Facts, *, by: User, now: datetime) -> None:
    """A consult waits for its answer; the others are classified by the agent, and a special complaint has its sheet."""
    if ticket.kind != Kind.CONSULT:
        workflow.move(ticket, State.CLASSIFIED, by=by, now=now)
    if ticket.level == Level.SPECIAL:
        sheets.open_sheet(ticket, by=by, ground=facts.ground, now=now)


def _callback_note(facts: Facts) -> str:
    when = formats.date_format(timezone.localtime(facts.callback_at), "SHORT_DATETIME_FORMAT")
    return _("Call the customer back at %(when)s.") % {"when": when}


def _promise(call: Call, ticket: Ticket, at: datetime | None) -> None:
    """The time that the customer was told (C7) stands on the entry of the call."""
    if at:
        Post.objects.filter(ticket=ticket, call=call).update(next_update_at=at)


def body_of(facts: Facts) -> str:
    """The record of the talk: what the customer said, and what they were told."""
    told = _("Answer given: %(answer)s") % {"answer": facts.answer.strip()} if facts.answer.strip() else ""
    return "\n\n".join(part for part in (facts.words.strip() or facts.subject.strip(), told) if part)
