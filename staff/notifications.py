"""The one door for notices: a line under the bell, coalesced so that a flood becomes one line.

Mails and webhooks follow by themselves: `staff.deliveries` picks up the lines that nobody has planned yet.
"""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from core import live
from staff.models import NoticeSettings, Notification, User
from staff.notice_kinds import group_of, is_urgent

TOGETHER = 3  # more tickets than this in one batch are told in one line


def notify(
    user: User, kind: str, *, ticket_id: int | None = None, urgent: bool | None = None, now: datetime | None = None,
    **data,
) -> Notification:
    """One line under the bell of `user`; the caller owns the transaction.

    `urgent` says whether quiet hours let it pass; None leaves that to the kind. What the person has muted is listed
    as read, unless it is urgent.
    """
    now = now or timezone.now()
    urgent = is_urgent(kind) if urgent is None else urgent
    wished = _wished(user)
    muted = not urgent and group_of(kind) in wished.muted
    row = Notification.objects.create(
        user=user, kind=kind, ticket_id=ticket_id, data=data, at=now, is_urgent=urgent, read_at=now if muted else None
    )
    live.publish("bell", user_id=user.pk, **({"sound": True} if urgent and wished.sound else {}))
    return row


def notify_about_tickets(
    user: User, kind: str, ticket_ids: list[int], *, urgent: bool | None = None, now: datetime | None = None
) -> None:
    """One line a ticket, or a single line with the count where there are many."""
    if len(ticket_ids) > TOGETHER:
        notify(user, f"{kind}_many", urgent=urgent, now=now, count=len(ticket_ids))
        return
    for ticket_id in ticket_ids:
        notify(user, kind, ticket_id=ticket_id, urgent=urgent, now=now)


def notify_all(users: Iterable[User], kind: str, *, now: datetime | None = None, **data) -> int:
    """The same line for many people, none of it urgent; returns how many. The caller owns the transaction."""
    now = now or timezone.now()
    people = [user.pk for user in users]
    group = group_of(kind)
    silent = NoticeSettings.objects.filter(pk__in=people, muted__contains=[group.value])
    muted = set(silent.values_list("pk", flat=True))
    Notification.objects.bulk_create(
        [Notification(user_id=pk, kind=kind, data=data, at=now, read_at=now if pk in muted else None) for pk in people],
        batch_size=1000,
    )
    for pk in people:
        live.publish("bell", user_id=pk)
    return len(people)


def mark_all_read(user: User, *, now: datetime | None = None) -> int:
    """Empties the bell and returns how many lines it held."""
    count = user.notifications.filter(read_at=None).update(read_at=now or timezone.now())
    live.publish("bell", user_id=user.pk)
    return count


def _wished(user: User) -> NoticeSettings:
    """Asked once per loaded user: a batch tells the same person many times."""
    known = user.__dict__.get("_notices_wished")
    if known is None:
        known = NoticeSettings.objects.filter(pk=user.pk).first() or NoticeSettings(user=user)
        user.__dict__["_notices_wished"] = known
    return known
