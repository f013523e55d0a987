"""Complaints: general ones by phone, special ones with a sheet, up to the final decision."""

from datetime import timedelta

from complaints import sheets
from complaints.models import Sheet
from desk.demo import aftercare
from desk.demo.cases import Special
from desk.demo.walks import Steps, Walk
from tickets.models import Outcome, State

TO_DEPARTMENT = ("需客服部协调赔付", "Needs the department's decision on compensation")
TO_LEAD = ("超出部门权限，上报", "Beyond the department's authority")
REFUSED = (
    "经核实不支持该诉求，已书面说明理由，并告知可向 12315 或人民法院主张。",
    "Checked and refused with reasons in writing; the customer was told of the consumer hotline and the courts.",
)
ACCEPTED = ("双方达成和解，按协议赔付。", "Settled by agreement; compensation paid.")
DAY = 24 * 60


def handle(case: Walk) -> Steps:
    """From the class to the end of the plan."""
    if isinstance(case.case, Special):
        yield from _special(case, case.case)
        return
    yield case.later(12)
    if case.ticket.level == "special":
        yield from _by_department(case)
        return
    case.move(State.PHONE_HANDLING)
    if case.case.chase and case.rng.random() < 0.4:
        yield from case.chased()
    yield case.later(300)
    if case.plan == "department":
        case.move(State.DEPT_HANDLING, note=case.say(*TO_DEPARTMENT))
        yield from _by_department(case)
        return
    case.note(case.case.done)
    case.move(State.CALLBACK)
    yield from aftercare.walk(case)


def _by_department(case: Walk) -> Steps:
    if case.ticket.state == State.CLASSIFIED:
        sheets.open_sheet(case.ticket, by=case.at_work(case.owner), now=case.now)
    if case.ticket.state == State.SHEET_OPEN:
        case.move(State.DEPT_HANDLING)
    case.pass_on(case.crew.specialist, case.say(*TO_DEPARTMENT))
    yield case.later(260)
    case.note(case.case.done)
    case.move(State.CALLBACK)
    yield from aftercare.walk(case)


def _special(case: Walk, facts: Special) -> Steps:
    """Sheet, department, investigation, and what the plan makes of it."""
    yield case.later(14)
    sheet = sheets.open_sheet(case.ticket, by=case.at_work(case.owner), ground=facts.ground, now=case.now)
    yield case.later(10)
    sheet = _save(case, sheet, severity=facts.severity, about=facts.about, manner=facts.manner, nature=facts.nature)
    yield case.later(35)
    if case.plan == "half":
        _save(case, sheet, known=facts.known)
        return
    case.move(State.DEPT_HANDLING)
    case.pass_on(case.crew.specialist, case.say("客服部负责调查", "The department investigates"))
    yield case.later(90)
    sheet = _save(case, sheet, known=facts.known, known_when=facts.known_when)
    yield case.later(120)
    sheet = _save(case, sheet, done=facts.done)
    sheet = sheets.record_investigated(sheet, by=case.owner, now=case.now)
    if case.plan in ("escalated", "refused", "settled"):
        yield from _escalated(case, sheet, facts)
        return
    yield case.later(1.4 * DAY, 0.4)
    sheet = _save(case, sheet, finding=facts.finding, root_cause=facts.cause, root_cause_why=facts.why)
    case.move(State.CALLBACK)
    yield case.now + timedelta(minutes=30)
    sheets.close_sheet(sheet, by=case.at_work(case.owner), now=case.now)
    yield from aftercare.walk(case)


def _save(case: Walk, sheet: Sheet, **fields) -> Sheet:
    return sheets.save_sheet(sheet, by=case.at_work(case.owner), version=sheet.version, now=case.now, **fields)


def _escalated(case: Walk, sheet: Sheet, facts: Special) -> Steps:
    """上报 and, where it leads nowhere, the external dispute with its final decision."""
    yield case.later(0.9 * DAY, 0.3)
    case.move(State.ESCALATED, note=case.say(*TO_LEAD))
    case.pass_on(case.crew.lead, case.say(*TO_LEAD))
    if case.plan == "escalated":
        return
    yield case.later(1.2 * DAY, 0.3)
    case.move(State.EXTERNAL_DISPUTE)
    yield case.later(2 * DAY, 0.2)
    sheet = _save(case, sheet, finding=facts.finding, root_cause=facts.cause, root_cause_why=facts.why)
    sheets.close_sheet(sheet, by=case.at_work(case.owner), now=case.now)
    yield case.now + timedelta(minutes=5)
    refused = case.plan == "refused"
    case.move(
        State.ARCHIVED, outcome=Outcome.REFUSED if refused else Outcome.ACCEPTED, cause=facts.cause,
        note=case.say(*(REFUSED if refused else ACCEPTED)),
    )
