"""The rules that every new ticket is held against, kept in the process for as long as their stamp stays.

What is kept is plain and cannot be changed. Whoever edits a promise, a ladder, a topic, a routing rule or a calendar
gives the stamp another value in the same transaction (`core.stamps`), so that the next ticket reads the rules anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q

from core import stamps
from core.hours import ALWAYS, WorkingCalendar
from core.models import WorkCalendar
from tickets.ladder_models import first_share_of
from tickets.models import Category, RoutingRule, SLAPolicy
from tickets.topic_models import line_of

STAMP = "rulebook"


@dataclass(frozen=True)
class Promise:
    """An SLA policy as it was read: what it names, its target, and the working time that it counts in."""

    pk: int
    name: str
    metric: str
    channel: str
    kind: str
    tier_id: int | None
    category_id: int | None
    priority: int | None
    target_seconds: int | None
    target_days: int | None
    calendar_id: int | None
    warn_at: int
    is_active: bool
    is_default: bool
    first_share: int | None
    clock: WorkingCalendar = field(compare=False)


@dataclass(frozen=True)
class Condition:
    """What a routing rule asks of a ticket."""

    pk: int
    kind: str
    category_id: int | None
    channel: str
    tier_id: int | None
    language: str
    calendar_id: int | None
    clock: WorkingCalendar = field(compare=False)


@dataclass(frozen=True)
class Rulebook:
    promises: Sequence[Promise]  # active ones and defaults
    conditions: Sequence[Condition]  # of the active rules, in the order in which they are asked
    parents: Mapping[int, int | None]  # of topics

    def line_of(self, topic: int | None) -> list[int]:
        """The topic and those above it, nearest first."""
        return line_of(self.parents, topic)


def current() -> Rulebook:
    """The rules as the present transaction sees them; one query where they are still those of the last time."""
    global _kept
    stamp = stamps.current(STAMP)
    kept_under, book = _kept
    if book is None or stamp is None or stamp != kept_under:
        book = _read()
        # Kept under the stamp that was read before the rows: at worst the next ticket reads them once more.
        _kept = (stamp, book)
    return book


_kept: tuple[UUID | None, Rulebook | None] = (None, None)


def _read() -> Rulebook:
    clocks: dict[int | None, WorkingCalendar] = {row.pk: row.hours() for row in WorkCalendar.objects.all()}
    clocks[None] = ALWAYS
    policies = SLAPolicy.objects.filter(Q(is_active=True) | Q(is_default=True)).annotate(share=first_share_of())
    rules = RoutingRule.objects.filter(is_active=True).order_by("position")
    return Rulebook(
        promises=tuple(_as(Promise, policy, clocks) for policy in policies.order_by("pk")),
        conditions=tuple(_as(Condition, rule, clocks) for rule in rules),
        parents=dict(Category.objects.values_list("pk", "parent_id")),
    )


def _as(kind, row, clocks: Mapping[int | None, WorkingCalendar]):
    values = {name: getattr(row, name) for name in kind.__dataclass_fields__ if name != "clock"}
    return kind(**values, clock=clocks[row.calendar_id])
