"""Everything that the customer pages show: the list, and the 360° page with one timeline over all channels (A1)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.models import Event
from customers import lookup, reveal
from customers.models import Consent, Contact, Customer, Reveal, Tier
from desk import call_guide, timeline
from desk.consent_forms import WAYS, usual_words
from followups.models import Callback
from loyalty import ledger
from loyalty.models import PointsEntry
from messaging.models import Call
from staff.models import User
from tickets.models import Ticket

ROWS = 25
FOUND = 50
STORY = 20
SHOWS = {"": gettext_lazy("All"), "tickets": gettext_lazy("Tickets"), "calls": gettext_lazy("Calls")}
# Steps of the machinery that say nothing about the customer.
QUIET = {"no_policy", "claimed", "assigned", "escalated_overdue", "callback_cancelled", "resumed"}


@dataclass(frozen=True)
class Row:
    """A line of the list."""

    customer: Customer
    shown: str
    open_tickets: int


@dataclass(frozen=True)
class Moment:
    """One line of the timeline: what happened, on which ticket if any."""

    at: datetime
    icon: str
    text: str
    note: str
    ticket: Ticket | None


@dataclass(frozen=True)
class Word:
    """The latest word on one purpose of consent by channel, newest first, and the sentence that asks for it."""

    purpose: str
    label: str
    rows: list[Consent]
    given: bool
    usual: str


# --- The list ---------------------------------------------------------------------------------------------


def listed(user: User, *, q: str = "", tier: str = "", stage: str = "", before: int | None = None):
    """(rows, id to page on from or None): what the search finds, else the newest, a page at a time."""
    if q:
        found = [match.customer for match in lookup.as_typed(user, q, limit=FOUND)]
        kept = [c for c in found if tier in ("", c.tier.code) and stage in ("", c.stage)]
        return _rows(user, kept), None
    seen = Customer.objects.visible_to(user).select_related("tier").defer("attributes", "tier_reason")
    if tier:
        # By its id, not by a join: the planner then knows how common the tier is and walks the newest first.
        seen = seen.filter(tier=Tier.objects.filter(code=tier).values_list("pk", flat=True).first())
    if stage:
        seen = seen.filter(stage=stage)
    if before:
        seen = seen.filter(pk__lt=before)
    contacts = Contact.objects.filter(kind__in=[Contact.Kind.PHONE, Contact.Kind.EMAIL]).defer("value")
    page = list(seen.prefetch_related(Prefetch("contacts", contacts)).order_by("-pk")[: ROWS + 1])
    more = len(page) > ROWS
    return _rows(user, page[:ROWS]), page[ROWS - 1].pk if more else None


def _rows(user: User, customers: list[Customer]) -> list[Row]:
    tickets = Ticket.objects.visible_to(user).active().filter(customer__in=customers)
    counts = dict(tickets.order_by().values_list("customer").annotate(n=Count("pk")))
    return [Row(c, lookup.shown_contact(c), counts.get(c.pk, 0)) for c in customers]


# --- One customer -----------------------------------------------------------------------------------------


def seen(user: User):
    """Customers within sight with what the head of the page names."""
    return (
        Customer.objects.visible_to(user)
        .select_related("tier", "team", "account_manager")
        .prefetch_related(Prefetch("contacts", Contact.objects.defer("value").order_by("-preferred", "kind", "pk")))
    )


def page(customer: Customer, user: User, *, before: int | None = None, show: str = "") -> dict:
    """The context of the 360° page, in as many queries for a long history as for a new customer."""
    moments, earlier = story(customer, user, before=before, show=show)
    tickets = Ticket.objects.visible_to(user).filter(customer=customer)
    return {
        "customer": customer,
        "greeting": call_guide.greeting(customer),
        "reasons": reasons(customer),
        "contacts": [(contact, reveal.may_see(user, contact)) for contact in customer.contacts.all()],
        "consents": consents(customer),
        "channels": Consent.Channel.choices,
        "ways": WAYS,
        "tickets": tickets.active().select_related("owner").order_by("due_at", "-pk")[:10],
        "callbacks": (
            Callback.objects.visible_to(user).open().filter(ticket__customer=customer)
            .select_related("ticket", "assignee")[:5]
        ),
        "balance": ledger.balance(customer),
        "entries": PointsEntry.objects.filter(customer=customer)[:5],
        "moments": moments,
        "earlier": earlier,
        "before": before,
        "show": show,
        "shows": SHOWS.items(),
        "reveals": _reveals(customer) if user.supervises else None,
    }


def reasons(customer: Customer) -> list[tuple[str, str]]:
    """Why the customer is in this tier, part by part, as the scoring wrote it down (`customers.tiers`)."""
    why = customer.tier_reason
    said = [
        (_("Set by"), why.get("by")),
        (_("Reason"), why.get("note")),
        (_("Spent"), why.get("spend") and f"¥{why['spend']}"),
        (_("More than"), why.get("share") and _("%(share)s of the customers") % {"share": why["share"]}),
        (_("Years"), why.get("years")),
        (_("Contact within 90 days"), _("yes") if why.get("recent") else _("no") if "recent" in why else None),
    ]
    return [(label, str(value)) for label, value in said if value]


def consents(customer: Customer) -> list[Word]:
    """The latest word on each purpose and channel."""
    latest = customer.consents.order_by("purpose", "channel", "-at", "-id").distinct("purpose", "channel")
    by_purpose: dict[str, list[Consent]] = {}
    for row in latest:
        by_purpose.setdefault(row.purpose, []).append(row)
    words, usual = [], usual_words()
    for purpose, label in Consent.Purpose.choices:
        rows = sorted(by_purpose.get(purpose, []), key=lambda row: (row.at, row.pk), reverse=True)
        words.append(Word(purpose, str(label), rows, rows[0].given if rows else False, usual[purpose]))
    return words


def _reveals(customer: Customer):
    return Reveal.objects.filter(customer=customer).select_related("user")[:5]


# --- The timeline -----------------------------------------------------------------------------------------


def story(customer: Customer, user: User, *, before: int | None = None, show: str = ""):
    """(moments newest first, event id to read on from or None), by keyset over the customer's events."""
    events = Event.objects.filter(customer_id=customer.pk, kind__in=[*_ticket_kinds(), *OWN])
    if show == "tickets":
        events = events.filter(ticket_id__isnull=False)
    elif show == "calls":
        events = events.filter(kind="call_ended")
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
    if event.kind in OWN:
        icon, text, note = OWN[event.kind](event, event.actor_name or _("The system"))
        return Moment(event.at, icon, text, note, ticket)
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


def _tier(event: Event, who: str):
    return "gem", _("The tier was set anew by score"), _("score %(n)s") % {"n": event.data.get("score", "–")}


def _points(event: Event, who: str):
    points = int(event.data.get("points", 0))
    return "award", _("%(n)s points") % {"n": f"{points:+d}"}, who


OWN = {
    "call_ended": _call,
    "consent_given": _consent,
    "consent_withdrawn": _consent,
    "revealed": _revealed,
    "points": _points,
    "customer_made": lambda event, who: ("person-plus", _("%(who)s added the customer") % {"who": who}, ""),
    "tier_changed": _tier,
    "customer_wrote": lambda event, who: ("envelope", _("The customer asked again"), ""),
    "replied": lambda event, who: ("reply", _("%(who)s replied") % {"who": who}, ""),
}
