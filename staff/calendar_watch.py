"""A calendar without the days of a year in use: the administrators hear of it, wherever in the desk they are."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from core import calendar_gaps
from staff import notifications
from staff.models import Notification, Role, User

AGAIN = timedelta(days=7)  # while nobody has mended it


def tell(*, now: datetime | None = None) -> int:
    """One line under each administrator's bell for each calendar and year, weekly until it is mended."""
    now = now or timezone.now()
    today, told = timezone.localdate(now), 0
    gaps = [("calendar_missing", *gap) for gap in calendar_gaps.missing(today)]
    gaps += [("calendar_unannounced", *gap) for gap in calendar_gaps.unannounced(today)]
    for kind, calendar, year in gaps:
        facts: dict[str, Any] = {"calendar": calendar.pk, "year": year}
        with transaction.atomic():
            # Of two workers at once the second waits here, and finds the lines of the first.
            people = list(User.objects.select_for_update(no_key=True).filter(
                is_active=True, role=Role.ADMIN).order_by("pk"))  # fmt: skip
            lately = Notification.objects.filter(kind=kind, at__gt=now - AGAIN, data__contains=facts)
            known = set(lately.values_list("user", flat=True))
            for person in people:
                if person.pk not in known:
                    notifications.notify(person, kind, now=now, name=calendar.name, **facts)
                    told += 1
    return told
