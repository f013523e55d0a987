"""The acknowledgement at once that ISO 10002 asks for: the number, and when the customer hears from us."""

import re
from datetime import datetime, timedelta

from django.db import connection
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from core import events
from messaging import outbox
from messaging.mail import ParsedMail
from messaging.models import Mailbox, Outbox
from tickets.models import Metric, Ticket

# One an hour to the same customer: two programs must never keep each other busy.
QUIET = timedelta(hours=1)
SILENT = ("noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "mailer-daemon", "postmaster", "bounce")
_UNWANTED = re.compile(
    rb"^(list-id|list-unsubscribe|list-post|x-auto-response-suppress|auto-submitted:(?!\s*no\s*$)"
    rb"|precedence:\s*(list|bulk|junk))",
    re.I | re.M,
)
_KEY = re.compile(r"ack:(\d+)")
RECENT = "SELECT 1 FROM messaging_outbox WHERE customer_id = %s AND key LIKE 'ack:%%' AND queued_at > %s LIMIT 1"


def wanted(mail: ParsedMail, raw: bytes) -> bool:
    """False where nobody reads the answer, or the headers ask for none: mailing lists, bulk mail, programs."""
    head = re.split(rb"\r?\n\r?\n", bytes(raw[:200_000]), maxsplit=1)[0]
    return not (mail.from_email.startswith(SILENT) or _UNWANTED.search(head))


def ticket_number(key: str) -> int | None:
    """The ticket that the row of the outbox with this key acknowledges; None for any other mail."""
    found = _KEY.fullmatch(key)
    return int(found[1]) if found else None


def queue(ticket: Ticket, mail: ParsedMail, *, mailbox: Mailbox | None, now: datetime) -> Outbox | None:
    """Queues the acknowledgement of a mail that just opened a ticket; None when the customer had one lately."""
    with connection.cursor() as cursor:
        cursor.execute(RECENT, [ticket.customer_id, now - QUIET])
        if cursor.fetchone():
            return None
    with translation.override(ticket.customer.language):
        row = outbox.put(
            key=f"ack:{ticket.pk}", to=mail.from_email, customer=ticket.customer, purpose="service",
            subject=f"Re: {ticket.subject} [{ticket.number}]", body=_text(ticket, mailbox), mailbox=mailbox,
            in_reply_to=mail.message_id, references=mail.references, auto=True, is_new=True, now=now,
        )
    events.record(
        "acknowledged", ticket, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now
    )
    return row


def _text(ticket: Ticket, mailbox: Mailbox | None) -> str:
    if ticket.due_kind == Metric.FIRST_RESPONSE:  # nearly always what is due first
        due_at = ticket.due_at
    else:
        due_at = ticket.timers.filter(metric=Metric.FIRST_RESPONSE).values_list("due_at", flat=True).first()
    words = [
        _("Good day,"),
        _("we have received your message. Its number is %(number)s; please keep it in the subject if you write again.")
        % {"number": ticket.number},
    ]
    if due_at:
        by = timezone.localtime(due_at)
        when = f"{formats.date_format(by, 'DATETIME_FORMAT')} ({by:%Z})"
        words.append(_("You will hear from us by %(when)s.") % {"when": when})
    words.append(mailbox.name if mailbox else _("Customer service"))
    return "\n\n".join(words)
