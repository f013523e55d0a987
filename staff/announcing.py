"""Announcements to the floor: published, shown on top of every page until acknowledged where they must be (M4)."""

from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events
from staff import notifications
from staff.floor_models import Announcement, Receipt
from staff.models import Team, User
from staff.sight import visible_teams

KEPT = 60  # seconds for which a page does not ask again
VERSION = "announcements"


class PublishRefused(Exception):
    """The announcement cannot be made so; the text says why."""


@transaction.atomic
def publish(*, by: User, teams: list[Team], to_all: bool = False, now: datetime | None = None, **given: Any):
    """Makes an announcement and returns it. To all teams it is an administrator's; others speak to teams in sight."""
    now = now or timezone.now()
    if to_all and not by.is_admin:
        raise PublishRefused(_("Only administrators speak to all teams; choose yours."))
    if not (to_all or teams):
        raise PublishRefused(_("Choose the teams that it is for."))
    seen = set(visible_teams(by).values_list("pk", flat=True))
    if any(team.pk not in seen for team in teams):
        raise PublishRefused(_("You speak to your own teams only."))
    row = Announcement.objects.create(author=by, to_all=to_all, created_at=now, **given)
    row.teams.set([] if to_all else teams)
    events.record("announced", row, by=by, team_id=by.team_id, now=now)
    transaction.on_commit(_renew)
    return row


def end(row: Announcement, *, by: User, now: datetime | None = None) -> None:
    """Takes an announcement off the pages; it stays in the list. One that has not begun begins and ends now."""
    now = now or timezone.now()
    with transaction.atomic():
        locked = Announcement.objects.select_for_update().get(pk=row.pk)
        if locked.ends_at <= now:
            return
        locked.starts_at = min(locked.starts_at, now - timedelta(seconds=1))
        locked.ends_at = now
        locked.save(update_fields=["starts_at", "ends_at"])
        events.record("announcement_ended", locked, by=by, team_id=by.team_id, now=now)
        transaction.on_commit(_renew)


def acknowledge(row: Announcement, *, by: User, now: datetime | None = None) -> Receipt:
    """`by` has read it; twice, or twice at once, is one receipt with the first time."""
    receipt, _made = Receipt.objects.get_or_create(announcement=row, user=by, defaults={"at": now or timezone.now()})
    cache.delete(_key(by))
    return receipt


def waiting(user: User, *, now: datetime | None = None) -> list[Announcement]:
    """What this person still has to acknowledge, the newest first: one query a minute at most, three lines at most."""
    now = now or timezone.now()
    known = cache.get_many([VERSION, _key(user)])
    version, kept = known.get(VERSION, 0), known.get(_key(user))
    if kept and kept[0] == version:
        return [Announcement(**row) for row in kept[1]]
    rows = Announcement.objects.running(now).filter(must_acknowledge=True).for_reader(user).exclude(author=user)
    unread = rows.exclude(receipts__user=user).order_by("-starts_at", "-pk")[:3]
    found = list(unread.values("pk", "title_zh", "title_en", "body_zh", "body_en"))
    cache.set(_key(user), (version, found), KEPT)
    return [Announcement(**row) for row in found]


@transaction.atomic
def tell_begun(*, now: datetime | None = None) -> int:
    """Puts announcements that have begun under their readers' bells, each once; returns how many announcements."""
    now = now or timezone.now()
    begun = Announcement.objects.running(now).filter(told_at=None).select_for_update(skip_locked=True, of=("self",))
    rows = list(begun[:10])
    for row in rows:
        readers = User.objects.filter(is_active=True).exclude(pk=row.author_id)
        if not row.to_all:
            readers = readers.filter(team__in=row.teams.all())
        notifications.notify_all(
            readers, "announced", now=now, announcement=row.pk, title_zh=row.title_zh, title_en=row.title_en
        )
    Announcement.objects.filter(pk__in=[row.pk for row in rows]).update(told_at=now)
    return len(rows)


def _key(user: User) -> str:
    return f"announcements:{user.pk}:{user.team_id}"


def _renew() -> None:
    """Every page asks anew."""
    cache.set(VERSION, timezone.now().timestamp(), None)
