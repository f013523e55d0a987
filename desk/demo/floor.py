"""The floor of the demo desk: shifts, this week's roster, somebody on leave, news, and yesterday's hand-over."""

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from desk import leaving, shift_list
from staff import absences, announcing, handing_over, rosters
from staff.floor_models import Absence, Shift
from staff.models import User

if TYPE_CHECKING:
    from desk.demo.story import Story

SHIFTS = (
    ("早班", "Early", time(8), time(16), "blue"), ("晚班", "Late", time(16), time(0), "amber"),
    ("夜班", "Night", time(0), time(8), "violet"),
)
AWAY = "shen.ke"
NEWS = (
    ("退款满 500 元须双签", "Refunds above 500 need two signatures",
     "即日起退款金额满 500 元的工单，由班组长复核后再答复客户。", "From today a lead checks refunds of 500 and more before the customer is told.",
     True),
    ("周五 22:00 系统维护一小时", "Maintenance on Friday at 22:00", "期间来电转人工登记，恢复后补录。",
     "Calls are taken down by hand for an hour and entered afterwards.", False),
)  # fmt: skip
REMARKS = ("客户下午在家，16:30 前回电", "配件已到仓，等师傅改约", "已致歉，等主管批补偿", "客户只接微信")


def plot(story: "Story") -> None:
    """After the story, on what stands open then: everything at the present moment but the hand-over of yesterday."""
    story.clock.actor = None
    today = timezone.localdate(story.now)
    for name, crew in story.crews.items():
        shifts = [
            Shift.objects.create(team=crew.team, name_zh=zh, name_en=en, starts=start, ends=end, colour=colour)
            for zh, en, start, end, colour in SHIFTS
        ]
        _week(crew.agents + [person for person in crew.people if person.role == "specialist"], shifts, today)
        if name == "华东一组":
            _away(story, crew.lead)
            _news(story, crew.lead)
            _yesterday(story, crew, shifts)


def _week(people: list[User], shifts: list[Shift], today) -> None:
    """Early and late in turn, a night now and then, two days off."""
    monday = rosters.monday_of(today)
    for place, person in enumerate(people):
        for ahead in range(7):
            turn = (place + ahead) % 7
            if turn < 5:
                which = 2 if (place == len(people) - 1 and turn == 4) else (place + ahead // 4) % 2
                try:
                    rosters.assign(user=person, shift=shifts[which], day=monday + timedelta(days=ahead))
                except rosters.DutyRefused:
                    continue


def _away(story: "Story", lead: User) -> None:
    person = User.objects.get(username=AWAY)
    absence = absences.record(
        user=person, starts_at=story.now - timedelta(hours=3), ends_at=story.now + timedelta(days=2), kind="leave",
        plan=Absence.Plan.DEPUTY, deputy=User.objects.get(username="gu.nan"), note="年假", by=lead,
        now=story.now - timedelta(days=1),
    )
    leaving.begin(absence, now=story.now)


def _news(story: "Story", lead: User) -> None:
    for place, (zh, en, body_zh, body_en, must) in enumerate(NEWS):
        at = story.now - timedelta(hours=5 + 20 * place)
        row = announcing.publish(
            by=lead, teams=[lead.team], title_zh=zh, title_en=en, body_zh=body_zh, body_en=body_en,
            must_acknowledge=must, starts_at=at, ends_at=story.now + timedelta(days=5), now=at,
        )
        for username in ("gu.nan", "luo.yiming") if must else ():
            announcing.acknowledge(row, by=User.objects.get(username=username), now=at + timedelta(minutes=40))


def _yesterday(story: "Story", crew, shifts: list[Shift]) -> None:
    day = timezone.localdate(story.now) - timedelta(days=1)
    at: datetime = shifts[0].span(day)[1]
    found = shift_list.gather(crew.lead, crew.team, own=False, now=story.now)
    matters = [matter.ticket.pk for matter in found.matters[:8]]
    remarks = dict(zip(matters, REMARKS, strict=False))
    lines = [line for line in shift_list.lines(found, remarks) if line.ticket_id in matters]
    row = handing_over.hand_over(
        team=crew.team, shift=shifts[0], until=at + timedelta(hours=8), lines=lines, by=crew.specialist, key="demo",
        now=at - timedelta(minutes=5),
    )
    handing_over.receive(row, by=crew.lead, now=at + timedelta(minutes=4))
