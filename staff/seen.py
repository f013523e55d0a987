"""Who still has a page open: noted by their live connections, so that nobody stays ready behind a closed browser."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.utils import timezone

from staff.floor_models import Seen
from staff.models import Presence, User

NOTED_EVERY = 60  # seconds, by every open page
GONE_AFTER = timedelta(minutes=10)


def note(user_id: int, *, now: datetime | None = None) -> None:
    """A page of theirs is open at this moment."""
    row = Seen(user_id=user_id, at=now or timezone.now())
    with suppress(IntegrityError):  # the person was removed meanwhile
        Seen.objects.bulk_create([row], update_conflicts=True, unique_fields=["user"], update_fields=["at"])


def fade(*, now: datetime | None = None) -> int:
    """Takes offline whoever has had no page open for ten minutes; rules of routing pass them over from then on.

    Whoever has never had a live connection is left as they are: their presence comes from elsewhere. Running again
    does no harm. Returns how many went offline.
    """
    now = now or timezone.now()
    gone = User.objects.exclude(presence=Presence.OFFLINE).filter(seen__at__lt=now - GONE_AFTER)
    return gone.update(presence=Presence.OFFLINE, presence_since=now)
