"""A second chance, given by a person: for mail that could not be read and mail that could not be sent."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from messaging.models import Message, Outbox


@transaction.atomic
def take_in_again(messages: Iterable[Message]) -> list[Message]:
    """Puts quarantined messages back into the line of intake and returns those that were in quarantine."""
    held = Message.objects.select_for_update().filter(
        pk__in=[message.pk for message in messages], state=Message.State.QUARANTINED
    )
    found = list(held.only("pk", "channel"))
    Message.objects.filter(pk__in=[message.pk for message in found]).update(
        state=Message.State.STORED, action="", error=""
    )
    return found


@transaction.atomic
def send_again(rows: Iterable[Outbox], *, now: datetime | None = None) -> list[Outbox]:
    """Queues failed sendings anew, with all their attempts, and returns those that had failed."""
    failed = Outbox.objects.select_for_update().filter(pk__in=[row.pk for row in rows], state=Outbox.State.FAILED)
    found = list(failed.only("pk", "key"))
    Outbox.objects.filter(pk__in=[row.pk for row in found]).update(
        state=Outbox.State.QUEUED, attempts=0, next_attempt_at=now or timezone.now(), error=""
    )
    return found
