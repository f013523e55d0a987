"""The bell: lines for one person, coalesced so that a flood becomes one line."""

from datetime import datetime

from django.utils import timezone

from core import live
from staff.models import Notification, User

TOGETHER = 3  # more tickets than this in one batch are told in one line


def notify(user: User, kind: str, *, ticket_id: int | None = None, now: datetime | None = None, **data) -> Notification:
    """One line under the bell of `user`; the caller owns the transaction."""
    row = Notification.objects.create(
        user=user, kind=kind, ticket_id=ticket_id, data=data, at=now or timezone.now()
    )
    live.publish("bell", user_id=user.pk)
    return row


def notify_about_tickets(user: User, kind: str, ticket_ids: list[int], *, now: datetime | None = None) -> None:
    """One line a ticket, or a single line with the count where there are many."""
    if len(ticket_ids) > TOGETHER:
        notify(user, f"{kind}_many", now=now, count=len(ticket_ids))
        return
    for ticket_id in ticket_ids:
        notify(user, kind, ticket_id=ticket_id, now=now)


def mark_all_read(user: User, *, now: datetime | None = None) -> int:
    """Empties the bell and returns how many lines it held."""
    count = user.notifications.filter(read_at=None).update(read_at=now or timezone.now())
    live.publish("bell", user_id=user.pk)
    return count
