"""What stands open at the present moment, timed backwards from it: late, due within the hour, on time, waiting."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from complaints import sheets
from desk.demo import doings
from desk.demo.cases import Case, Special
from desk.demo.walks import Walk
from messaging.models import Channel
from tickets.models import Kind, State

CONSULT, SERVICE, COMPLAINT = Kind.CONSULT, Kind.SERVICE, Kind.COMPLAINT
MAIL, WEB, WECHAT, API, PHONE = Channel.MAIL, Channel.WEB, Channel.WECHAT, Channel.API, Channel.PHONE

HOUR = 60


@dataclass(frozen=True)
class Standing:
    """A ticket opened so many minutes ago, and what has been done: (minutes after opening, verb)."""

    kind: str
    channel: str
    ago: float
    done: tuple[tuple[float, str], ...] = ()
    vip: bool = False
    special: bool = False
    chinese: bool | None = None
    plan: str = ""
    case: Case | None = None  # this very matter; else the next that fits


TAKEN = ((2, "claim"),)
ANSWERED = ((4, "claim"), (11, "first"), (13, "classify"))
RECORDED = (*ANSWERED, (31, "record"))
PHONED = (*ANSWERED, (40, "phone"))
SHEET = (*ANSWERED, (19, "sheet"), (34, "facts"))

AGENT = (
    # Late: a VIP's first reply by 24 minutes, a consult by 15, a service by 26.
    Standing(COMPLAINT, MAIL, 84, TAKEN, vip=True, chinese=True),
    Standing(CONSULT, WEB, 255, ANSWERED),
    Standing(SERVICE, MAIL, 1466, (*RECORDED, (1380, "chase"))),
    # Due within the hour.
    Standing(SERVICE, WECHAT, 5, TAKEN, chinese=True),
    Standing(SERVICE, WEB, 22, TAKEN, vip=True),
    Standing(CONSULT, MAIL, 202, ANSWERED),
    Standing(SERVICE, MAIL, 1398, (*RECORDED, (1391, "chase")), chinese=False),
    Standing(CONSULT, API, 189, ANSWERED),
    # On time.
    Standing(SERVICE, WEB, 1205, RECORDED),
    Standing(SERVICE, MAIL, 950, RECORDED, chinese=False),
    Standing(SERVICE, PHONE, 420, ((20, "record"),)),
    Standing(COMPLAINT, PHONE, 1610, ((25, "phone"),)),
    Standing(COMPLAINT, WECHAT, 2250, SHEET, special=True, chinese=True),
    Standing(CONSULT, WEB, 47, ANSWERED),
    Standing(SERVICE, WECHAT, 96, (*ANSWERED, (81, "chase"))),
    Standing(SERVICE, WECHAT, 610, RECORDED),
    Standing(CONSULT, MAIL, 128, ANSWERED),
    # The clock waits with the customer.
    Standing(SERVICE, MAIL, 2900, (*RECORDED, (180, "ask"))),
    Standing(SERVICE, WEB, 1730, (*RECORDED, (75, "ask"))),
    Standing(SERVICE, WECHAT, 330, (*RECORDED, (50, "ask")), chinese=True),
)
# Answered on the phone today, and closed with the call.
CALLS = tuple(Standing(CONSULT, PHONE, ago, plan="on_call") for ago in (18, 52, 97, 148, 215))
UNASSIGNED = (
    Standing(SERVICE, WECHAT, 3.5, chinese=True),
    Standing(CONSULT, MAIL, 9),
    Standing(SERVICE, WEB, 16, vip=True),
    Standing(SERVICE, MAIL, 28, chinese=False),
    Standing(COMPLAINT, WEB, 41),
    Standing(CONSULT, API, 63),
    Standing(SERVICE, MAIL, 118, ((109, "chase"),)),
)
COLLEAGUES = (
    Standing(COMPLAINT, WECHAT, 1500, SHEET, special=True),
    Standing(CONSULT, WEB, 262, ANSWERED),
    Standing(SERVICE, MAIL, 1475, (*RECORDED, (1300, "chase"))),
    Standing(CONSULT, WECHAT, 207, ANSWERED),
    Standing(SERVICE, API, 1392, RECORDED),
    Standing(SERVICE, MAIL, 640, RECORDED),
    Standing(SERVICE, PHONE, 230, ((15, "record"),)),
    Standing(COMPLAINT, MAIL, 1240, PHONED, chinese=True),
    Standing(CONSULT, WEB, 74, ANSWERED),
    Standing(SERVICE, WECHAT, 155, RECORDED),
    Standing(SERVICE, WEB, 1600, (*RECORDED, (90, "ask"))),
    Standing(COMPLAINT, PHONE, 3000, ((25, "phone"),)),
)
SECOND_TEAM = (
    Standing(SERVICE, MAIL, 1450, RECORDED),
    Standing(CONSULT, WEB, 198, ANSWERED),
    Standing(SERVICE, WECHAT, 310, RECORDED),
    Standing(COMPLAINT, WEB, 1720, PHONED),
    Standing(SERVICE, MAIL, 700, (*RECORDED, (60, "ask"))),
    Standing(COMPLAINT, WECHAT, 2600, SHEET, special=True),
    Standing(SERVICE, WEB, 120, ANSWERED),
)
SECOND_UNASSIGNED = (Standing(SERVICE, MAIL, 14), Standing(CONSULT, WEB, 35))


def walk(case: Walk, standing: Standing) -> Iterator[datetime]:
    """Opens the ticket at its time and takes the steps that have been taken."""
    begun = case.now
    yield from case.arrive()
    if standing.plan:
        return
    pace = case.rng.uniform(0.5, 2.2)
    for after, verb in standing.done:
        yield max(case.now, begun + timedelta(minutes=after * (pace if after < HOUR else 1)))
        VERBS[verb](case)


def needs(standing: Standing) -> str:
    """The text without which a situation does not fit."""
    verbs = {verb for _after, verb in standing.done}
    return "ask" if "ask" in verbs else "chase" if "chase" in verbs else ""


def _sheet(case: Walk) -> None:
    sheets.open_sheet(case.ticket, by=case.at_work(case.owner), ground=_facts(case).ground, now=case.now)
    case.ticket.refresh_from_db()


def _half(case: Walk) -> None:
    """The sheet so far: what kind of complaint it is and what is known, nothing yet on what was done."""
    facts, sheet = _facts(case), case.ticket.sheet
    sheets.save_sheet(
        sheet, by=case.at_work(case.owner), version=sheet.version, now=case.now, severity=facts.severity,
        about=facts.about, manner=facts.manner, nature=facts.nature, known=facts.known,
    )


def _facts(case: Walk) -> Special:
    if not isinstance(case.case, Special):
        raise TypeError("only a special complaint has a sheet")
    return case.case


VERBS = {
    "claim": lambda case: case.claim(),
    "first": lambda case: case.answer(case.case.first),
    "classify": lambda case: case.classify(),
    "record": lambda case: case.move(State.RECORDED, note=case.case.wish),
    "phone": lambda case: case.move(State.PHONE_HANDLING),
    "chase": lambda case: case.write_again(case.case.chase),
    "ask": lambda case: case.answer(case.case.ask, wait=True),
    "sheet": _sheet,
    "facts": _half,
    **doings.VERBS,
}
