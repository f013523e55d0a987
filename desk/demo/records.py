"""Feedback records at each stage of their way, written after finished services."""

from datetime import timedelta
from typing import TYPE_CHECKING

from desk.demo.walks import Steps
from followups import feedback
from followups.models import Feedback, HandOff
from tickets.models import Kind, Ticket

if TYPE_CHECKING:
    from desk.demo.story import Story

TEAM = "华东一组"
REMARKS = ("资料已核对，请审核。", "收费与工单一致。", "已审核，请中心归档。", "归档。")
WRITTEN = (
    {"use": "good", "charge": "warranty", "extras_offered": False, "opinion_kind": "praise", "satisfaction": 5,
     "opinion": "师傅很准时，讲解也清楚。"},
    {"use": "fair", "charge": "charged", "amount": 80, "extras_offered": True, "extras": "年度滤芯套餐",
     "opinion_kind": "suggestion", "satisfaction": 4, "opinion": "希望上门前再短信提醒一次。"},
    {"use": "good", "charge": "free", "extras_offered": False, "opinion_kind": "none", "satisfaction": 5},
)  # fmt: skip


def plot(story: "Story") -> None:
    """One record for each stage, the furthest first, and one that came back."""
    for number, handed in enumerate((4, 3, 2, 1, 0)):
        story.begin(story.now - timedelta(hours=8 - number), _record(story, number, handed, returned=handed == 2))


def _record(story: "Story", number: int, handed: int, *, returned: bool) -> Steps:
    known = Feedback.objects.values("ticket")
    done = Ticket.objects.filter(kind=Kind.SERVICE, team__name=TEAM).exclude(handler=None).exclude(resolved_at=None)
    ticket = done.exclude(pk__in=known).select_related("handler").order_by("-resolved_at", "-pk").first()
    if ticket is None:
        return
    crew = story.crews[TEAM]
    people = [ticket.handler, crew.specialist, next(p for p in (crew.lead, crew.supervisor) if p != ticket.handler),
              crew.lead]  # fmt: skip
    story.clock.actor = ticket.handler
    record = feedback.open_record(ticket, by=ticket.handler, now=story.clock.now)
    if not handed:
        return
    _fill_in(record, number, story)
    for at, person in enumerate(people[:handed]):
        yield story.clock.now + timedelta(minutes=25)
        _hand_on(record, person, at, story)
    if returned:
        feedback.give_back(
            record, by=people[handed], stage=record.stage, remark="请补充客户的原话。", now=story.clock.now
        )  # fmt: skip


def _fill_in(record: Feedback, number: int, story: "Story") -> None:
    values = {"product": record.product or "净水机 M3", "served_on": record.served_on or story.now.date()}
    feedback.save(
        record, by=record.holder, version=record.version, now=story.clock.now,
        **(WRITTEN[number % len(WRITTEN)] | values),
    )  # fmt: skip


def _hand_on(record: Feedback, person, at: int, story: "Story") -> HandOff:
    story.clock.actor = person
    record.refresh_from_db()
    handed = feedback.hand_on(record, by=person, stage=record.stage, remark=REMARKS[at], now=story.clock.now)
    record.refresh_from_db()
    return handed
