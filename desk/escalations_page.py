"""Escalated promises that wait for somebody to take them in hand, the oldest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from desk import pause_requests_panel
from staff.models import User
from tickets import acknowledging, ladder_story
from tickets.models import Escalation, Ticket

ROWS = 25


@dataclass(frozen=True)
class Filters:
    """Whose steps, and after which row."""

    whose: str
    after: int | None

    @classmethod
    def of(cls, asked, user: User) -> "Filters":
        """Out of the address; whoever acts on escalations may look at the team's and at all in sight."""
        scopes = ("mine", "team", "all") if user.supervises else ("mine",)
        usual = "team" if user.supervises and user.team_id else "all" if user.supervises else "mine"
        whose = asked.get("whose") if asked.get("whose") in scopes else usual
        after = asked.get("after", "")
        return cls(whose, int(after) if after.isascii() and after.isdecimal() and len(after) < 19 else None)


def page(user: User, filters: Filters, *, now: datetime) -> dict[str, Any]:
    """The context of the list: three queries, however many rows wait."""
    found = Escalation.objects.visible_to(user).unacknowledged()
    if filters.whose == "mine":
        found = found.filter(to=user)
    elif filters.whose == "team":
        found = found.filter(ticket__team=user.team_id)
    if filters.after:
        found = found.filter(pk__gt=filters.after)
    found = found.select_related("to", "timer", "ticket__owner", "ticket__customer__tier").defer(
        "ticket__customer__attributes"
    )
    rows = list(found.order_by("pk")[: ROWS + 1])
    return {
        "rows": [(step, step.due_ack_at < now) for step in rows[:ROWS]],
        "onward": rows[ROWS - 1].pk if len(rows) > ROWS else None,
        "waits": pause_requests_panel.waiting(user, team_only=filters.whose != "all"),
        "filters": filters,
        "now": now,
    }


def panel(ticket: Ticket, user: User, *, now: datetime) -> dict[str, Any] | None:
    """The ladder of one ticket for its page; None before anybody was told."""
    told = list(ticket.escalations.select_related("to", "acknowledgement__by").order_by("id"))
    if not told:
        return None
    timers = list(ticket.timers.select_related("policy"))
    lines = ladder_story.lines(ticket, timers, told, now=now)
    return {"rungs": lines, "may": {line.open_step.pk for line in lines
                                    if line.open_step and acknowledging.may(line.open_step, user)}}  # fmt: skip
