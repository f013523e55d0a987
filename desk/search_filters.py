"""What a parsed query means to one user: which tickets and customers, within sight, and what was not understood."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core import redaction
from core.finding import Sought, newest
from customers.models import Customer, CustomerWords, Tier
from desk.query_language import ME, NOBODY, Condition, Problem, Query, parse
from staff.models import User
from staff.sight import visible_teams
from tickets.models import Category, State, Tag, Tagging, Ticket, TicketQuerySet, Watch

MASKED = re.compile(r"\w+\*{3,}\w+")
NAMED = 200  # customers that `customer:` stands for, at most
ABOUT_CUSTOMERS = {"tier", "team"}
OPEN = {"open", "overdue", "unread", "waiting", "unassigned", "mine"}
Facets = list[Sequence[str]]


@dataclass
class Asked:
    """A query resolved for a user; `tickets` and `customers` narrow to what its conditions say."""

    sought: Sought
    user: User
    now: datetime
    teams: list[str] | None = None  # facets of sight; None: all
    facets: Facets = field(default_factory=list)  # of tickets
    tickets: Q = field(default_factory=Q)
    customers: Q = field(default_factory=Q)
    keys: set[str] = field(default_factory=set)
    few: bool = False  # so few tickets are asked for that they are looked through one by one
    by_facets: bool = True  # the facets alone say what the conditions say
    problems: list[str] = field(default_factory=list)

    @property
    def has_conditions(self) -> bool:
        return bool(self.keys)

    @property
    def is_empty(self) -> bool:
        return self.sought.is_empty and not self.keys

    @property
    def sight(self) -> Facets:
        return [] if self.teams is None else [self.teams]

    def ticket_facets(self) -> Facets:
        """Never none where something is asked for: an index is not read by what is unwanted alone."""
        found = [*self.sight, *self.facets]
        if not found and self.sought.is_empty:
            found = [[f"t{pk}" for pk in visible_teams(self.user).order_by("pk").values_list("pk", flat=True)]]
        return found

    def ticket_rows(self) -> TicketQuerySet:
        return Ticket.objects.visible_to(self.user).filter(self.tickets)

    def customer_rows(self):
        return Customer.objects.visible_to(self.user).filter(self.customers)


def resolve(text: str, user: User, *, now: datetime | None = None) -> Asked:
    """Reads what was typed. What it names and the user cannot see, it does not find."""
    query = parse(text)
    asked = Asked(sought=_sought(query), user=user, now=now or timezone.now(), teams=_teams(user))
    asked.problems += [_told(problem) for problem in query.problems]
    for condition in query.conditions:
        MEANINGS[condition.key](asked, condition)
    return asked


def _sought(query: Query) -> Sought:
    """Complete numbers are looked for as texts keep them: masked."""
    words = redaction.sought(query.text)
    phrases = [*map(redaction.sought, query.phrases), *MASKED.findall(words)]
    return Sought(words=words, phrases=tuple(phrases), without=tuple(map(redaction.sought, query.without)))


def _teams(user: User) -> list[str] | None:
    if user.is_active and user.is_admin:
        return None
    return [f"t{pk}" for pk in visible_teams(user).order_by("pk").values_list("pk", flat=True)]


# --- What the conditions mean ---------------------------------------------------------------------------------


def _narrow(
    asked: Asked, condition: Condition, meaning: Q, *, facets: Sequence[str] = (), exactly: bool = False
) -> None:
    """Takes a condition on tickets; `facets` hold of all it means, and of nothing else where it is `exactly` so."""
    asked.keys.add(condition.key)
    asked.tickets &= ~meaning if condition.negated else meaning
    if facets and not condition.negated:
        asked.facets.append(facets)
    asked.by_facets &= exactly and not condition.negated


def _class(asked: Asked, condition: Condition) -> None:
    _narrow(asked, condition, Q(kind=condition.value), facets=[f"k{condition.value}"], exactly=True)


def _channel(asked: Asked, condition: Condition) -> None:
    _narrow(asked, condition, Q(channel=condition.value), facets=[f"c{condition.value}"], exactly=True)


def _state(asked: Asked, condition: Condition) -> None:
    _narrow(asked, condition, Q(state=condition.value), facets=["open"] if condition.value != State.ARCHIVED else ())


def _tier(asked: Asked, condition: Condition) -> None:
    name = str(condition.value)
    tiers = list(Tier.objects.all())
    found = [tier.pk for tier in tiers if name.lower() in (tier.code, tier.name_zh.lower(), tier.name_en.lower())]
    if not found:
        asked.problems.append(_told(Problem("tier", name, choices=tuple(tier.name for tier in tiers))))
        return
    _narrow(asked, condition, Q(customer__tier__in=found))
    asked.customers &= ~Q(tier__in=found) if condition.negated else Q(tier__in=found)


def _owner(asked: Asked, condition: Condition) -> None:
    name = str(condition.value).lower()
    if name in ME | NOBODY:
        _narrow(asked, condition, Q(owner=asked.user if name in ME else None))
        return
    people = User.objects.filter(team__in=visible_teams(asked.user))
    found = list(people.filter(Q(username__iexact=name) | Q(display_name__iexact=name)).values_list("pk", flat=True))
    found = found or list(people.filter(display_name__icontains=name).values_list("pk", flat=True)[:20])
    if not found:
        asked.problems.append(_told(Problem("owner", str(condition.value), choices=("me", "none"))))
        return
    _narrow(asked, condition, Q(owner__in=found))


def _team(asked: Asked, condition: Condition) -> None:
    teams = visible_teams(asked.user)
    found = list(teams.filter(name__icontains=str(condition.value)).values_list("pk", flat=True))
    if not found:
        names = tuple(teams.order_by("name").values_list("name", flat=True)[:8])
        asked.problems.append(_told(Problem("team", str(condition.value), choices=names)))
        return
    _narrow(asked, condition, Q(team__in=found), facets=[f"t{pk}" for pk in found], exactly=True)
    asked.customers &= ~Q(team__in=found) if condition.negated else Q(team__in=found)


def _tag(asked: Asked, condition: Condition) -> None:
    """Of this name, or whose name holds it."""
    name = str(condition.value).lstrip("#")
    found = list(Tag.objects.named(name).values_list("pk", flat=True))
    found = found or list(Tag.objects.filter(name__icontains=name).values_list("pk", flat=True)[:20])
    if not found:
        names = tuple(Tag.objects.active().values_list("name", flat=True)[:8])
        asked.problems.append(_told(Problem("tag", name, choices=names)))
        return
    _narrow(asked, condition, Q(pk__in=Tagging.objects.filter(tag__in=found).values("ticket")))


def _watching(asked: Asked, condition: Condition) -> None:
    _narrow(asked, condition, Q(pk__in=Watch.objects.filter(user=asked.user).values("ticket")))


def _customer(asked: Asked, condition: Condition) -> None:
    """Those who are called so, by the number or by words of the name."""
    name = str(condition.value)
    digits = name.upper().removeprefix("K-")
    if digits.isdecimal() and name.upper().startswith("K-"):
        found = list(Customer.objects.visible_to(asked.user).filter(pk=int(digits[:18])).values_list("pk", flat=True))
    else:
        sought = Sought(words=redaction.sought(name))
        found = [] if sought.is_empty else newest(CustomerWords, sought, limit=NAMED, facets=customer_sight(asked))
    asked.few = not condition.negated
    _narrow(asked, condition, Q(customer__in=found))


def _topic(asked: Asked, condition: Condition) -> None:
    """Topics that are called so, or by that code, and everything below them."""
    name = str(condition.value)
    called = Q(code__iexact=name) | Q(name_zh__iexact=name) | Q(name_en__iexact=name)
    found = Category.objects.filter(called) or Category.objects.filter(
        Q(name_zh__icontains=name) | Q(name_en__icontains=name)
    )
    if not found:
        names = tuple(map(str, Category.objects.filter(is_active=True, parent=None)[:8]))
        asked.problems.append(_told(Problem("topic", name, choices=names)))
        return
    below = reduce(or_, (Category.objects.within(topic.pk) for topic in found[:20]))
    _narrow(asked, condition, Q(category__in=[*below.order_by().values_list("pk", flat=True)]))


def customer_sight(asked: Asked) -> Facets:
    """Of the user's teams, or managed by the user, and present."""
    return [["p"]] if asked.teams is None else [[*asked.teams, f"m{asked.user.pk}"]]


def _opened(asked: Asked, condition: Condition) -> None:
    value = condition.value
    if isinstance(value, timedelta):  # opened<7d: less than seven days ago
        name = "opened_at__gt" if condition.sign.startswith("<") else "opened_at__lt"
        meaning = Q(**{name: asked.now - value})
    else:
        meaning = _day("opened_at", condition.sign, value)
    _narrow(asked, condition, meaning)


def _due(asked: Asked, condition: Condition) -> None:
    value = condition.value
    if isinstance(value, timedelta):  # due<1d: within a day, or late already
        name = "due_at__lt" if condition.sign.startswith("<") else "due_at__gt"
        meaning = Q(**{name: asked.now + value})
    else:
        meaning = _day("due_at", condition.sign, value)
    _narrow(asked, condition, meaning & ~Q(state=State.ARCHIVED), facets=["open"])


def _day(column: str, sign: str, day) -> Q:
    start, end = _midnight(day), _midnight(day + timedelta(days=1))
    return {
        ":": Q(**{f"{column}__gte": start, f"{column}__lt": end}), "<": Q(**{f"{column}__lt": start}),
        "<=": Q(**{f"{column}__lt": end}), ">": Q(**{f"{column}__gte": end}), ">=": Q(**{f"{column}__gte": start}),
    }[sign]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _is(asked: Asked, condition: Condition) -> None:
    what, still_open = str(condition.value), ~Q(state=State.ARCHIVED)
    meaning = {
        "open": Q(), "archived": Q(), "overdue": Q(due_at__lt=asked.now), "unread": Q(unread=True),
        "waiting": Q(waiting_customer=True), "unassigned": Q(owner=None), "mine": Q(owner=asked.user),
    }[what] & (still_open if what in OPEN else Q(state=State.ARCHIVED))
    _narrow(asked, condition, meaning, facets=["open"] if what in OPEN else (), exactly=what == "open")


MEANINGS = {
    "class": _class, "channel": _channel, "state": _state, "tier": _tier, "owner": _owner, "team": _team,
    "customer": _customer, "topic": _topic, "opened": _opened, "due": _due, "is": _is,
    "tag": _tag, "watching": _watching,
}  # fmt: skip


# --- What was not understood ----------------------------------------------------------------------------------


def _told(problem: Problem) -> str:
    if problem.unknown_key:
        text = _("“%(key)s:” is no condition that the search knows. It knows: %(choices)s.")
    elif problem.choices:
        text = _("“%(value)s” says nothing for “%(key)s”. Possible: %(choices)s.")
    else:
        text = _("“%(value)s” says nothing for “%(key)s”.")
    return text % {"key": problem.key, "value": problem.value, "choices": _(", ").join(problem.choices)}
