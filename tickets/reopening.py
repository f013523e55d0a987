"""Reopening: the same ticket within its grace period, then a linked cycle that leaves the old figures alone (P4 †)."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events
from messaging.models import Message
from staff.models import Role, User
from tickets import intake, joining, workflow
from tickets.models import Post, Ticket


class ReopenRefused(Exception):
    """The ticket cannot be taken up again so; the text says why."""


def refusal(ticket: Ticket, user: User) -> str:
    """Why this user may not reopen the ticket by hand, in their words; '' if they may."""
    if not ticket.is_archived:
        return _("The ticket is open.")
    if user.role not in workflow.CENTRE and not user.is_superuser:
        roles = _(", ").join(str(Role(role).label) for role in Role.values if role in workflow.CENTRE)
        return _("This step belongs to: %(roles)s.") % {"roles": roles}
    return ""


@transaction.atomic
def reopen(ticket: Ticket, *, by: User, reason: str, now: datetime | None = None) -> Ticket:
    """Takes an archived ticket up by hand and returns the one to work on: itself, or its new cycle.

    Raises `ReopenRefused`; of two at once one is told where the matter goes on.
    """
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if why := refusal(locked, by):
        raise ReopenRefused(why)
    if not reason.strip():
        raise ReopenRefused(_("Say why the ticket is reopened."))
    if into := joining.survivor_of(locked):
        raise ReopenRefused(_("The matter goes on in %(number)s.") % {"number": into.number})
    if later := locked.cycles.order_by("-pk").first():
        raise ReopenRefused(_("The matter goes on in %(number)s.") % {"number": later.number})
    if workflow.returns(locked, now=now):
        return workflow.take_up(ticket, by=by, reason=reason.strip(), now=now)
    return open_cycle(locked, body=reason.strip(), by=by, now=now)


def goes_on_in(ticket: Ticket) -> Ticket:
    """The ticket itself while it is open; of an archived one what it was merged into, or its newest cycle."""
    while ticket.is_archived:
        successor = joining.survivor_of(ticket) or ticket.cycles.order_by("-pk").first()
        if successor is None:
            break
        ticket = successor
    return ticket


@transaction.atomic
def hear(ticket: Ticket, *, body: str, channel: str, key: str = "", now: datetime | None = None) -> Post:
    """What the customer says about a ticket, wherever the matter stands by now; returns the entry, on its ticket.

    Appended to the ticket where the matter goes on, which is taken up within its grace period; after it a linked cycle
    opens. The same `key` about the same ticket is heard once.
    """
    now = now or timezone.now()
    Ticket.objects.select_for_update().only("pk").get(pk=ticket.pk)  # the same words sent twice at once wait here
    key = f"{key}:{ticket.pk}" if key else ""
    if key and (known := Post.objects.filter(key=key).select_related("ticket").first()):
        return known
    found = goes_on_in(Ticket.objects.get(pk=ticket.pk))
    if found.is_archived and not workflow.returns(found, now=now):
        fresh = open_cycle(found, body=body, channel=channel, now=now)
        post = fresh.posts.order_by("pk")[0]
    else:
        post = intake.append_inbound(found, body=body, channel=channel, now=now)
    Post.objects.filter(pk=post.pk).update(key=key)
    return post


@transaction.atomic
def open_cycle(
    ticket: Ticket, *, body: str, kind: str = "", level: str = "", urgency: int = 0, channel: str = "",
    by: User | None = None, message: Message | None = None, now: datetime | None = None,
) -> Ticket:
    """Opens the next cycle of an archived ticket: same customer, summary, topic and owner; the old one stays as it is.

    What is left out is as it was.
    """
    now = now or timezone.now()
    owner = ticket.owner if ticket.owner and ticket.owner.is_active else None
    kind = kind or ticket.kind
    fresh = intake.open_ticket(
        customer=ticket.customer, kind=kind, subject=ticket.subject, channel=channel or ticket.channel, body=body,
        by=by, owner=owner, category=ticket.category, level=level or (ticket.level if kind == ticket.kind else ""),
        urgency=urgency or ticket.urgency, importance=ticket.importance, difficulty=ticket.difficulty,
        wish=ticket.wish, message=message, cycle_of=ticket, now=now,
    )
    events.record(
        "cycle_opened", ticket, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id,
        now=now, number=fresh.number, cycle=fresh.cycle,
    )
    return fresh
