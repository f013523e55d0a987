"""What a row of the queue shows, read as plain values: fifty rows are drawn without fifty tickets being built."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Case, OuterRef, Subquery, Value, When
from django.utils.translation import get_language

from customers.models import Contact
from messaging.models import Channel
from tickets.models import Tagging, Ticket

# Field of a row → the column it is read from; `tier` and `category` in the reader's language.
READ = {
    "pk": "pk", "subject": "subject", "kind": "kind", "state": "state", "channel": "channel", "priority": "priority",
    "chases": "chases", "unread": "unread", "waiting_customer": "waiting_customer",
    "due_at": "due_at", "due_from": "due_from", "due_kind": "due_kind",
    "opened_at": "opened_at", "updated_at": "updated_at", "snoozed_until": "snooze__until",
    "first_in_queue": "tier__first_in_queue",
    "customer_id": "customer_id", "customer": "customer__name", "since": "customer__since",
    "tier": "customer__tier__name_{}", "badge": "customer__tier__badge",
    "owner_id": "owner_id", "owner": "owner__display_name", "username": "owner__username",
    "reached_at": "reached_at",
}


@dataclass(slots=True)
class Row:
    """One ticket of the queue."""

    pk: int
    subject: str
    kind: str
    state: str
    channel: str
    priority: int
    chases: int
    unread: bool
    waiting_customer: bool
    due_at: datetime | None
    due_from: datetime | None
    due_kind: str
    opened_at: datetime
    updated_at: datetime
    snoozed_until: datetime | None
    first_in_queue: bool | None
    customer_id: int
    customer: str
    since: date
    tier: str
    badge: str
    owner_id: int | None
    owner: str | None
    username: str | None
    reached_at: str | None  # the masked contact beside the name
    category: str | None = None
    tags: list[tuple[str, str]] = field(default_factory=list)  # name, colour

    @property
    def number(self) -> str:
        return f"T-{self.pk}"


# The masked contact beside a name: an address where they wrote by mail, a number otherwise.
FITTING = Case(When(channel=Channel.MAIL, then=Value("email")), default=Value("phone"))
PLACE = Case(When(kind=OuterRef("fitting"), then=0), When(kind__in=("phone", "email"), then=1), default=2)
CONTACT = (
    Contact.objects.filter(customer=OuterRef("customer")).alias(place=PLACE).order_by("place", "-preferred", "pk")
)


def read(ids: list[int], columns: Collection[str]) -> list[Row]:
    """The rows of these tickets in this order, with what the chosen columns show; a query, two with tags."""
    paths = READ | ({"category": "category__name_{}"} if "category" in columns else {})
    spoken = "zh" if (get_language() or "").startswith("zh") else "en"
    tickets = Ticket.objects.filter(pk__in=ids).alias(fitting=FITTING)
    reached = Subquery(CONTACT.values("masked")[:1])
    found = tickets.annotate(reached_at=reached).values_list(*(path.format(spoken) for path in paths.values()))
    rows = {values[0]: Row(**dict(zip(paths, values, strict=True))) for values in found}
    if "tags" in columns:
        _add_tags(rows)
    return [rows[pk] for pk in ids if pk in rows]


def _add_tags(rows: dict[int, Row]) -> None:
    taggings = Tagging.objects.filter(ticket__in=rows).order_by("tag__name")
    for ticket, name, colour in taggings.values_list("ticket", "tag__name", "tag__colour"):
        rows[ticket].tags.append((name, colour))
