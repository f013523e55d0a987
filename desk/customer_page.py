"""Everything that the customer pages show: the list with its search, and the 360° page (A1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Prefetch, Subquery, Sum
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from customers import custom_fields, freshness, lookup, reveal
from customers.models import Consent, Contact, Customer, ImportRun, Need, Reveal, Task, Tier
from desk import call_guide, clocks, customer_story, customer_tasks, orders_page
from desk.consent_forms import WAYS, usual_words
from followups.models import Callback
from loyalty.models import PointsEntry
from staff.models import User
from tickets.models import Ticket

ROWS = 25
FOUND = 50
TASKS, NEEDS, ORDERS, REVEALS = 5, 5, 5, 5
SILENT_HOURS = 24  # after which a source of orders that used to deliver counts as late


@dataclass(frozen=True)
class Row:
    """A line of the list."""

    customer: Customer
    shown: str
    open_tickets: int


@dataclass(frozen=True)
class Fresh:
    """How old something is, in words, and whether that is too old."""

    text: str
    stale: bool


@dataclass(frozen=True)
class ContactRow:
    """A contact, whether this user may ask to see it, and how fresh it is."""

    contact: Contact
    allowed: bool
    text: str
    stale: bool


@dataclass(frozen=True)
class Note:
    """A line of a short list: a need or a look at a contact."""

    pk: int
    text: str
    detail: str
    who: str
    at: datetime | None


@dataclass(frozen=True)
class Source:
    """Where a part of the page comes from, and since when."""

    name: str
    text: str
    stale: bool


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


def whole(user: User):
    """As `seen`, with the short lists of the 360° page in the same query: the page may cost 20, however much it shows.
    """
    mine = {"customer": OuterRef("pk")}
    needs = Need.objects.filter(**mine, met_at=None)
    tasks = Task.objects.filter(**mine, done_at=None)
    looks = Reveal.objects.filter(**mine)
    imports = ImportRun.objects.filter(team=OuterRef("team_id"), what="orders", state=ImportRun.State.DONE)
    points = PointsEntry.objects.filter(**mine).order_by().values("customer").annotate(total=Sum("points"))
    return seen(user).annotate(
        open_needs=_listed(needs, NEEDS, text="text", detail="topic", who="by__display_name", at="at"),
        open_tasks=_listed(
            tasks, TASKS, text="kind", who="assignee__display_name", day="due_on", **customer_tasks.SHOWN
        ),
        looks=_listed(looks, REVEALS, text="reason", who="user__display_name", at="at"),
        points_left=Subquery(points.values("total")),
        orders_imported_at=Subquery(imports.order_by("-pk").values("finished_at")[:1]),
    )


def _listed(rows, number: int, **columns: str):
    return ArraySubquery(rows.values(json=JSONObject(pk="pk", **columns))[:number])


def _notes(rows: list[dict]) -> list[Note]:
    return [
        Note(row["pk"], row["text"], row.get("detail") or "", row["who"] or "–", parse_datetime(row["at"]))
        for row in rows
    ]


def page(customer: Customer, user: User, *, before: int | None = None, show: str = "") -> dict:
    """The context of the 360° page of a customer out of `whole`, in 20 queries for any history."""
    if user.team_id == customer.team_id:
        user.team = customer.team  # read already
    moments, earlier = customer_story.story(customer, user, before=before, show=show)
    entries = list(PointsEntry.objects.filter(customer=customer)[:5])
    verified = verification(customer)
    tickets = Ticket.objects.visible_to(user).filter(customer=customer)
    return {
        "customer": customer,
        "greeting": call_guide.greeting(customer),
        "contacts": contacts(customer, user),
        "verified": verified,
        "stale_profile": verified.stale,
        "custom": custom(customer),
        "needs": _notes(customer.open_needs),
        "tasks": customer_tasks.of_customer(customer, customer.open_tasks),
        "orders": orders_page.rows(user, customer=customer, limit=ORDERS)[0],
        "sources": sources(customer, entries),
        "consents": consents(customer),
        "channels": Consent.Channel.choices,
        "ways": WAYS,
        "tickets": tickets.active().select_related("owner").order_by("due_at", "-pk")[:10],
        "callbacks": (
            Callback.objects.visible_to(user).open().filter(ticket__customer=customer)
            .select_related("ticket", "assignee")[:5]
        ),
        "balance": customer.points_left or 0,
        "entries": entries,
        "moments": moments,
        "earlier": earlier,
        "before": before,
        "show": show,
        "shows": customer_story.SHOWS.items(),
        "reveals": _notes(customer.looks) if user.supervises else None,
    }


def consents(customer: Customer) -> list[Word]:
    """The latest word on each purpose and channel."""
    latest = customer.consents.order_by("purpose", "channel", "-at", "-id").distinct("purpose", "channel")
    by_purpose: dict[str, list[Consent]] = {}
    for row in latest:
        by_purpose.setdefault(row.purpose, []).append(row)
    words, usual = [], usual_words(customer)
    for purpose, label in Consent.Purpose.choices:
        rows = sorted(by_purpose.get(purpose, []), key=lambda row: (row.at, row.pk), reverse=True)
        given = rows[0].given if rows else False
        words.append(Word(purpose, str(label), rows, given, usual[purpose][given]))
    return words


def contacts(customer: Customer, user: User) -> list[ContactRow]:
    """Valid ones first, the preferred of each kind before the others; reads prefetched contacts."""
    rows = sorted(customer.contacts.all(), key=lambda c: not c.valid)
    return [_contact_row(row, customer, user) for row in rows]


def _contact_row(row: Contact, customer: Customer, user: User) -> ContactRow:
    old = row.valid and freshness.is_old(row.verified_on, customer.tier)
    if row.verified_on:
        text = _("verified %(day)s") % {"day": date_format(row.verified_on, "SHORT_DATE_FORMAT")}
    else:
        text = _("never verified")
    return ContactRow(row, row.valid and reveal.may_see(user, row), text, old)


def verification(customer: Customer) -> Fresh:
    """Since when the profile is known to be right."""
    stale = freshness.is_stale(customer)
    if customer.verified_on is None:
        return Fresh(_("never verified"), stale)
    return Fresh(_("verified %(day)s") % {"day": date_format(customer.verified_on, "SHORT_DATE_FORMAT")}, stale)


def custom(customer: Customer) -> list[tuple[str, str]]:
    """The admin's own fields that are filled in, by label."""
    if not customer.attributes:
        return []
    rows = [(str(row), custom_fields.shown(row, customer.attributes.get(row.code))) for row in custom_fields.active()]
    return [(label, value) for label, value in rows if value]


def sources(customer: Customer, entries: list[PointsEntry], now: datetime | None = None) -> list[Source]:
    """How fresh what the page shows is, by where it comes from."""
    now, imported = now or timezone.now(), customer.orders_imported_at
    rows = [Source(_("Tickets and calls"), _("live"), False), Source(_("Orders written here"), _("live"), False)]
    if imported:
        late = now - imported > timedelta(hours=SILENT_HOURS)
        rows.append(Source(_("Orders by file"), clocks.ago(imported), late))
    if entries:
        rows.append(Source(_("Points"), clocks.ago(entries[0].at), False))
    return rows
