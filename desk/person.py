"""Everything about one person: which rows of which tables, over every app and history."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q, QuerySet

from core.models import Event
from customers.models import Contact, Customer
from desk import belongings
from desk.belongings import history_of, is_history, plain
from messaging.inbound import digest_of
from messaging.models import Call, Message, Outbox
from processes.models import Invitation
from staff.floor_models import HandOverLine
from staff.models import Notification
from tickets.models import Post, Ticket


@dataclass
class Person:
    """Ids of rows by table, and the identifiers under which rows without a link are recognised."""

    rows: dict[type[models.Model], set[int]] = field(default_factory=dict)
    customer_ids: list[int] = field(default_factory=list)
    values: dict[str, set[str]] = field(default_factory=dict)  # kind of contact: values
    masks: set[str] = field(default_factory=set)

    def add(self, model: type[models.Model], ids: Iterable[int]) -> set[int]:
        """Takes rows in with everything that hangs on them; returns those that are new."""
        fresh = set(ids) - self.rows.get(model, set())
        if fresh:
            self.rows.setdefault(model, set()).update(fresh)
            for below, name in _hanging_on(model):
                self.add(below, plain(below).filter(**{f"{name}__in": fresh}).values_list("pk", flat=True))
        return fresh

    def of(self, model: type[models.Model]) -> QuerySet:
        return plain(model).filter(pk__in=self.rows.get(model, ()))

    def history(self, model: type[models.Model]) -> QuerySet | None:
        """Former states of these rows, of deleted ones too."""
        table = history_of(model)
        if table is None:
            return None
        key = model._meta.pk.attname
        theirs = Q(**{f"{key}__in": self.rows.get(model, ())})
        for column in table._meta.concrete_fields:
            if isinstance(column, models.ForeignKey) and column.related_model is Customer and model is not Customer:
                theirs |= Q(**{f"{column.attname}__in": self.customer_ids})
        return plain(table).filter(theirs)

    def admin_log(self) -> QuerySet:
        types = ContentType.objects.get_for_models(*self.rows)
        theirs = Q(pk=None)
        for model, ids in self.rows.items():
            theirs |= Q(content_type=types[model], object_id__in=[str(pk) for pk in ids])
        return plain(LogEntry).filter(theirs)


def _hanging_on(model: type[models.Model]) -> list[tuple[type[models.Model], str]]:
    """(table, its field) of every row that belongs to a row of this table."""
    return [
        (relation.related_model, relation.field.name)
        for relation in model._meta.get_fields(include_hidden=True)
        if isinstance(relation, models.ManyToOneRel)
        and not is_history(relation.related_model)
        and relation.related_model is not model
    ]


def group_of(customer: Customer) -> list[int]:
    """The customer and everybody who was merged into them."""
    ids, fresh = [customer.pk], [customer.pk]
    while fresh:
        fresh = list(Customer.objects.filter(merged_into__in=fresh).values_list("pk", flat=True))
        ids += fresh
    return ids


def collect(customer: Customer) -> Person:
    """Follows every link from the customer down, and finds what was never linked: dropped calls, unrouted mails."""
    person = Person(customer_ids=group_of(customer))
    for contact in Contact.objects.filter(customer__in=person.customer_ids):
        person.values.setdefault(contact.kind, set()).add(contact.value)
        person.masks.add(contact.masked)
    person.add(Customer, person.customer_ids)
    for link in belongings.links():
        person.add(link.model, link.rows(person.customer_ids).values_list("pk", flat=True))
    take_in_threads(person)
    _take_in_unlinked(person)
    return person


def of_tickets(ticket_ids: Iterable[int]) -> Person:
    """Everything that hangs on these tickets, and on nothing but them."""
    person = Person()
    person.add(Ticket, ticket_ids)
    take_in_threads(person)
    return person


def take_in_threads(person: Person) -> None:
    """The raw mails, outgoing mails and calls behind the conversation, its events and lines under the bell."""
    posts = person.of(Post)
    for name, model in (("message", Message), ("outgoing", Outbox), ("call", Call)):
        person.add(model, posts.exclude(**{name: None}).values_list(f"{name}_id", flat=True))
    person.add(Outbox, person.of(Invitation).exclude(outgoing=None).values_list("outgoing_id", flat=True))
    tickets = person.rows.get(Ticket, set())
    for model in (Event, Notification, HandOverLine):
        person.add(model, plain(model).filter(ticket_id__in=tickets).values_list("pk", flat=True))
    mails = [f"ack:{pk}" for pk in tickets]
    person.add(Outbox, plain(Outbox).filter(key__in=mails).values_list("pk", flat=True))


def _take_in_unlinked(person: Person) -> None:
    numbers, addresses = person.values.get("phone", set()), person.values.get("email", set())
    for call in plain(Call).filter(customer=None, masked__in=person.masks).only("number"):
        if call.number in numbers:
            person.add(Call, [call.pk])
    for row in plain(Outbox).filter(customer=None, to_masked__in=person.masks).only("to"):
        if row.to.lower() in addresses:
            person.add(Outbox, [row.pk])
    if not addresses:
        return
    digests = {digest_of(bytes(raw)) for raw in person.of(Message).values_list("raw", flat=True) if raw}
    person.add(Message, plain(Message).filter(digest__in=digests).values_list("pk", flat=True))
    # What never became a post (bounces, automatic answers, what was quarantined) names nobody in the open.
    for message in plain(Message).filter(post=None).exclude(pk__in=person.rows.get(Message, ())).iterator(200):
        if _names(message, addresses):
            person.add(Message, [message.pk])


def _names(message: Message, addresses: set[str]) -> bool:
    sender = str((message.envelope or {}).get("from_email", "")).lower()
    raw = bytes(message.raw or b"").lower()
    return sender in addresses or any(address.encode() in raw for address in addresses)

