"""What staff add to a ticket: replies through the outbox, internal notes, and having read it."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core import events, live
from messaging import outbox
from messaging.models import Channel, Mailbox
from staff import notifications
from staff.models import User
from tickets import drafts, mentions, sla, watching
from tickets.draft_models import Draft
from tickets.models import Post, Ticket
from tickets.routing_models import Turn

LONGEST = 100_000  # characters of one reply or note
THREADED, LOOKED_BACK = 5, 40  # mails each way that a reply refers to, and posts among which they are looked for
WAITING = gettext_noop("The customer has to decide")


class ReplyRefused(Exception):
    """The reply cannot be sent; the text says why. What was typed is kept by the caller."""


@transaction.atomic
def reply(
    ticket: Ticket,
    *,
    body: str,
    by: User,
    next_update_at: datetime | None = None,
    wait: bool = False,
    key: str = "",
    files: Iterable[int] = (),
    noted: dict | None = None,
    now: datetime | None = None,
) -> Post:
    """Queues a reply to the customer and meets the first response (C3, C7); the writer's draft is emptied with it.

    An unsolved ticket needs `next_update_at`, the time of the next answer, in the future. `wait` says that the
    customer has to decide, and pauses the clock. `key` makes a double submit harmless. `files` are ids of the writer's
    draft, `noted` goes into the event: what quality wants to know of how the reply was written.
    """
    now = now or timezone.now()
    key = f"reply:{ticket.pk}:{key or secrets.token_hex(8)}"
    locked = Ticket.objects.select_for_update(of=("self",)).select_related("customer", "team").get(pk=ticket.pk)
    if known := Post.objects.filter(outgoing__key=key).first():
        return known
    address = _checked(locked, body, next_update_at, wait, now)
    along = _along(locked, by, list(files))
    outgoing = outbox.put(
        key=key, to=address, customer=locked.customer, purpose="service", subject=_subject(locked), body=body,
        mailbox=Mailbox.objects.filter(team=locked.team_id).first(), now=now, files=along, is_new=True,
        **_thread(locked),
    )
    post = Post.objects.create(
        outgoing=outgoing, ticket=locked, kind=Post.Kind.REPLY, channel=Channel.MAIL, author=by, body=body, at=now,
        next_update_at=next_update_at,
    )
    drafts.clear(locked, user=by, kind=Draft.Kind.REPLY, now=now)
    _after_reply(locked, by=by, now=now, wait=wait, noted=noted or {})
    watching.tell(locked, watching.REPLIED, by=by, now=now, name=str(by), post=post.pk)
    _follow(ticket, locked)
    return post


def _follow(ticket: Ticket, locked: Ticket) -> None:
    """The caller's ticket says what the row says now, which is known here without asking for it again."""
    for column in Ticket._meta.concrete_fields:
        setattr(ticket, column.attname, getattr(locked, column.attname))


def _along(ticket: Ticket, by: User, ids: list[int]) -> list[outbox.File]:
    chosen = drafts.chosen(ticket, user=by, ids=ids)
    if len(chosen) < len(set(ids)):
        raise ReplyRefused(_("A file that was to go along is gone; look at the files and send again."))
    return [outbox.File(file.name, drafts.content_of(file), file.content_type, file.size) for file in chosen]


def _checked(ticket: Ticket, body: str, next_update_at, wait: bool, now: datetime) -> str:
    """The address to write to; raises `ReplyRefused` where a reply may not go out."""
    if ticket.is_archived:
        raise ReplyRefused(_("The ticket is archived; open a linked one to write again."))
    _check_text(body)
    if next_update_at and next_update_at <= now:
        raise ReplyRefused(_("The promised time has already passed."))
    if not (next_update_at or wait or ticket.resolved_at):
        raise ReplyRefused(_("Not solved yet: say when the customer hears from us next."))
    contact = ticket.customer.contacts.filter(kind="email").order_by("-preferred", "id").first()
    if contact is None:
        raise ReplyRefused(_("No mail address is known for this customer; call them, or add an address."))
    return contact.value


def _check_text(body: str) -> None:
    if not body.strip():
        raise ReplyRefused(_("Write something first."))
    if len(body) > LONGEST:
        raise ReplyRefused(
            _("%(length)s characters are too many; one message takes %(limit)s. Shorten it, or add it as a file.")
            % {"length": f"{len(body):,}", "limit": f"{LONGEST:,}"}
        )


def _after_reply(ticket: Ticket, *, by: User, now: datetime, wait: bool, noted: dict) -> None:
    ticket.first_response_at = ticket.first_response_at or now
    ticket.unread, ticket.updated_at = False, now
    sla.answered(ticket, proposed=wait, now=now)
    ticket.save(update_fields=["first_response_at", "unread", "updated_at", *sla.DUE])
    events.record(
        "replied", ticket, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        **noted,
    )
    if wait and not ticket.waiting_customer:
        sla.pause(ticket, by=by, reason=WAITING, by_hand=False, now=now)
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)


def _subject(ticket: Ticket) -> str:
    return f"Re: {ticket.subject} [{ticket.number}]"


def _thread(ticket: Ticket) -> dict:
    """References that keep the customer's mail program in one thread: the last five mails each way, of the last forty.

    Of each only its id is read: the mails themselves may have 25 MB.
    """
    mails = ticket.posts.exclude(message=None, outgoing=None).order_by("-pk")
    rows = list(mails.values_list("message__envelope", "outgoing__message_id")[:LOOKED_BACK])
    received = [envelope.get("message_id") or "" for envelope, _sent in rows if envelope is not None][:THREADED]
    sent = [message_id for _envelope, message_id in rows if message_id][:THREADED]
    ids = [message_id for message_id in [*reversed(received), *reversed(sent)] if message_id]
    last = received[0] if received else ""
    return {"in_reply_to": last or (ids[-1] if ids else ""), "references": ids}


@transaction.atomic
def note(ticket: Ticket, *, body: str, by: User, key: str = "", now: datetime | None = None) -> Post:
    """Adds an internal note; customers never see it. Colleagues @mentioned in it are told, and watch from then on.

    `key` makes a double submit harmless.
    """
    _check_text(body)
    now = now or timezone.now()
    Ticket.objects.select_for_update().only("pk").get(pk=ticket.pk)
    if key and (known := ticket.posts.filter(key=key).first()):
        return known
    body, mentioned = mentions.stored(body, mentions.colleagues(ticket) if "@" in body else ())
    post = Post.objects.create(
        ticket=ticket, kind=Post.Kind.NOTE, channel=ticket.channel, author=by, body=body, at=now, key=key
    )
    Ticket.objects.filter(pk=ticket.pk).update(updated_at=now)
    drafts.clear(ticket, user=by, kind=Draft.Kind.NOTE, now=now)
    events.record(
        "noted", ticket, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now
    )
    for user in mentioned:
        watching.watch(ticket, user=user, by=by, now=now)
        if user != by:
            notifications.notify(user, "mentioned", ticket_id=ticket.pk, now=now, by=str(by), post=post.pk)
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)
    return post


def mark_read(ticket: Ticket, *, by: User) -> None:
    """Takes the unread mark off when its owner, or anybody while it has none, has opened it."""
    if ticket.unread and ticket.owner_id in (None, by.pk):
        Ticket.objects.filter(pk=ticket.pk).update(unread=False)
        Turn.objects.filter(ticket=ticket, agent=by).delete()  # opened in time
        ticket.unread = False
