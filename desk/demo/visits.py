"""Technicians and their visits: a busy board on the day that the story ends."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from customers.models import Contact
from desk.demo.walks import Steps
from staff.models import Role, User
from tickets.models import Kind, State, Ticket
from visits import flow, slips, windows
from visits.models import Kind as Of
from visits.models import Slip, Technician, Visit

if TYPE_CHECKING:
    from desk.demo.story import Story

TEAM = "上门服务组"
PEOPLE = (
    ("technician", "高峰", "浦东, 徐汇, 闵行, Shanghai"), ("xu.bin", "许斌", ""), ("ding.yi", "丁毅", "静安, 黄浦, 杨浦"),
)  # fmt: skip
WANTED, DONE = 24, 6
TASKS = {
    Of.REPAIR: ("上门检修漏水，更换接口垫圈", "Look at the leak and replace the seal"),
    Of.INSTALLATION: ("安装净水机并调试", "Install the purifier and set it up"),
    Of.DELIVERY: ("送货上门，更换外观件", "Deliver the replacement part"),
}
WORK = {
    Of.REPAIR: ("接口垫圈老化，已更换，观察 30 分钟无渗漏。", "The seal was worn; replaced, no leak within 30 minutes."),
    Of.INSTALLATION: ("安装、冲洗、测水质完成，已讲解使用方法。", "Installed, flushed and tested; use explained."),
    Of.DELIVERY: ("配件已送达并装好。", "The part was delivered and fitted."),
}
PARTS = ("垫圈 ×1", "Seal ×1")
HAPPY = ("师傅很准时，做事仔细。", "Right on time, careful work.")
OTHER_DAY = ("客户当天不在家，改到之后", "Not at home that day; asked for a later one")


def plot(story: "Story", scale: float) -> None:
    """Technicians are made at once; today's board is laid out at the end, on the tickets that stand open then."""
    team = story.crews[TEAM].team
    for username, name, areas in PEOPLE:
        user = User.objects.filter(username=username).first() or User.objects.create(
            username=username, display_name=name, email=f"{username}@desk.example", role=Role.AGENT, team=team,
            password="!",  # noqa: S106  cannot sign in
        )
        Technician.objects.get_or_create(user=user, defaults={"team": team, "areas": areas})
    story.begin(story.now, _board(story, max(6, round(WANTED * scale))))


def _tickets(story: "Story") -> list[Ticket]:
    teams = [crew.team for crew in story.crews.values()]
    found = Ticket.objects.filter(
        team__in=teams, kind=Kind.SERVICE, state__in=[State.CLASSIFIED, State.RECORDED], visits=None, processes=None
    ).exclude(owner=None)
    return list(found.select_related("customer", "owner", "team", "category").order_by("pk"))


def _kind(ticket: Ticket) -> str:
    code = ticket.category.code if ticket.category else ""
    return Of.INSTALLATION if code == "installation" else Of.REPAIR if code == "repair" else Of.DELIVERY


def _said(ticket: Ticket, words: tuple[str, str]) -> str:
    return words[ticket.customer.language == "en"]


def _plan(story: "Story", ticket: Ticket, *, now: datetime) -> Visit:
    contacts = list(ticket.customer.contacts.all())
    value = {kind: next((c.value for c in contacts if c.kind == kind), "") for kind in ("address", "phone")}
    kind = _kind(ticket)
    story.clock.actor = ticket.owner
    return flow.request(
        ticket, kind=kind, address=value[Contact.Kind.ADDRESS] or "上海市浦东新区张杨路 188 号",
        phone=value[Contact.Kind.PHONE], contact_name=ticket.customer.name, task=_said(ticket, TASKS[Of(kind)]),
        by=ticket.owner, now=now,
    )


def _send(story: "Story", visit: Visit, at: datetime, place: int, *, agree: bool = True) -> Visit | None:
    """Gives it to the next who is free from then on, and agrees on it with the customer."""
    people, by, now = list(Technician.objects.order_by("pk")), visit.ticket.owner, story.clock.now
    for step in range(12):
        starts_at = at + step * timedelta(hours=1)
        ends_at = starts_at + windows.duration_of(visit.kind)
        who = people[(place + step) % len(people)]
        if windows.clashing(who, starts_at, ends_at, but=visit) is None:
            visit = flow.dispatch(visit, technician=who, starts_at=starts_at, ends_at=ends_at, by=by, now=now)
            return flow.appoint(visit, starts_at=starts_at, ends_at=ends_at, by=by, now=now) if agree else visit
    return None


def _done(story: "Story", ticket: Ticket, who: Technician, start: datetime) -> None:
    """A visit that is over: planned two hours before, on the way, done and signed."""
    visit, by, at = _plan(story, ticket, now=start - timedelta(hours=2)), ticket.owner, start - timedelta(minutes=100)
    ends_at = start + windows.duration_of(visit.kind)
    flow.dispatch(visit, technician=who, starts_at=start, ends_at=ends_at, by=by, now=at)
    flow.appoint(visit, starts_at=start, ends_at=ends_at, by=by, now=at + timedelta(minutes=6))
    story.clock.actor = who.user
    flow.set_out(visit, by=who.user, now=start - timedelta(minutes=story.rng.randint(12, 25)))
    arrived = start + timedelta(minutes=story.rng.randint(0, 12))
    flow.arrive(visit, by=who.user, now=arrived)
    _slip(story, visit, who, arrived, arrived + timedelta(minutes=story.rng.randint(25, 45)))


def _slip(story: "Story", visit: Visit, who: Technician, arrived: datetime, left: datetime) -> None:
    repair, ticket = visit.kind == Of.REPAIR, visit.ticket
    slips.write(
        visit, by=who.user, now=left, work=_said(ticket, WORK[Of(visit.kind)]),
        parts=_said(ticket, PARTS) if repair else "", charges=story.rng.choice((0, 0, 30, 80)) if repair else 0,
        result=Slip.Result.DONE, arrived_at=arrived, left_at=left, signed_by=ticket.customer.name,
        signed_how=Slip.Signed.PAPER, satisfaction=story.rng.choice((5, 5, 5, 4, 4, 3)), opinion=_said(ticket, HAPPY),
    )


def _board(story: "Story", wanted: int) -> Steps:
    """The board of the present day: done, under way, agreed, offered, failed, chosen for later, waiting for somebody."""
    now, people = story.clock.now, list(Technician.objects.select_related("user").order_by("pk"))
    today = timezone.localtime(now).replace(hour=8, minute=30, second=0, microsecond=0)
    morning = today if now > today + timedelta(hours=4) else today - timedelta(days=1)
    tickets = _tickets(story)[:wanted]
    for place in range(DONE):
        start = morning + timedelta(minutes=75) * (place // len(people))
        old = next((one for one in tickets if one.opened_at < start - timedelta(hours=3)), None)
        if old and len(tickets) > 1:
            tickets.remove(old)
            _done(story, old, people[place % len(people)], start)
    working = today <= now < today + timedelta(hours=12)
    half = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    soon = half if working else max(today, today + timedelta(days=now > today))
    for place, ticket in enumerate(tickets):
        visit = _plan(story, ticket, now=now)
        if place % 6 == 5:
            continue  # nobody has it yet
        ahead = timedelta(0) if place < len(people) else timedelta(hours=2)
        sent = _send(story, visit, soon + ahead, place, agree=place % 6 != 4)
        if sent:
            _as_far_as(story, sent, place, now)
    yield from ()


def _as_far_as(story: "Story", visit: Visit, place: int, now: datetime) -> None:
    who = story.clock.actor = visit.technician.user if visit.technician else None
    begun = visit.starts_at is not None and visit.starts_at <= now
    if place == 0 and begun:
        flow.arrive(visit, by=who, now=now)
    elif place == 1 and begun:
        flow.set_out(visit, by=who, now=now)
    elif place == 6:
        flow.fail(visit, failure="customer", by=who, now=now)
    elif place in (7, 12) and visit.starts_at and visit.ends_at:
        later = timedelta(days=2 if place == 7 else 3)
        flow.appoint(
            visit, starts_at=visit.starts_at + later, ends_at=visit.ends_at + later, by=visit.ticket.owner, now=now,
            reason=_said(visit.ticket, OTHER_DAY),
        )
