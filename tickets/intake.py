"""Where every contact becomes a ticket: the phone form, a mail and the API all end in `open_ticket`."""

from contextlib import nullcontext
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from core import bulk, events, live, redaction
from customers import registry
from customers.models import Customer
from messaging.models import AUTHORITIES, Call, Message
from staff import notifications
from staff.models import User
from tickets import (
    accounts,
    chasers,
    classification,
    routing_rules,
    rulebook,
    sla,
    sla_opening,
    watching,
    workflow,
)
from tickets.models import Channel, Grade, Kind, Level, Post, Ticket


@transaction.atomic
def open_ticket(
    *,
    customer: Customer,
    kind: str,
    subject: str,
    channel: str,
    body: str = "",
    by: User | None = None,
    owner: User | None = None,
    category=None,
    level: str = "",
    urgency: int = Grade.MEDIUM,
    importance: int = Grade.MEDIUM,
    difficulty: int = Grade.MEDIUM,
    wish: str = "",
    message: Message | None = None,
    call: Call | None = None,
    cycle_of: Ticket | None = None,
    external: tuple[str, str] = ("", ""),
    idempotency_key: str | None = None,
    now: datetime | None = None,
) -> Ticket:
    """Opens a ticket with its first post, its timers and its event, in one transaction.

    A repeated `idempotency_key` returns the ticket that the first call opened. A call answers at once, so its
    first response is met as it opens, unless an authority passes the matter on. Without an owner it goes to the
    account manager, where the tier says so.
    `external` is (source, id) of the record in another system.
    """
    now = now or timezone.now()
    if idempotency_key and (known := Ticket.objects.filter(idempotency_key=idempotency_key).first()):
        return known
    customer, book = registry.heard(customer, now=now), rulebook.current()
    manager = None if owner else accounts.manager_for(customer)
    ticket = Ticket(
        team_id=customer.team_id, customer=customer, tier_id=customer.tier_id, kind=kind, channel=channel,
        subject=redaction.shorten(subject.strip(), 200), category=category,
        level=(level or Level.GENERAL) if kind == Kind.COMPLAINT else "",
        urgency=urgency, importance=importance, difficulty=difficulty, wish=wish, owner=owner or manager, opened_by=by,
        priority=classification.priority(
            urgency=urgency, importance=importance, difficulty=difficulty, tier_rank=customer.tier.rank
        ),
        opened_at=now, state_since=now, updated_at=now, unread=by is None, cycle_of=cycle_of,
        cycle=cycle_of.cycle + 1 if cycle_of else 1,
        external_source=external[0], external_id=external[1], idempotency_key=idempotency_key,
    )
    routed = None if owner or manager else routing_rules.apply(ticket, book=book, text=body, now=now)
    promises = sla_opening.promised(ticket, book=book)
    timers = sla_opening.plan(ticket, promises, answered=call is not None and channel not in AUTHORITIES, now=now)
    if other := _save_once(ticket):
        return other
    _first_post(ticket, body=body, by=by, message=message, call=call, now=now)
    sla_opening.start(ticket, timers, promises, now=now)
    events.record(
        "opened", ticket, by=by, ticket_id=ticket.pk, customer_id=customer.pk, team_id=ticket.team_id, now=now,
        channel=channel, kind=kind,
    )
    if routed:
        routing_rules.settle(ticket, routed, now=now)
    if manager and manager != by:
        notifications.notify(manager, "managed", ticket_id=ticket.pk, now=now)
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)
    return ticket


def _save_once(ticket: Ticket) -> Ticket | None:
    """Saves it; of two equal submits at once the second gets the ticket of the first, and saves nothing."""
    key = ticket.idempotency_key
    try:
        # A savepoint only where a key can collide.
        with transaction.atomic() if key else nullcontext():
            bulk.save_and_remember(ticket, kind="+", by=ticket.opened_by, force_insert=True)
    except IntegrityError:
        if key and (known := Ticket.objects.filter(idempotency_key=key).first()):
            return known
        raise
    return None


def _first_post(ticket: Ticket, *, body: str, by, message, call, now: datetime) -> None:
    if not (body or message or call):
        return
    Post.objects.create(
        ticket=ticket, kind=Post.Kind.CALL if call else Post.Kind.INBOUND, channel=ticket.channel,
        author=by if call else None, body=body, at=now, message=message, call=call,
    )


@transaction.atomic
def append_inbound(
    ticket: Ticket, *, body: str, channel: str = Channel.MAIL, message: Message | None = None,
    call: Call | None = None, by: User | None = None, now: datetime | None = None,
) -> Post:
    """The customer wrote or called again: appended, marked unread, and the clock runs on.

    Of a call, `by` took it down. Whoever asks again without being waited for chases 催单 (C9). An archived ticket is
    taken up again within its grace period; after it this raises `workflow.MoveRefused`.
    """
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    returned = locked.is_archived
    if returned:
        workflow.take_up(locked, by=by, now=now)
    post = Post.objects.create(
        ticket=locked, kind=Post.Kind.CALL if call else Post.Kind.INBOUND, channel=channel, body=body,
        message=message, call=call, author=by if call else None, at=now,
    )
    waiting = locked.waiting_customer
    heard = locked.posts.filter(kind__in=[Post.Kind.INBOUND, Post.Kind.CALL]).count()
    locked.unread, locked.updated_at = True, now
    if heard > 1 and not (waiting or returned):
        chasers.count(locked, by=by, now=now)
    bulk.save_and_remember(locked, kind="~", by=by, update_fields=["unread", "updated_at", "chases", "priority"])
    Customer.objects.filter(pk=locked.customer_id).update(last_contact_at=now)
    events.record(
        "customer_wrote", locked, ticket_id=locked.pk, customer_id=locked.customer_id, team_id=locked.team_id, now=now,
        channel=channel,
    )
    sla.heard(locked, spoken=call is not None, now=now)
    watching.tell(locked, watching.WROTE, by=by, now=now, post=post.pk)
    live.publish("ticket", team_id=locked.team_id, ticket=locked.pk)
    return post


def split_subject(text: str, limit: int = 80) -> str:
    """A one-line summary out of a longer text, cut at a word or clause end."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if len(line) <= limit:
        return line
    limit = len(redaction.shorten(line, limit))
    cut = max(line.rfind(mark, 0, limit) for mark in "，。；, .;")
    return line[: cut if cut > limit // 2 else limit].rstrip() + "…"
