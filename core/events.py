"""The one way to write an event, always inside the transaction that changes the state."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from core.models import Event


def draft(
    kind: str,
    subject: Any,
    /,
    *,
    by: Any = None,
    ticket_id: int | None = None,
    customer_id: int | None = None,
    team_id: int | None = None,
    now: datetime | None = None,
    **data: Any,
) -> Event:
    """An unsaved event, for set-based writers that save many with `Event.objects.bulk_create`."""
    return Event(
        at=now or timezone.now(),
        kind=kind,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        ticket_id=ticket_id,
        customer_id=customer_id,
        team_id=team_id,
        actor_id=by.pk if by else None,
        actor_name=by.display_name if by else "",
        data=data,
    )


def record(kind: str, subject: Any, /, **details: Any) -> Event:
    """Writes one event; `details` as in `draft`."""
    event = draft(kind, subject, **details)
    event.save()
    return event
