"""Nothing is sent but from here: a row first, in the writer's transaction; a worker sends it after commit."""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Subquery
from django.utils import timezone

from core import masking, redaction
from customers import consent
from messaging import mailout
from messaging.models import Attachment, Channel, Mailbox, Outbox

log = logging.getLogger(__name__)
RETRIES = (60, 300, 900, 3600, 4 * 3600)  # seconds before each further attempt
IN_FLIGHT = timedelta(minutes=5)  # a row that has been `sending` for longer lost its worker


class File(NamedTuple):
    """A file to go along; its content, or where in the database that stands sealed."""

    name: str
    content: bytes | Subquery
    content_type: str
    size: int


def put(
    *,
    key: str,
    to: str,
    subject: str,
    body: str,
    purpose: str,
    customer=None,
    mailbox: Mailbox | None = None,
    in_reply_to: str = "",
    references: list[str] | tuple[str, ...] = (),
    auto: bool = False,
    files: Iterable[File] = (),
    is_new: bool = False,
    now: datetime | None = None,
) -> Outbox:
    """Queues a mail in the caller's transaction. A key that is known already returns its row unchanged.

    `files` go along. `is_new` spares the look for the key to who has looked already,
    under a lock.
    """
    now = now or timezone.now()
    mailbox = mailbox or Mailbox.objects.filter(is_default=True).first()
    sender = mailbox.address if mailbox else settings.DEFAULT_FROM_EMAIL
    values = {
        "channel": Channel.MAIL, "purpose": purpose, "customer": customer, "to": to,
        "to_masked": masking.email(to), "from_address": sender, "from_name": mailbox.name if mailbox else "",
        "subject": " ".join(subject.split())[:400], "body": body,
        "headers": {"in_reply_to": in_reply_to, "references": list(references), "auto": auto},
        "message_id": mailout.new_message_id(sender.rsplit("@", 1)[-1]), "queued_at": now, "next_attempt_at": now,
    }
    row, created = (
        (Outbox.objects.create(key=key, **values), True) if is_new
        else Outbox.objects.get_or_create(key=key, defaults=values)
    )
    if created:
        for file in files:
            Attachment.objects.create(outgoing=row, **file._asdict())
    return row


def send_due(*, now: datetime | None = None, limit: int = 50) -> int:
    """Sends what is due and returns how many rows were tried.

    Each row is claimed in a transaction of its own before anything leaves: a mail sent twice costs more than a late
    one. A row whose worker died while sending is failed for a person to look at, never sent blindly again.
    """
    now = now or timezone.now()
    _recover(now)
    with transaction.atomic():
        rows = list(Outbox.objects.due(now).select_for_update(skip_locked=True, of=("self",))[:limit])
        Outbox.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=Outbox.State.SENDING, next_attempt_at=now
        )
    for row in rows:
        _send(row, now)
    return len(rows)


def _recover(now: datetime) -> None:
    lost = Outbox.objects.filter(state=Outbox.State.SENDING, next_attempt_at__lt=now - IN_FLIGHT)
    lost.update(state=Outbox.State.FAILED, error="interrupted while sending; it may have arrived")


def _send(row: Outbox, now: datetime) -> None:
    if not consent.allows(row.customer, purpose=row.purpose, channel="email"):
        _finish(row, Outbox.State.CANCELLED, error="no consent")
        return
    try:
        mailout.deliver(
            mailout.build(
                from_email=row.from_address, from_name=row.from_name, to=row.to, subject=row.subject, text=row.body,
                message_id=row.message_id, attachments=_files(row), **row.headers,
            )
        )
    except mailout.TemporaryFailure as error:
        _retry(row, now, str(error))
    except Exception as error:  # one bad row must not stop the others
        log.warning("outbox %s failed: %s", row.pk, type(error).__name__)
        _finish(row, Outbox.State.FAILED, error=f"{type(error).__name__}: {masking.free_text(str(error))}")
    else:
        _finish(row, Outbox.State.SENT, sent_at=now)


def _files(row: Outbox) -> Iterator[tuple[str, bytes, str]]:
    """The customer gets the name as it was written, numbers and all."""
    for file in row.attachments.order_by("pk"):
        yield redaction.restore(file.name, file.originals), bytes(file.content), file.content_type


def _retry(row: Outbox, now: datetime, error: str) -> None:
    if row.attempts >= len(RETRIES):
        _finish(row, Outbox.State.FAILED, error=error)
        return
    wait = timedelta(seconds=RETRIES[row.attempts])
    Outbox.objects.filter(pk=row.pk).update(
        state=Outbox.State.QUEUED, attempts=row.attempts + 1, next_attempt_at=now + wait,
        error=redaction.shorten(error, 200),
    )


def _finish(row: Outbox, state: str, *, error: str = "", sent_at: datetime | None = None) -> None:
    Outbox.objects.filter(pk=row.pk).update(
        state=state, error=redaction.shorten(error, 200), sent_at=sent_at, attempts=row.attempts + 1
    )
