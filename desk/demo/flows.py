"""The flows of P4 as the desk walks them: consult and service here, complaints beside."""

from datetime import timedelta

from desk.demo import aftercare, complaints
from desk.demo.walks import Steps, Walk
from tickets.models import Kind, Outcome, State

REASONS = {
    Outcome.WITHDRAWN: ("客户来电表示问题已自行解决，撤回。", "The customer says it is solved, and withdraws."),
    Outcome.DUPLICATE: ("与该客户上一工单重复。", "The same matter as the ticket before."),
    Outcome.SPAM: ("推广内容，与服务无关。", "Advertising; there is nothing to serve."),
}
TECHNICAL = ("需技术同事核实", "To be checked by the technical desk")


def walk(case: Walk) -> Steps:
    """From the arrival to the end of the plan."""
    yield from case.arrive()
    if case.plan == "on_call":
        return
    if case.plan in REASONS:
        yield from _put_aside(case)
        return
    yield from case.take()
    flow = {Kind.CONSULT: _consult, Kind.SERVICE: _service, Kind.COMPLAINT: complaints.handle}
    yield from flow[Kind(case.case.kind)](case)


def _put_aside(case: Walk) -> Steps:
    yield case.later(30)
    if not case.ticket.owner_id:
        case.claim()
    case.move(State.ARCHIVED, outcome=case.plan, cause=case.case.cause, note=case.say(*REASONS[Outcome(case.plan)]))


def _consult(case: Walk) -> Steps:
    if case.ticket.state == State.RECEIVED:
        case.move(State.UNDERSTOOD)
    yield case.later(28, 0.9)
    if case.plan == "back_office":
        yield from _back_office(case)
        return
    case.move(State.ANSWERED)
    yield case.now + timedelta(seconds=40)
    case.answer(case.case.done)
    yield case.later(70)
    case.move(State.ARCHIVED, outcome=Outcome.SATISFIED, cause=case.case.cause, note=case.case.after)


def _back_office(case: Walk) -> Steps:
    case.move(State.BACK_OFFICE, note=case.say(*TECHNICAL))
    yield case.later(60)
    case.answer(case.case.done, by=case.crew.specialist)
    yield case.later(90)
    case.move(
        State.ARCHIVED, by=case.crew.specialist, outcome=Outcome.SATISFIED, cause=case.case.cause, note=case.case.after
    )


def _service(case: Walk) -> Steps:
    yield case.later(20)
    case.move(State.RECORDED, note=case.case.wish)
    if case.case.ask and case.address() and case.rng.random() < 0.7:
        yield case.later(15)
        yield from case.ask()
    elif case.case.chase and case.rng.random() < 0.35:
        yield from case.chased()
    yield case.later(170, 0.8)
    case.note(case.case.done)
    case.move(State.AUDIT_CALLBACK)
    yield from aftercare.walk(case)
