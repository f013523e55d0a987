"""What the open tickets are bound to at the end of the story: tags, watchers, tasks and each other.

And how the desk hands out what comes next: skills of its agents and the rules of routing.
"""

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from customers.models import Tier
from staff.models import Skill, User
from tickets import intake, relations, todo, watching
from tickets.models import Category, Channel, Kind, Level, Tag, Ticket
from tickets.routing_models import RoutingRule, Script, Strategy

if TYPE_CHECKING:
    from desk.demo.story import Story

TEAM, OVERFLOW = "华东一组", "华东二组"
TAGS = {"漏水": "blue", "等配件": "amber", "媒体关注": "red", "企业客户": "violet", "物流延误": "line"}
WORDS = {"漏水": ("漏", "leak"), "企业客户": ("企业", "公司", "office"), "物流延误": ("发货", "物流", "deliver", "late")}
TASKS = (("向仓库确认配件到货日期", 3.0), ("把检测报告发给客户", -2.0), ("与网点核对上门时间", 20.0), ("请财务核对退款流水", 6.0))
AGAIN = ("之前已经登记过一次，怕没收到，再说一遍，请尽快处理。", "I reported this before and am not sure it reached you.")
SKILLS = {"英语": ("gu.nan", "agent"), "净水设备": ("luo.yiming", "agent"), "投诉安抚": ("specialist", "gu.nan")}


def tie(story: "Story") -> None:
    """Ties what stands open; everything a while before the present moment, never before the ticket was opened."""
    crew = story.crews[TEAM]
    rows = Ticket.objects.active().filter(team=crew.team).select_related("customer", "owner", "category", "team")
    tickets = list(rows.order_by("opened_at", "pk"))
    _tags(story, tickets)
    _links(story, tickets)
    special = [ticket for ticket in tickets if ticket.level == Level.SPECIAL]
    for ticket, user in [(one, crew.lead) for one in special[:4]] + [(one, crew.agents[0]) for one in special[:2]]:
        watching.watch(ticket, user=user, now=_since(story, ticket, 2))
    own = [ticket for ticket in tickets if ticket.owner_id == crew.agents[0].pk]
    for ticket, (what, hours) in zip(own[2:], TASKS, strict=False):
        todo.add(
            ticket, what=what, by=crew.lead, owner=ticket.owner, due_at=story.now + timedelta(hours=hours),
            now=_since(story, ticket, 5),
        )
    _again(story, own)
    _rules(crew)


def _since(story: "Story", ticket: Ticket, hours: float):
    return max(story.now - timedelta(hours=hours), ticket.opened_at + (story.now - ticket.opened_at) / 2)


def _tags(story: "Story", tickets: list[Ticket]) -> None:
    tags = {name: Tag.objects.get_or_create(name=name, defaults={"colour": colour})[0] for name, colour in TAGS.items()}
    for place, ticket in enumerate(tickets):
        said = ticket.subject.lower()
        names = [name for name, words in WORDS.items() if any(word in said for word in words)]
        names += ["媒体关注"] * (ticket.level == Level.SPECIAL) + ["等配件"] * (place % 9 == 4)
        for name in names:
            relations.tag(ticket, tag=tags[name], by=ticket.owner or story.crews[TEAM].lead, now=_since(story, ticket, 4))


def _links(story: "Story", tickets: list[Ticket]) -> None:
    """One topic's oldest ticket gathers two later ones as its parts; two of another are related."""
    topics: dict[int | None, list[Ticket]] = defaultdict(list)
    for ticket in tickets:
        if ticket.owner_id and ticket.kind != Kind.CONSULT:
            topics[ticket.category_id].append(ticket)
    groups = sorted(topics.values(), key=len, reverse=True)
    lead = story.crews[TEAM].lead
    for kind, group in zip(("parent", "related"), groups, strict=False):
        first, *others = group[:3] if kind == "parent" else group[:2]
        for other in others:
            relations.link(first, target=other, kind=kind, by=lead, now=_since(story, other, 3))


def _again(story: "Story", tickets: list[Ticket]) -> None:
    """A customer who writes a second time about the same matter: two tickets that want to be one."""
    first = next((one for one in reversed(tickets) if one.kind == Kind.SERVICE and one.channel != Channel.PHONE), None)
    if first:
        intake.open_ticket(
            customer=first.customer, kind=first.kind, subject=first.subject, body=AGAIN[first.customer.language == "en"],
            channel=Channel.WECHAT, category=first.category, owner=first.owner, now=story.now - timedelta(minutes=3),
        )


def _rules(crew) -> None:
    """They hold for what comes from now on."""
    for name, usernames in SKILLS.items():
        skill = Skill.objects.get_or_create(name=name)[0]
        skill.members.set(User.objects.filter(username__in=usernames))
    skills = {skill.name: skill for skill in Skill.objects.all()}
    overflow = type(crew.team).objects.get(name=OVERFLOW)
    rules = (
        {"name": "贵宾先给专属经理 · VIPs to their manager", "tier": Tier.objects.filter(rank=1).first(),
         "strategy": Strategy.MANAGER, "priority": 1, "open_minutes": 10},
        {"name": "英文邮件 · English mail", "channel": Channel.MAIL, "language": Script.OTHER, "skill": skills["英语"],
         "strategy": Strategy.LEAST_BUSY, "overflow_minutes": 30, "overflow_team": overflow},
        {"name": "维修 · Repairs", "kind": Kind.SERVICE, "category": Category.objects.filter(code="repair").first(),
         "skill": skills["净水设备"], "strategy": Strategy.ROUND_ROBIN, "open_minutes": 30},
    )  # fmt: skip
    for position, rule in enumerate(rules, 1):
        RoutingRule.objects.create(position=position * 10, **rule)
