"""A ticket that holds two matters becomes two: chosen entries go to a new ticket with promises of its own."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import events
from staff.models import User
from tickets import intake, joining, relations
from tickets.models import Kind, Level, Post, Ticket
from tickets.relation_models import Link

MOST = 200


class SplitRefused(Exception):
    """The ticket cannot be split so; the text says why."""


@transaction.atomic
def split(
    ticket: Ticket, *, posts: Iterable[int], subject: str, kind: str, by: User, key: str = "",
    now: datetime | None = None,
) -> Ticket:
    """Opens a related ticket for the same customer with these entries; a note stays where the first of them stood.

    `key` makes a double submit harmless. Raises `SplitRefused`.
    """
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update(of=("self",)).select_related("customer").get(pk=ticket.pk)
    once = f"split:{locked.pk}:{key}" if key else None
    if once and (known := Ticket.objects.filter(idempotency_key=once).first()):
        return known
    chosen = list(locked.posts.filter(pk__in=list(posts)[:MOST]).order_by("at", "pk"))
    _check(locked, chosen, subject, kind)
    made = intake.open_ticket(
        customer=locked.customer, kind=kind, subject=subject, channel=chosen[0].channel, by=by, owner=locked.owner,
        category=locked.category if kind == locked.kind else None,
        level=Level.GENERAL if kind == Kind.COMPLAINT else "", urgency=locked.urgency, importance=locked.importance,
        difficulty=locked.difficulty, idempotency_key=once, now=now,
    )
    joining.move_posts([post.pk for post in chosen], to=made)
    words = ngettext("%(n)d entry went to %(number)s.", "%(n)d entries went to %(number)s.", len(chosen))
    facts = {"n": len(chosen), "number": made.number}
    Post.objects.create(
        ticket=locked, kind=Post.Kind.NOTE, channel=locked.channel, author=by, body=words % facts, at=chosen[0].at
    )
    Ticket.objects.filter(pk=locked.pk).update(updated_at=now)
    relations.link(locked, target=made, kind=Link.Kind.RELATED, by=by, now=now)
    for one, kind_of, other in ((locked, "split", made), (made, "split_from", locked)):
        events.record(
            kind_of, one, by=by, ticket_id=one.pk, customer_id=one.customer_id, team_id=one.team_id, now=now,
            number=other.number, posts=len(chosen),
        )
    return made


def _check(ticket: Ticket, chosen: list[Post], subject: str, kind: str) -> None:
    if ticket.is_archived:
        raise SplitRefused(_("The ticket is archived; its record stays as it is."))
    if not chosen:
        raise SplitRefused(_("Choose what belongs to the other matter."))
    if len(chosen) == ticket.posts.count():
        raise SplitRefused(_("Leave at least one entry here; what is left is this ticket's matter."))
    if not subject.strip():
        raise SplitRefused(_("A ticket needs a summary."))
    if kind not in Kind.values:
        raise SplitRefused(_("Choose a class."))
