"""What happened with a visit, in the reader's words: for its own page and for the conversation of its ticket."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from core.models import Event
from visits import windows
from visits.models import Failure, Kind, State, Visit

ICONS = {
    State.REQUESTED: "tools", State.DISPATCHED: "send", State.APPOINTED: "calendar-check", State.ON_WAY: "truck",
    State.ARRIVED: "geo-alt", State.COMPLETED: "clipboard-check", State.FAILED: "x-octagon",
    State.CANCELLED: "calendar-x",
}  # fmt: skip
LOOKS = {State.COMPLETED: "u-green", State.FAILED: "u-amber"}
KINDS = ("visit", "visit_late", "visit_handed_over", "visit_slip_corrected")


@dataclass(frozen=True)
class Told:
    """One event of a visit."""

    at: datetime
    icon: str
    text: str
    look: str = ""
    note: str = ""


def of(visit: Visit) -> list[Told]:
    """The newest first."""
    events = Event.objects.filter(ticket_id=visit.ticket_id, kind__in=KINDS, subject_id=visit.pk)
    return [told(event, event.actor_name or _("The system")) for event in events.order_by("-pk")[:100]]


def told(event: Event, who: str) -> Told:
    """An event of `KINDS` in words."""
    data = event.data
    number = f"V-{data.get('visit') or event.subject_id:04d}"
    words = {"who": who, "number": number, "name": data.get("name", ""), "window": _window(data)}
    note = data.get("reason") or ""
    if event.kind == "visit_late":
        text = _("Visit %(number)s: the window has passed, nobody has arrived")
        return Told(event.at, "alarm", text % words, "u-red")
    if event.kind == "visit_handed_over":
        return Told(event.at, "arrow-left-right", _("%(who)s: visit %(number)s goes to %(name)s") % words, note=note)
    if event.kind == "visit_slip_corrected":
        words["version"] = data.get("version", "")
        text = _("%(who)s corrected the slip of visit %(number)s, version %(version)s") % words
        return Told(event.at, "pencil", text, note=note)
    to = data.get("to", "")
    text = _sentence(to, data) % words
    if to == State.FAILED and data.get("cause") in Failure.values:
        text += f" · {Failure(data['cause']).label}"
    elif to == State.REQUESTED and data.get("kind") in Kind.values:
        text += f" · {Kind(data['kind']).label}"
    return Told(event.at, ICONS.get(to, "tools"), text, LOOKS.get(to, ""), note)


def _sentence(to: str, data: dict[str, Any]) -> str:
    if to == State.APPOINTED and data.get("was"):
        return _("%(who)s changed the appointment of visit %(number)s: %(window)s, %(name)s")
    return {
        State.REQUESTED: _("%(who)s planned visit %(number)s"),
        State.DISPATCHED: _("%(who)s dispatched visit %(number)s to %(name)s: %(window)s"),
        State.APPOINTED: _("%(who)s agreed on visit %(number)s with the customer: %(window)s, %(name)s"),
        State.ON_WAY: _("Visit %(number)s: %(who)s says the technician is on the way"),
        State.ARRIVED: _("Visit %(number)s: %(who)s says the technician has arrived"),
        State.COMPLETED: _("%(who)s completed visit %(number)s"),
        State.FAILED: _("%(who)s: visit %(number)s failed"),
        State.CANCELLED: _("%(who)s cancelled visit %(number)s"),
    }.get(State(to) if to in State.values else State.REQUESTED, "")


def _window(data: dict[str, Any]) -> str:
    start, end = (parse_datetime(data.get(name) or "") for name in ("starts_at", "ends_at"))
    return windows.span(start, end)
