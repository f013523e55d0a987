"""Requests for a longer wait as heads and askers see them: in the list of what is to decide, and on their ticket."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from core.models import Event
from staff.models import User
from tickets import pause_requests
from tickets.models import PauseRequest, Ticket

ROWS = 25
# The events of a request in the history of its ticket: icon, words, look.
WORDS = {
    "pause_asked": ("hourglass-split", gettext_noop("%(who)s asked for a longer wait"), "u-amber"),
    "pause_consented": ("check2-circle", gettext_noop("%(who)s consented to a longer wait"), ""),
    "pause_refused": ("x-circle", gettext_noop("%(who)s did not consent to a longer wait"), ""),
}


@dataclass(frozen=True)
class Row:
    """A request with what its asker wrote."""

    request: PauseRequest
    reason: str


def waiting(user: User, *, team_only: bool) -> list[Row]:
    """What waits for the consent of somebody like this user, the oldest first; two queries."""
    if not user.supervises:
        return []
    found = PauseRequest.objects.visible_to(user).open()
    if team_only:
        found = found.filter(ticket__team=user.team_id)
    found = found.select_related("by", "ticket__customer__tier").defer("ticket__customer__attributes")
    rows = list(found.order_by("pk")[:ROWS])
    said = Event.objects.in_bulk([row.event_id for row in rows])
    return [Row(row, said[row.event_id].data.get("reason", "") if row.event_id in said else "") for row in rows]


def part(ticket: Ticket, user: User) -> dict[str, Any] | None:
    """The open request of one ticket for its page; None where there is none."""
    request = PauseRequest.objects.open().filter(ticket=ticket).select_related("by").first()
    if request is None:
        return None
    return {
        "request": request, "reason": pause_requests.reason_of(request),
        "may": pause_requests.may_decide(user, ticket.team_id),
    }  # fmt: skip
