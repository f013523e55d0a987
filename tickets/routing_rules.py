"""The rules by which a new ticket finds its team and its agent, asked once, in the transaction that opens it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Case, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from core import cjk, events
from customers.models import Customer
from staff import floor, notifications
from staff.models import Presence, User
from staff.sight import visible_teams
from tickets.models import Ticket
from tickets.routing_models import KindWeight, RoutingRule, Script, Strategy, Turn
from tickets.rulebook import Condition, Rulebook

Rule = TypeVar("Rule", RoutingRule, Condition)


@dataclass(frozen=True)
class Decision:
    """The rule that holds for a ticket and whom it chose; `agent` is None while nobody is ready."""

    rule: RoutingRule
    agent: User | None


def language_of(customer: Customer, text: str) -> str:
    """The customer's language; where it is unknown, Chinese as soon as the text has a Chinese word."""
    if customer.language:
        return Script.CHINESE if customer.language.startswith("zh") else Script.OTHER
    return Script.CHINESE if any(run.group("cjk") for run in cjk.RUNS.finditer(text)) else Script.OTHER


@dataclass(frozen=True)
class Facts:
    """What rules ask of a ticket."""

    kind: str
    channel: str
    tier: int | None
    language: str
    topics: tuple[int, ...]  # its topic and those above it
    now: datetime

    @classmethod
    def of(cls, ticket: Ticket, *, text: str, now: datetime) -> "Facts":
        language = language_of(ticket.customer, f"{ticket.subject} {text}")
        return cls(ticket.kind, ticket.channel, ticket.customer.tier_id, language, topics_of(ticket), now)


def topics_of(ticket: Ticket) -> tuple[int, ...]:
    return tuple(topic.pk for topic in ticket.category.line) if ticket.category else ()


NAMED = ("category", "tier", "calendar", "team", "agent", "skill", "overflow_team")


def active_rules() -> list[RoutingRule]:
    """In the order in which they are asked, with all that they name."""
    return list(RoutingRule.objects.filter(is_active=True).select_related(*NAMED).order_by("position"))


def missed(rule: Rule, facts: Facts, open_now: Callable[[Rule], bool]) -> str:
    """The first condition of a rule that does not hold, by its name; '' where all hold."""
    held = {
        "kind": rule.kind in ("", facts.kind),
        "category": rule.category_id is None or rule.category_id in facts.topics,
        "channel": rule.channel in ("", facts.channel),
        "tier": rule.tier_id in (None, facts.tier),
        "language": rule.language in ("", facts.language),
    }
    return next((name for name, holds in held.items() if not holds), "") or (
        "calendar" if rule.calendar_id and not open_now(rule) else ""
    )


def rule_for(ticket: Ticket, *, book: Rulebook, text: str, now: datetime) -> RoutingRule | None:
    """The first active rule whose conditions all hold; a query only for the rule that does."""
    if not book.conditions:
        return None
    facts = Facts.of(ticket, text=text, now=now)
    holding = (rule for rule in book.conditions if not missed(rule, facts, lambda rule: rule.clock.is_open(now)))
    found = next(holding, None)
    return RoutingRule.objects.select_related(*NAMED).filter(pk=found.pk).first() if found else None


def is_open(rule: RoutingRule, *, now: datetime) -> bool:
    return rule.calendar is None or rule.calendar.hours().is_open(now)


def apply(ticket: Ticket, *, book: Rulebook, text: str, now: datetime) -> Decision | None:
    """Gives an unsaved ticket without an owner its team, priority and owner by the rule that holds."""
    rule = rule_for(ticket, book=book, text=text, now=now)
    if rule is None:
        return None
    if rule.team is not None:
        ticket.team = rule.team
    if rule.priority is not None:
        ticket.priority = rule.priority
    agent = choose(rule, ticket, now=now)
    if agent is not None:
        ticket.owner, ticket.unread = agent, True
    return Decision(rule, agent)


def settle(ticket: Ticket, decision: Decision, *, now: datetime) -> None:
    """After the ticket is saved: its event with the rule and the reason, the bell, and the turn it may have to wait."""
    rule, agent = decision.rule, decision.agent
    record(ticket, rule, agent, now=now)
    if (agent is None and rule.strategy != Strategy.NOBODY) or (agent and rule.open_minutes):
        Turn.objects.create(ticket=ticket, rule=rule, agent=agent, since=now, due_at=due_of(rule, agent, now))


def record(ticket: Ticket, rule: RoutingRule, agent: User | None, *, now: datetime, why: str = "") -> None:
    """Which rule acted on the ticket, how and why; the agent is told."""
    events.record(
        "routed", ticket, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        rule=rule.position, name=rule.name, strategy=rule.strategy, team=str(ticket.team),
        to=str(agent) if agent else "", why=why,
    )
    if agent is not None:
        notifications.notify(agent, "routed", ticket_id=ticket.pk, now=now)


def due_of(rule: RoutingRule, agent: User | None, now: datetime) -> datetime | None:
    """When the agent has to have opened it."""
    return now + timedelta(minutes=rule.open_minutes) if agent and rule.open_minutes else None


def choose(rule: RoutingRule, ticket: Ticket, *, now: datetime, but: Iterable[int] = ()) -> User | None:
    """A ready agent of the ticket's team with room for it, by the rule's strategy; None where there is none.

    The agent's row is locked until the caller's transaction ends, and rows that others hold are passed over, so that
    tickets that open at once go to different people. The capacity may be passed by one such ticket.
    """
    if rule.strategy == Strategy.NOBODY:
        return None
    able = candidates(rule, ticket).exclude(pk__in=list(but)).exclude(pk__in=floor.away(now))
    if rule.strategy == Strategy.AGENT:
        return _taken(able, now) if rule.agent and may_hold(rule.agent, ticket.team_id) else None
    if (first := _favourite(rule, ticket)) and (agent := _taken(able.filter(pk=first), now)):
        return agent
    if rule.strategy == Strategy.LEAST_BUSY:
        able = able.order_by(F("load") * 1.0 / F("capacity"), F("routed_at").asc(nulls_first=True), "pk")
    return _taken(able, now)


def candidates(rule: RoutingRule, ticket: Ticket) -> QuerySet[User]:
    """Ready members of the ticket's team who have the skill and room for its weight, whose turn it is first."""
    weights = dict(KindWeight.objects.values_list("kind", "weight"))
    weight = Case(
        *(When(kind=kind, then=Value(value)) for kind, value in weights.items()), default=Value(1),
        output_field=IntegerField(),
    )
    carried = Ticket.objects.active().filter(owner=OuterRef("pk")).order_by().values("owner")
    load = Subquery(carried.annotate(load=Sum(weight)).values("load"), output_field=IntegerField())
    whom = Q(pk=rule.agent_id) if rule.strategy == Strategy.AGENT else Q(team=ticket.team_id)
    able = User.objects.filter(whom, is_active=True, presence=Presence.READY)
    if rule.skill_id:
        able = able.filter(skills=rule.skill_id)
    able = able.annotate(load=Coalesce(load, Value(0))).filter(capacity__gte=F("load") + weights.get(ticket.kind, 1))
    turns = (F("routed_at").asc(nulls_first=True), "pk")
    return able.order_by(F("load") * 1.0 / F("capacity"), *turns) if rule.strategy == Strategy.LEAST_BUSY else (
        able.order_by(*turns)
    )


def _favourite(rule: RoutingRule, ticket: Ticket) -> int | None:
    if rule.strategy == Strategy.MANAGER:
        return ticket.customer.account_manager_id
    if rule.strategy == Strategy.STICKY:
        before = Ticket.objects.filter(customer=ticket.customer_id, owner__isnull=False).exclude(pk=ticket.pk)
        return before.order_by("-pk").values_list("owner", flat=True).first()
    return None


def _taken(able: QuerySet[User], now: datetime) -> User | None:
    free = able.select_for_update(skip_locked=True, no_key=True, of=("self",)).first()
    if free is None:
        # All are being given something at this very moment: the turn is shared, nobody waits for a lock.
        return able.first()
    User.objects.filter(pk=free.pk).update(routed_at=now)
    return free


def may_hold(agent: User, team_id: int) -> bool:
    """Whether an agent sees what this team has."""
    return visible_teams(agent).filter(pk=team_id).exists()
