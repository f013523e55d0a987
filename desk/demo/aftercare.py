"""After a resolution: the audit, the callback with its tries, and what a dissatisfied customer sets going again."""

from datetime import datetime, timedelta

from core.models import Event
from desk.demo.walks import Steps, Walk
from followups import audits, callbacks
from followups.models import Attempt, Callback
from staff.models import User
from tickets.models import State

Out = Attempt.Outcome
RETURNED = ("处理记录缺少客户确认的时间，请补充。", "The record lacks the time the customer agreed to; please add it.")
COMPLETED = ("已补充：客户电话确认，时间见通话记录。", "Added: confirmed by the customer on the phone.")
UNSOLVED = ("问题又出现了，没有解决。", "It has come back; it is not solved.")
REPEATED = ("工程师二次上门处理完毕，客户当面确认。", "A second visit settled it; confirmed by the customer on the spot.")
NO_ANSWER_AT_ALL = 3


def walk(case: Walk) -> Steps:
    """Audit, then callback, as the plan of the walk says; leaves the callback open where the plan ends before it."""
    callback = planned(case)
    if callback.needs_audit:
        yield case.later(80)
        if case.plan == "returned":
            callback = yield from _returned(case, callback)
        _audit(case, callback, passed=True)
    if case.plan == "untouched":
        return
    yield _call_time(case, callback)
    if case.plan == "later":
        yield from _asked_for_later(case, callback)
    elif case.plan in ("missed", "unreached"):
        yield from _unanswered(case, callback)
    elif case.plan == "dissatisfied":
        case.plan = ""
        _attempt(case, callback, Out.DISSATISFIED, score=2, words=case.say(*UNSOLVED))
        yield from _again(case)
    elif case.plan == "declined":
        _attempt(case, callback, Out.DECLINED)
    else:
        _attempt(case, callback, Out.SATISFIED, score=case.rng.choice((5, 5, 5, 4, 4, 3)), words=case.case.after)


def planned(case: Walk) -> Callback:
    """What the beat does within seconds: plans the callback of the last resolution."""
    case.by_itself()
    resolution = Event.objects.filter(ticket_id=case.ticket.pk, kind="resolved").order_by("-pk")[:1].get()
    return callbacks.plan(resolution, now=case.now + timedelta(seconds=3))


def centre(case: Walk, callback: Callback) -> User:
    """Who audits and calls: the assignee, never whoever handled the ticket."""
    people = (callback.assignee, case.crew.specialist, case.crew.lead, case.crew.supervisor)
    case.ticket.refresh_from_db()
    callback.ticket = case.ticket
    return next(person for person in people if person and not callbacks.refusal(callback, person))


def _audit(case: Walk, callback: Callback, *, passed: bool, note: str = "") -> None:
    audits.audit(
        callback, by=case.at_work(centre(case, callback)), complete=passed, conform=True, authentic=True, items=True,
        note=note, now=case.now,
    )


def _returned(case: Walk, callback: Callback):
    """The audit sends the record back; its handler completes it and hands it over again."""
    _audit(case, callback, passed=False, note=case.say(*RETURNED))
    yield case.later(50)
    case.note(case.say(*COMPLETED))
    case.move(State.AUDIT_CALLBACK)
    again = planned(case)
    yield case.later(40)
    return again


def _call_time(case: Walk, callback: Callback) -> datetime:
    """Around the planned time; some are late."""
    return max(case.now, case.hours.calling(callback.due_at + timedelta(minutes=case.rng.uniform(-25, 35))))


def _attempt(case: Walk, callback: Callback, outcome: str, *, score: int | None = None, words: str = "", **details) -> None:
    around = (lambda: min(5, max(1, score + case.rng.choice((-1, 0, 0, 1))))) if score else (lambda: None)
    callbacks.record_attempt(
        callback, by=case.at_work(centre(case, callback)), outcome=outcome, score=score, timeliness=around(),
        professionalism=around(), effectiveness=score, attitude=around(), words=words, cause=case.case.cause,
        now=case.now, **details,
    )


def _unanswered(case: Walk, callback: Callback) -> Steps:
    """Nobody picks up: once, or on three days until the matter is closed unverified."""
    tries = 1 if case.plan == "missed" else NO_ANSWER_AT_ALL
    for number in range(tries):
        if number:
            yield case.hours.calling(callback.due_at + timedelta(minutes=case.rng.uniform(1, 20)))
        _attempt(case, callback, Out.NO_ANSWER)


def _asked_for_later(case: Walk, callback: Callback) -> Steps:
    """The customer is reached at a bad moment and names the time."""
    when = case.story.next_call(case.now)
    if when is None:
        return
    _attempt(case, callback, Out.LATER, words=case.say("客户正在开会，约了时间。", "In a meeting; named a time."), next_at=when)
    yield when + timedelta(minutes=case.rng.uniform(1, 15))
    _attempt(case, callback, Out.SATISFIED, score=5, words=case.case.after)


def _again(case: Walk) -> Steps:
    """Not solved after all: a service has become a general complaint, a complaint goes back to the department."""
    case.ticket.refresh_from_db()
    yield case.later(120)
    by = case.owner if case.ticket.state == State.PHONE_HANDLING else case.crew.specialist
    case.note(case.say(*REPEATED), by=by)
    case.move(State.CALLBACK, by=by)
    yield from walk(case)
