"""The open steps of service processes over all tickets in sight: one's own or the team's, the latest first (F3)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.dateparse import parse_datetime

from metrics import bottlenecks
from processes.models import Step
from staff.models import User

ROWS = 25


@dataclass(frozen=True)
class Filters:
    """Whose steps, and after which row."""

    whose: str
    after: tuple[datetime, int] | None

    @classmethod
    def of(cls, asked, user: User) -> "Filters":
        """Out of the address; heads begin with the team's, others with their own."""
        usual = "team" if user.supervises else "mine"
        whose = asked.get("whose") if asked.get("whose") in ("mine", "team") else usual
        return cls(whose, _cursor(asked.get("after", "")))


def page(user: User, filters: Filters, *, now: datetime) -> dict[str, Any]:
    """The context of the list: three queries at most, however many steps there are."""
    seen = Step.objects.visible_to(user)
    found = seen.open()
    if filters.whose == "mine":
        found = found.filter(owner=user)
    if filters.after:
        due, pk = filters.after
        found = found.filter(Q(due_at__gt=due) | Q(pk__gt=pk), due_at__gte=due)
    found = found.select_related("owner", "process__ticket__customer__tier").defer(
        "originals", "process__originals", "process__plan", "process__ticket__customer__attributes"
    )
    rows = list(found.order_by("due_at", "pk")[: ROWS + 1])
    last = rows[ROWS - 1] if len(rows) > ROWS else None
    return {
        "rows": [(step, step.due_at < now) for step in rows[:ROWS]],
        "onward": f"{last.due_at.isoformat()}_{last.pk}" if last and last.due_at else "",
        "slowest": bottlenecks.bottlenecks(seen, now=now) if user.supervises else [],
        "filters": filters,
        "now": now,
    }


def _cursor(text: str) -> tuple[datetime, int] | None:
    moment, _line, pk = text.partition("_")
    try:
        found = parse_datetime(moment)
    except ValueError:
        return None
    return (found, int(pk)) if found and found.tzinfo and pk.isdecimal() and len(pk) < 19 else None
