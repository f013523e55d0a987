"""Mails to members of staff: everything due for one person in one mail, in their language, never twice.

The text is written when the mail leaves and kept nowhere: ticket numbers, subjects as stored (without personal
numbers) where the reader may see the ticket, and addresses of pages.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from messaging import mailout
from staff import deliveries, wording
from staff.models import Delivery, Notification, User
from staff.notice_kinds import group_of
from staff.notice_models import Cadence, Channel, Group
from tickets.models import Ticket

log = logging.getLogger(__name__)
GAP = timedelta(minutes=2)  # between two mails to one person
LINES = 100  # in one mail; the bell holds the rest
LOST = gettext_noop("interrupted while sending; it may have arrived")
UNWANTED = gettext_noop("read already, or not wanted any more")
State = Delivery.State


@dataclass
class Parcel:
    """What one person gets in one mail."""

    user: User
    zone: str
    rows: list[Delivery] = field(default_factory=list)
    lines: list[Notification] = field(default_factory=list)


def send_due(*, now: datetime | None = None, limit: int = 10) -> int:
    """Sends what is due, one mail a person; returns how many mails were tried.

    A person's rows are claimed together before the mail leaves. One whose worker ended meanwhile is failed, never
    sent again blindly.
    """
    now = now or timezone.now()
    while deliveries.plan(now=now):
        pass
    lost = Delivery.objects.lost(Channel.MAIL, now - deliveries.IN_FLIGHT)
    lost.update(state=State.FAILED, ended_at=now, why=LOST)
    parcels = _claim(now, limit)
    for parcel in parcels:
        _send(parcel, now)
    return len(parcels)


@transaction.atomic
def _claim(now: datetime, limit: int) -> list[Parcel]:
    mine = Delivery.objects.filter(user=OuterRef("pk"), channel=Channel.MAIL)
    people = User.objects.filter(Exists(mine.filter(state=State.QUEUED, due_at__lte=now)))
    people = people.exclude(Exists(mine.filter(state=State.SENT, ended_at__gt=now - GAP)))
    # Whoever holds the person's row makes their mail; nobody waits for it.
    users = {user.pk: user for user in people.order_by("pk").select_for_update(skip_locked=True, no_key=True)[:limit]}
    rows = list(Delivery.objects.due(Channel.MAIL, now).filter(user__in=users).order_by("user", "pk"))
    lines = Notification.objects.in_bulk({row.notification_id for row in rows})
    wishes = deliveries.Wishes(users)
    parcels = {pk: Parcel(user, wishes.settings(user).zone) for pk, user in users.items()}
    for row in rows:
        line = lines.get(row.notification_id)
        user = users[row.user_id]
        if line is None or not _is_wanted(line, user, wishes):
            Delivery.objects.filter(pk=row.pk).update(state=State.DROPPED, ended_at=now, why=UNWANTED)
        elif (later := wishes.settings(user).silent_until(now)) and not line.is_urgent:
            Delivery.objects.filter(pk=row.pk).update(due_at=later)
        else:
            parcels[user.pk].rows.append(row)
            parcels[user.pk].lines.append(line)
    found = [parcel for parcel in parcels.values() if parcel.rows]
    claimed = [row.pk for parcel in found for row in parcel.rows]
    Delivery.objects.filter(pk__in=claimed).update(state=State.SENDING, claimed_at=now, attempts=F("attempts") + 1)
    return found


def _is_wanted(line: Notification, user: User, wishes: deliveries.Wishes) -> bool:
    """Still so: what was read under the bell meanwhile, or is wished for no longer, is not mailed."""
    read = line.read_at is not None and line.read_at > line.at
    return bool(
        not read and user.is_active and user.email and wishes.mail(user.pk, group_of(line.kind)) != Cadence.OFF
    )


def _send(parcel: Parcel, now: datetime) -> None:
    rows = Delivery.objects.filter(pk__in=[row.pk for row in parcel.rows], state=State.SENDING)
    try:
        subject, text = compose(parcel.user, parcel.lines, zone=parcel.zone)
        sender = settings.DEFAULT_FROM_EMAIL
        mailout.deliver(
            mailout.build(
                from_email=sender, from_name=str(_("Service Desk")), to=parcel.user.email, subject=subject, text=text,
                message_id=mailout.new_message_id(sender.rsplit("@", 1)[-1]), auto=True,
            )
        )
    except mailout.TemporaryFailure as error:
        attempt = max(row.attempts for row in parcel.rows)
        if attempt < len(deliveries.RETRIES):
            again = now + timedelta(seconds=deliveries.RETRIES[attempt])
            rows.update(state=State.QUEUED, due_at=again, why=str(error)[:200])
        else:
            rows.update(state=State.FAILED, ended_at=now, why=str(error)[:200])
    except Exception as error:  # one person's mail must not stop the others'
        log.warning("notices of user %s not mailed: %s", parcel.user.pk, type(error).__name__)
        rows.update(state=State.FAILED, ended_at=now, why=type(error).__name__)
    else:
        rows.update(state=State.SENT, ended_at=now, why="")


def compose(user: User, lines: list[Notification], *, zone: str) -> tuple[str, str]:
    """(subject, text) in the reader's language and time: the weightiest group first, the newest line last."""
    with translation.override(user.language or settings.LANGUAGE_CODE), timezone.override(ZoneInfo(zone)):
        seen = Ticket.objects.visible_to(user).filter(pk__in={line.ticket_id for line in lines if line.ticket_id})
        subjects = dict(seen.values_list("pk", "subject"))
        order = list(Group)
        placed = sorted(((order.index(group_of(line.kind)), line.pk, line) for line in lines), key=itemgetter(0, 1))
        groups = [
            {"label": order[place].label, "lines": [_line(line, subjects) for _place, _pk, line in found]}
            for place, found in groupby(placed[:LINES], key=itemgetter(0))
        ]
        text = render_to_string("emails/notices.txt", {
            "user": user, "groups": groups, "more": max(len(lines) - LINES, 0), "site": settings.SITE_URL.rstrip("/"),
            "bell": reverse("staff:notifications"), "change": reverse("me:notices"),
        })  # fmt: skip
        return _subject(lines), text.strip() + "\n"


def _subject(lines: list[Notification]) -> str:
    if len(lines) == 1:
        return wording.line(lines[0]).text[:200]
    return ngettext("%(count)d notice from your desk", "%(count)d notices from your desk", len(lines)) % {
        "count": len(lines)
    }


def _line(line: Notification, subjects: dict[int, str]) -> dict:
    worded = wording.line(line)
    return {"at": line.at, "text": worded.text, "subject": subjects.get(line.ticket_id or 0, ""), "url": worded.url}
