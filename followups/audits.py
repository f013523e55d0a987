"""The audit 审核 of a service record before its callback (H1, P4): complete, conform, authentic, and the service items.

What a program can check it checks on all; a reviewer who did not handle the ticket judges the rest.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from followups import callbacks
from followups.callbacks import CallbackRefused, NotYours, Stale
from followups.models import Audit, Callback
from staff.models import User
from tickets import workflow
from tickets.models import Post, State, Ticket

AXES = ("complete", "conform", "authentic", "items")
STAFF_POSTS = (Post.Kind.REPLY, Post.Kind.NOTE, Post.Kind.CALL)


@dataclass(frozen=True)
class Finding:
    """One thing that the program looked at, under the axis it speaks for."""

    axis: str
    label: str
    ok: bool


def findings(ticket: Ticket) -> list[Finding]:
    """What can be checked without judging, in two queries."""
    posts = list(ticket.posts.values_list("kind", "author_id", "body"))
    written = [(author, body) for kind, author, body in posts if kind in STAFF_POSTS and body.strip()]
    reachable = ticket.customer.contacts.filter(kind__in=["phone", "email"]).exists()
    return [
        Finding("complete", _("There is a summary"), bool(ticket.subject.strip())),
        Finding("complete", _("The customer can be reached"), reachable),
        Finding("complete", _("What the customer wants is written down"), bool(ticket.wish.strip())),
        Finding("conform", _("The customer has had a first response"), ticket.first_response_at is not None),
        Finding("conform", _("There is a record of the work"), bool(written)),
        Finding("authentic", _("The customer's own words are kept"), any(k in ("inbound", "call") for k, *_ in posts)),
        Finding("authentic", _("The handler wrote the record"), any(a == ticket.handler_id for a, _b in written)),
        Finding("items", _("The topic is chosen"), ticket.category_id is not None),
    ]


def audit(
    callback: Callback,
    *,
    by: User,
    complete: bool,
    conform: bool,
    authentic: bool,
    items: bool,
    note: str = "",
    now: datetime | None = None,
) -> Audit:
    """Records the audit; a failed one returns the record to its handler and cancels the callback.

    A failure needs its reason in `note`. Raises `CallbackRefused` (`NotYours`, `Stale`) and `workflow.MoveRefused`.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = callbacks.claim(callback, by=by, now=now)
        if locked:
            row = _record(
                locked,
                Audit(callback=locked, at=now, by=by, complete=complete, conform=conform, authentic=authentic,
                      items=items, note=note.strip()),
            )
    callback.refresh_from_db()
    if locked is None:
        raise Stale(_("The ticket has moved on meanwhile; this callback is cancelled."))
    return row


def _record(callback: Callback, row: Audit) -> Audit:
    if not callback.needs_audit:
        raise CallbackRefused(_("Only the record of a service is audited."))
    if any(earlier.passed for earlier in callback.audits.all()):
        raise CallbackRefused(_("The record has passed its audit already."))
    failed = [axis for axis in AXES if not getattr(row, axis)]
    if failed and not row.note:
        raise CallbackRefused(_("Say what is wrong with the record, so that it can be put right."))
    row.save()
    callbacks.log("audited", callback, callback.ticket, by=row.by, now=row.at, passed=row.passed, failed=failed)
    if failed:
        workflow.move(callback.ticket, State.RECORDED, by=row.by, note=row.note, now=row.at)
        callbacks.close(callback, Callback.State.CANCELLED, by=row.by)
    return row


def label_of(axis: str) -> str:
    return capfirst(str(getattr(Audit._meta.get_field(axis), "verbose_name", axis)))


__all__ = ["AXES", "CallbackRefused", "Finding", "NotYours", "Stale", "audit", "findings", "label_of"]
