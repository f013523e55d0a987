"""Making an outgoing call (P4, 电话回访标准动作): dialled from a ticket, a callback or a customer task.

Its steps are stamped by the telephone (dialled, answered, hung up) and by the form as it is filled: a first answer
proves that we have said who we are and what it is about, a rating that we have explored.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import events, live
from customers import freshness
from customers.models import Customer, Task
from followups import callbacks
from followups.models import Attempt, Callback, Outgoing
from knowledge import scripts
from knowledge.call_steps import Guide, steps_of
from messaging import calls, mailboxes
from messaging.models import Call, OutStep
from staff.models import User
from tickets import conversation
from tickets.models import Ticket

RATINGS = ("timeliness", "professionalism", "effectiveness", "attitude")
# Fields that show, once filled, which steps have happened.
STAMPED_BY = {
    OutStep.IDENTIFY: ("has_time", *RATINGS, "score", "words"),
    OutStep.STATE: (*RATINGS, "score", "words"),
    OutStep.EXPLORE: RATINGS,
}
RESULT_OF = {Attempt.Outcome.SATISFIED: Outgoing.Result.REACHED, Attempt.Outcome.DISSATISFIED: Outgoing.Result.REACHED}


class OutgoingRefused(Exception):
    """The call cannot be made or recorded now; the text says why. Nothing has changed."""


@transaction.atomic
def dial(
    *, by: User, ticket: Ticket | None = None, callback: Callback | None = None, task: Task | None = None,
    now: datetime | None = None,
) -> Outgoing:
    """Starts the call to the customer's preferred number; pressed twice it is one call.

    Raises `OutgoingRefused`, and `callbacks.CallbackRefused` for a callback that this person may not make now.
    """
    now = now or timezone.now()
    about = {"ticket": ticket or (callback.ticket if callback else None), "callback": callback, "task": task}
    customer = _called(about)
    if callback:
        callbacks.check_open(callback, by=by)
    number = customer.contacts.filter(kind="phone", valid=True).order_by("-preferred", "pk").first()
    if number is None:
        raise OutgoingRefused(_("No telephone number of the customer is known."))
    call = calls.start(
        team=customer.team, agent=by, number=number.value, direction=Call.Direction.OUT, customer=customer,
        first=OutStep.PREPARE, now=now,
    )
    known = Outgoing.objects.filter(call=call).first()
    if known and all(getattr(known, f"{name}_id") == (row.pk if row else None) for name, row in about.items()):
        return known
    if known or call.picked_up_at != now:
        raise OutgoingRefused(_("Finish the call that you are in first."))
    return Outgoing.objects.create(call=call, **about)


def _called(about: Mapping[str, Any]) -> Customer:
    source = about["ticket"] or about["task"]
    return source.customer


def steps_proved_by(data: Mapping[str, str]) -> list[str]:
    """The standard actions that the filled fields show to have happened."""
    return [step for step, fields in STAMPED_BY.items() if any(str(data.get(name, "")).strip() for name in fields)]


def save_draft(outgoing: Outgoing, data: dict[str, str], *, now: datetime | None = None) -> Call:
    """Keeps the form as it is filled, with the stamps that it proves. Raises `calls.CallClosed`."""
    now = now or timezone.now()
    with transaction.atomic():
        proved = steps_proved_by(data)
        if proved:
            calls.answered(outgoing.call, now=now)  # who answers questions has picked up
        return calls.save_draft(outgoing.call, data, steps=proved, now=now)


@transaction.atomic
def finish(
    outgoing: Outgoing, *, by: User, outcome: str, hung_up_by: str = "", has_time: bool | None = None,
    score: int | None = None, cause: str = "", next_at: datetime | None = None, seen: int | None = None,
    close_task: bool = False, now: datetime | None = None, **answers: Any,
) -> Outgoing:
    """Ends the call and stores its answers; that of a callback is recorded as its attempt, with all that follows.

    `outcome` is an `Attempt.Outcome` for a callback, an `Outgoing.Result` otherwise. Sent twice it is recorded once.
    `close_task` ends the customer task that the call was about, with the customer's words as what came of it.
    Raises `callbacks.CallbackRefused` and `workflow.MoveRefused`, and leaves everything as it was.
    """
    now = now or timezone.now()
    Call.objects.select_for_update().get(pk=outgoing.call_id)
    locked = Outgoing.objects.select_related("call", "callback", "ticket", "task__customer").get(pk=outgoing.pk)
    if locked.call.ended_at is not None:
        return locked
    locked.result = RESULT_OF.get(outcome, outcome)  # type: ignore[call-overload]
    locked.has_time = has_time
    for name in (*RATINGS, "words"):
        setattr(locked, name, answers.get(name, getattr(locked, name)))
    locked.save()
    if locked.callback:
        callbacks.record_attempt(
            locked.callback, by=by, outcome=outcome, score=score, cause=cause, next_at=next_at, seen=seen, now=now,
            **{name: getattr(locked, name) for name in (*RATINGS, "words")},
        )
    else:
        _tell(locked, by=by, now=now)
    if close_task and locked.task:
        freshness.close(locked.task, by=by, note=locked.words, now=now)
    reached = locked.result == Outgoing.Result.REACHED
    ended = Call.Outcome.ANSWERED if reached else Call.Outcome.CALLBACK
    calls.finish(locked.call, outcome=ended, hung_up_by=hung_up_by, now=now)
    return locked


def _tell(outgoing: Outgoing, *, by: User, now: datetime) -> None:
    """The call on the timeline of the ticket and of the customer, with the customer's words as a note."""
    ticket, customer = outgoing.ticket, _called({"ticket": outgoing.ticket, "task": outgoing.task})
    events.record(
        "called_out", outgoing, by=by, ticket_id=ticket.pk if ticket else None, customer_id=customer.pk,
        team_id=customer.team_id, now=now, result=outgoing.result,
        **{name: getattr(outgoing, name) for name in RATINGS},
    )
    if ticket is None:
        return
    if outgoing.words.strip():
        conversation.note(ticket, body=outgoing.words, by=by, key=f"call:{outgoing.call_id}", now=now)
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)


def guide(outgoing: Outgoing) -> Guide:
    """What the guide shows for the call at this moment."""
    call = outgoing.call
    told = said(by=call.agent, team_id=call.team_id, about=outgoing.callback, ticket=outgoing.ticket,
                customer=call.customer)  # fmt: skip
    return Guide(steps_of(call, told, OutStep), outgoing=True)


def script(callback: Callback, *, by: User) -> list[tuple[str, scripts.Said]]:
    """The steps of the call that a callback asks for, before it is made: (name, what to say)."""
    ticket = callback.ticket
    told = said(by=by, team_id=ticket.team_id, about=callback, ticket=ticket, customer=ticket.customer)
    return [(str(OutStep(code).label), one) for code, one in told.items()]


def said(
    *, by: User, team_id: int, customer: Customer | None, ticket: Ticket | None = None, about: Callback | None = None
) -> dict[str, scripts.Said]:
    """The script of an outgoing call in the language of the page, with its blanks filled in."""
    day = about.resolution.at if about else ticket.opened_at if ticket else timezone.now()
    values = {
        "customer": customer.name if customer else _("dear customer"), "agent": str(by), "team": str(by.team or ""),
        "company": mailboxes.company_of(team_id) or _("customer service"),
        "subject": ticket.subject if ticket else _("this matter"), "number": ticket.number if ticket else "–",
        "day": f"{timezone.localtime(day):%m-%d}",
    }
    return scripts.told(Call.Direction.OUT, team_id=team_id, language=get_language() or "en", values=values)
