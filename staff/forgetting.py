"""The bell does not remember for ever: what was read and delivered long ago goes at night, a batch at a time."""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from staff.models import Delivery, Notification

KEPT = timedelta(days=90)
BATCH = 2000


def forget(*, now: datetime | None = None) -> int:
    """Deletes what was read or ended more than 90 days ago; returns how many rows. A killed run is gone on with."""
    before = (now or timezone.now()) - KEPT
    return _delete(Delivery.objects.filter(ended_at__lt=before)) + _delete(
        Notification.objects.filter(read_at__lt=before, is_planned=True)
    )


def _delete(rows: QuerySet) -> int:
    gone = 0
    while ids := list(rows.order_by().values_list("pk", flat=True)[:BATCH]):
        gone += rows.model.objects.filter(pk__in=ids).delete()[0]
    return gone
