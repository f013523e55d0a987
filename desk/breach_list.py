"""Missed promises, the latest due first: whose, which, by how much, and under which policy (a page of keys)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from staff.models import User
from staff.sight import visible_teams
from tickets.models import Breach, Metric, SLAPolicy

ROWS = 25
PERIODS = {"7": 7, "30": 30, "90": 90, "all": None}


@dataclass(frozen=True)
class Filters:
    """Out of the address; what makes no sense there is as if it were not asked."""

    period: str
    metric: str
    team: int | None
    policy: int | None
    only_open: bool  # still late: nothing has settled them
    after: int | None

    @classmethod
    def of(cls, asked) -> "Filters":
        return cls(
            asked.get("period") if asked.get("period") in PERIODS else "7",
            asked.get("metric") if asked.get("metric") in Metric.values else "",
            _number(asked.get("team")), _number(asked.get("policy")), asked.get("open") == "1",
            _number(asked.get("after")),
        )  # fmt: skip

    def as_query(self) -> dict[str, Any]:
        """What the address of a page of this list says, without the place in it."""
        said = {"period": self.period, "metric": self.metric, "team": self.team, "policy": self.policy,
                "open": "1" if self.only_open else ""}  # fmt: skip
        return {name: value for name, value in said.items() if value}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None


@dataclass(frozen=True)
class Row:
    breach: Breach
    late: timedelta  # by the wall clock, up to its settling or to now
    is_open: bool


def page(user: User, filters: Filters, *, now: datetime) -> dict[str, Any]:
    """The context of the list; as many queries however many promises were missed."""
    found = _chosen(user, filters, now)
    if filters.after and (due := Breach.objects.filter(pk=filters.after).values_list("due_at", flat=True).first()):
        found = found.filter(Q(due_at__lt=due) | Q(due_at=due, pk__lt=filters.after), due_at__lte=due)
    found = found.select_related(
        "timer__policy", "ticket__team", "ticket__owner", "ticket__customer__tier", "call__team", "call__agent"
    ).defer("ticket__customer__attributes")
    rows = list(found.order_by("-due_at", "-pk")[: ROWS + 1])
    return {
        "rows": [_row(breach, now) for breach in rows[:ROWS]],
        "onward": rows[ROWS - 1].pk if len(rows) > ROWS else None,
        "filters": filters,
        "periods": PERIODS,
        "metrics": Metric.choices,
        "teams": list(visible_teams(user)),
        "policy": SLAPolicy.objects.filter(pk=filters.policy).first() if filters.policy else None,
    }


def _chosen(user: User, filters: Filters, now: datetime) -> QuerySet[Breach]:
    found = Breach.objects.visible_to(user)
    if days := PERIODS[filters.period]:
        found = found.filter(due_at__gte=now - timedelta(days=days))
    if filters.metric:
        found = found.filter(metric=filters.metric)
    if filters.team:
        found = found.filter(Q(ticket__team=filters.team) | Q(call__team=filters.team))
    if filters.policy:
        found = found.filter(timer__policy=filters.policy)
    return found.filter(timer__stopped_at=None) if filters.only_open else found


def _row(breach: Breach, now: datetime) -> Row:
    settled = breach.timer.stopped_at
    return Row(breach, max((settled or now) - breach.due_at, timedelta()), settled is None)
