"""One timeline over every channel and app (A1): what happened with a customer, newest first, by keyset."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from core.models import Event
from customers.models import Communication, Consent, Contact, Customer, Order, Task
from desk import timeline
from messaging.models import Call
from staff.models import User
from tickets.models import Ticket

STORY = 20
SHOWS = {
    "": gettext_lazy("All"), "tickets": gettext_lazy("Tickets"), "calls": gettext_lazy("Calls"),
    "orders": gettext_lazy("Orders"),
}
# Steps of the machinery that say nothing about the customer.
QUIET = {
    "no_policy", "claimed", "assigned", "taken_over", "routed", "escalated_overdue", "escalated_ahead",
    "escalation_acknowledged", "priority_raised", "callback_cancelled", "resumed",
}
ORDERS = ("order_made", "order_moved", "order_changed", "order_planned", "order_contacted", "order_returned")


@dataclass(frozen=True)
class Moment:
    """One line of the timeline: what happened, on which ticket or order if any."""

    at: datetime
    icon: str
    text: str
    note: str
    ticket: Ticket | None
    order_id: int | None = None
    code: str = ""


def story(customer: Customer, user: User, *, before: int | None = None, show: str = ""):
    """(moments newest first, event id to read on from or None), by keyset over the customer's events."""
    events = Event.objects.filter(customer_id=customer.pk, kind__in=[*_ticket_kinds(), *OWN])
    if show == "tickets":
        events = events.filter(ticket_id__isnull=False)
    elif show == "calls":
        events = events.filter(kind="call_ended")
    elif show == "orders":
        events = events.filter(kind__in=ORDERS)
    if before:
        events = events.filter(pk__lt=before)
    found = list(events.order_by("-pk")[: STORY + 1])
    shown = found[:STORY]
    ids = {event.ticket_id for event in shown if event.ticket_id}
    tickets = Ticket.objects.visible_to(user).only("pk", "subject", "kind", "channel").in_bulk(ids) if ids else {}
    moments = [moment for event in shown if (moment := _moment(event, tickets))]
    return moments, shown[-1].pk if len(found) > STORY else None


def _ticket_kinds() -> set[str]:
    return set(timeline.WORDS) - QUIET


def _moment(event: Event, tickets: dict[int, Ticket]) -> Moment | None:
    ticket = tickets.get(event.ticket_id) if event.ticket_id else None
    if event.ticket_id and ticket is None:
        return None  # a ticket that was handed to a team out of sight
    if event.kind == "order_moved" and event.data.get("to") == Order.State.PLANNED:
        return None  # the plan itself is told
    if event.kind in OWN:
        icon, text, note = OWN[event.kind](event, event.actor_name or _("The system"))
        on_order = event.kind in ORDERS
        return Moment(
            event.at, icon, text, note, ticket, event.subject_id if on_order else None, event.data.get("code", "")
        )
    line = timeline.told(event)
    return Moment(event.at, line.icon, line.text, line.note, ticket) if line else None


def _call(event: Event, who: str):
    outcome = event.data.get("outcome", "")
    label = Call.Outcome(outcome).label if outcome in Call.Outcome.values else outcome
    minutes, seconds = divmod(int(event.data.get("seconds", 0)), 60)
    text = _("Call with %(who)s: %(outcome)s") % {"who": who, "outcome": label}
    return "telephone", text, f"{minutes:02d}:{seconds:02d}"


def _consent(event: Event, who: str):
    purpose = event.data.get("purpose", "")
    label = Consent.Purpose(purpose).label if purpose in Consent.Purpose.values else purpose
    if event.kind == "consent_given":
        return "hand-thumbs-up", _("Consent given: %(purpose)s") % {"purpose": label}, who
    return "hand-thumbs-down", _("Consent withdrawn: %(purpose)s") % {"purpose": label}, who


def _revealed(event: Event, who: str):
    field = event.data.get("field", "")
    label = Contact.Kind(field).label if field in Contact.Kind.values else field
    return "eye", _("%(who)s looked at: %(field)s") % {"who": who, "field": label}, event.data.get("reason", "")


def _scored(event: Event) -> str:
    score = event.data.get("score")
    return _("no score yet") if score is None else _("score %(n)s") % {"n": score}


def _tier(event: Event, who: str):
    return "gem", _("The tier was set anew by score"), _scored(event)


def _hand(event: Event, who: str):
    if event.kind == "tier_unset":
        return "gem", _("The tier set by hand ended; the score counts"), ""
    return "gem", _("%(who)s set the tier by hand") % {"who": who}, event.data.get("reason", "")


def _stage(event: Event, who: str):
    stages = dict(Customer.Stage.choices)
    was, now = (stages.get(event.data.get(name, ""), "–") for name in ("from", "to"))
    return "arrow-repeat", _("Life cycle: %(from)s → %(to)s") % {"from": was, "to": now}, ""


def _points(event: Event, who: str):
    points = int(event.data.get("points", 0))
    return "award", _("%(n)s points") % {"n": f"{points:+d}"}, who


def _order(event: Event, who: str):
    data, states = event.data, dict(Order.State.choices)
    if event.kind == "order_made":
        return "bag-plus", _("%(who)s wrote down an order") % {"who": who}, ""
    if event.kind == "order_moved":
        text = _("%(who)s: order %(state)s") % {"who": who, "state": states.get(data.get("to", ""), data.get("to"))}
        return "bag-check", text, data.get("note", "")
    if event.kind == "order_planned":
        day = parse_date(data.get("day") or "")
        shown = date_format(day, "SHORT_DATE_FORMAT") if day else "–"
        return "truck", _("Delivery planned for %(day)s") % {"day": shown}, data.get("reason", "")
    if event.kind == "order_contacted":
        results = dict(Communication.Result.choices)
        result = results.get(data.get("result", ""), data.get("result", ""))
        return "chat-dots", _("%(who)s spoke about the order: %(result)s") % {"who": who, "result": result}, data.get(
            "note", ""
        )
    if event.kind == "order_returned":
        text = _("%(who)s took goods back: ¥%(amount)s paid back") % {"who": who, "amount": data.get("amount", "–")}
        return "arrow-return-left", text, data.get("reason", "")
    return "bag", _("%(who)s changed the order") % {"who": who}, data.get("reason", "")


def _contact(event: Event, who: str):
    kinds = dict(Contact.Kind.choices)
    kind = kinds.get(event.data.get("field", ""), "")
    if event.kind == "contact_added":
        return "person-lines-fill", _("%(who)s added a contact: %(kind)s") % {"who": who, "kind": kind}, ""
    words = {
        "preferred": _("%(who)s preferred a contact: %(kind)s"), "verified": _("%(who)s verified a contact: %(kind)s"),
        "invalid": _("%(who)s marked a contact as not valid: %(kind)s"),
    }
    said = words.get(event.data.get("what", ""), "%(who)s %(kind)s")
    return "person-lines-fill", said % {"who": who, "kind": kind}, ""


def _changed(event: Event, who: str):
    names = {field.name: field.verbose_name for field in Customer._meta.fields}
    fields = [capfirst(str(names.get(name, name.removeprefix("x_")))) for name in event.data.get("fields", [])]
    return "pencil", _("%(who)s changed the profile") % {"who": who}, _(", ").join(fields)


def _task(event: Event, who: str):
    kinds = dict(Task.Kind.choices)
    label = kinds.get(event.data.get("task", ""), "")
    text = _("%(who)s finished a task: %(task)s") % {"who": who, "task": label}
    return "check2-square", text, event.data.get("note", "")


def _plain(icon: str, words: str, note: str = "") -> Callable:
    """An event of fixed words with %(who)s, translated when it is told; `note` names what of its data stands beside."""
    return lambda event, who: (icon, _(words) % {"who": who}, str(event.data.get(note, "")) if note else "")


OWN: dict[str, Callable] = {
    "call_ended": _call,
    "consent_given": _consent,
    "consent_withdrawn": _consent,
    "revealed": _revealed,
    "points": _points,
    "customer_made": _plain("person-plus", gettext_noop("%(who)s added the customer")),
    "tier_changed": _tier,
    "tier_set": _hand,
    "tier_unset": _hand,
    "stage_changed": _stage,
    "customer_wrote": _plain("envelope", gettext_noop("The customer asked again")),
    "replied": _plain("reply", gettext_noop("%(who)s replied")),
    "profile_changed": _changed,
    "profile_verified": _plain("patch-check", gettext_noop("%(who)s verified the profile")),
    "contact_added": _contact,
    "contact_changed": _contact,
    "need_noted": _plain("lightbulb", gettext_noop("%(who)s noted a need"), "topic"),
    "need_met": _plain("lightbulb", gettext_noop("%(who)s: a need has been met"), "topic"),
    "task_done": _task,
    "merged": _plain("intersect", gettext_noop("%(who)s merged another archive into this one")),
    "merge_undone": _plain("subtract", gettext_noop("%(who)s took a merge back")),
    "request_opened": _plain("shield-lock", gettext_noop("%(who)s took down a request of the person")),
    "request_closed": _plain("shield-check", gettext_noop("%(who)s answered the request of the person")),
    **dict.fromkeys(ORDERS, _order),
}
