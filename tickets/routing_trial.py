"""Trying the rules of routing out, without touching anything: one made-up ticket, or the latest real ones again."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from core.hours import WorkingCalendar
from core.models import Event
from customers.models import Customer, Tier
from staff import floor
from staff.models import Presence, Team, User
from tickets import routing_rules, topic_training
from tickets.models import Category, Ticket
from tickets.routing_models import RoutingRule, Strategy
from tickets.routing_rules import Facts

MOST = 500  # tickets of one replay
SHOWN = 50
PEOPLE = 40


@dataclass(frozen=True)
class Asked:
    """A rule that was asked: what it wanted where it did not hold, '' for the one that decides."""

    rule: RoutingRule
    why_not: str


@dataclass
class Trial:
    """Where a ticket like this would go. `others` are those of its team who would not get it now, with the reason."""

    asked: list[Asked] = field(default_factory=list)
    rule: RoutingRule | None = None
    team: Team | None = None
    able: list[User] = field(default_factory=list)
    others: list[tuple[User, str]] = field(default_factory=list)
    note: str = ""


def trial(
    *, team: Team, kind: str, channel: str, tier: Tier, language: str, category: Category | None = None,
    now: datetime | None = None,
) -> Trial:
    """Asks the present rules about a new ticket of one of the team's customers who has dealt with nobody before."""
    now = now or timezone.now()
    ticket = Ticket(
        team=team, customer=Customer(team=team, tier=tier, language=language), kind=kind, channel=channel,
        category=category,
    )
    facts, found = Facts.of(ticket, text="", now=now), Trial(team=team)
    for rule in routing_rules.active_rules():
        missed = routing_rules.missed(rule, facts, lambda rule: routing_rules.is_open(rule, now=now))
        found.asked.append(Asked(rule, _wanted(rule, missed)))
        if not missed:
            found.rule = rule
            break
    if found.rule is None:
        found.note = _("No rule holds: the ticket stays with the team, unassigned.")
        return found
    if found.rule.team is not None:
        found.team = ticket.team = found.rule.team
    _people(found, ticket, now)
    if tier.to_manager:
        found.note = _("A customer of this tier with an account manager goes to the manager before any rule is asked.")
    return found


def _wanted(rule: RoutingRule, missed: str) -> str:
    """Class: Complaint."""
    if not missed:
        return ""
    shown = getattr(rule, f"get_{missed}_display", None)
    label = RoutingRule._meta.get_field(missed).verbose_name  # type: ignore[union-attr]
    if missed == "calendar":
        return _("outside its working hours: %(calendar)s") % {"calendar": rule.calendar}
    return _("only for %(condition)s: %(value)s") % {
        "condition": label, "value": shown() if shown else getattr(rule, missed)
    }


def _people(found: Trial, ticket: Ticket, now: datetime) -> None:
    """Who could get it, whose turn it is first, and why the others could not."""
    rule = found.rule
    if rule is None or rule.strategy == Strategy.NOBODY:
        return
    away = set(floor.away(now).values_list("user", flat=True))
    found.able = list(routing_rules.candidates(rule, ticket).exclude(pk__in=away)[:PEOPLE])
    if rule.strategy == Strategy.AGENT and rule.agent and not routing_rules.may_hold(rule.agent, ticket.team_id):
        found.able = []
    named = {"pk": rule.agent_id or 0} if rule.strategy == Strategy.AGENT else {"team": ticket.team_id}
    whom = User.objects.filter(**named)
    others = whom.filter(is_active=True).exclude(pk__in=[person.pk for person in found.able])
    skilled = set(others.filter(skills=rule.skill_id).values_list("pk", flat=True)) if rule.skill_id else None
    shown = others.order_by("display_name", "pk")[:PEOPLE]
    found.others = [(person, _why_not(person, skilled, away)) for person in shown]


def _why_not(person: User, skilled: set[int] | None, away: set[int]) -> str:
    if person.pk in away:
        return _("absent")
    if person.presence != Presence.READY:
        return str(person.get_presence_display())
    if skilled is not None and person.pk not in skilled:
        return _("without the skill")
    return _("no capacity left")


# --- The latest tickets again ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """One ticket that the present rules would treat otherwise."""

    ticket: Ticket
    was: str
    would: str


@dataclass
class Replay:
    """What the present rules would change. `given` had an owner from the start, whom no rule would replace."""

    asked: int = 0
    given: int = 0
    changed: int = 0
    moves: list[tuple[str, str, int]] = field(default_factory=list)  # from, to, tickets
    first: list[Change] = field(default_factory=list)


def replay(*, last: int = 200, now: datetime | None = None) -> Replay:
    """Asks the present rules about the latest tickets, each at its own time, in as many queries for two as for 500.

    Compared are rule and team as they were written when the ticket was opened; who would have been ready then, nobody
    knows any more.
    """
    tickets = list(
        Ticket.objects.filter(opened_at__lte=now or timezone.now(), cycle_of=None).order_by("-pk")
        .select_related("customer", "team", "category__parent__parent")[: min(last, MOST)]
    )
    ids = [ticket.pk for ticket in tickets]
    routed = _routed(ids)
    given = set(
        Ticket.history.filter(id__in=ids, history_type="+", owner__isnull=False).values_list("id", flat=True)
    ) - set(routed)
    said, rules, found = topic_training.first_words(ids), routing_rules.active_rules(), Replay(given=len(given))
    hours = {rule.pk: rule.calendar.hours() for rule in rules if rule.calendar}
    pairs: Counter[tuple[str, str]] = Counter()
    for ticket in tickets:
        if ticket.pk in given:
            continue
        found.asked += 1
        facts = Facts.of(ticket, text=said.get(ticket.pk, ""), now=ticket.opened_at)
        open_at = partial(_was_open, hours, ticket.opened_at)
        holds = next((rule for rule in rules if not routing_rules.missed(rule, facts, open_at)), None)
        was, would = routed.get(ticket.pk, ("", "")), (holds.name, str(holds.team or "")) if holds else ("", "")
        if was[0] == would[0] and would[1] in ("", was[1]):
            continue
        found.changed += 1
        pairs[_shown(was), _shown(would)] += 1
        if len(found.first) < SHOWN:
            found.first.append(Change(ticket, _shown(was), _shown(would)))
    found.moves = [(was, would, number) for (was, would), number in pairs.most_common(SHOWN)]
    return found


def _was_open(hours: dict[int, WorkingCalendar], at: datetime, rule: RoutingRule) -> bool:
    return hours[rule.pk].is_open(at)


def _routed(ids: list[int]) -> dict[int, tuple[str, str]]:
    """{ticket: (rule, team)} as it was routed when it was opened."""
    rows = Event.objects.filter(kind="routed", ticket_id__in=ids, data__why="").order_by("ticket_id", "pk")
    named = rows.distinct("ticket_id").annotate(rule=F("data__name"), to=F("data__team"))
    found = named.values_list("ticket_id", "rule", "to")
    return {pk: (str(rule or ""), str(team or "")) for pk, rule, team in found if pk is not None}


def _shown(end: tuple[str, str]) -> str:
    rule, team = end
    if not rule:
        return _("no rule")
    return f"{rule} → {team}" if team else rule
