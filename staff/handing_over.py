"""The hand-over from one shift to the next 交接班: written once, confirmed once, kept for good (M4)."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, live
from staff.floor_models import HandOver, HandOverLine, HandOverReceipt, Shift
from staff.models import Team, User


class ReceiptRefused(Exception):
    """The hand-over cannot be confirmed by this person; the text says why."""


@transaction.atomic
def hand_over(
    *, team: Team, shift: Shift | None, until: datetime, lines: Iterable[HandOverLine], by: User, key: str,
    now: datetime | None = None,
) -> HandOver:
    """Writes down what a shift leaves open; `lines` are unsaved. The same `key` again gives the first one back."""
    now = now or timezone.now()
    row, made = HandOver.objects.get_or_create(
        key=key, defaults={"team": team, "shift": shift, "until": until, "by": by, "at": now}
    )
    if not made:
        return row
    kept = list(lines)
    for line in kept:
        line.hand_over = row
    HandOverLine.objects.bulk_create(kept)
    events.record("shift_handed_over", row, by=by, team_id=team.pk, now=now, lines=len(kept))
    live.publish("floor", team_id=team.pk)
    return row


@transaction.atomic
def receive(row: HandOver, *, by: User, now: datetime | None = None) -> HandOverReceipt:
    """`by` takes it over: of two at once one wins and the other is told who. Again by the same person is harmless."""
    if row.by_id == by.pk:
        raise ReceiptRefused(_("Whoever takes over confirms it, not whoever hands over."))
    now = now or timezone.now()
    receipt, made = HandOverReceipt.objects.select_related("by").get_or_create(
        hand_over=row, defaults={"by": by, "at": now}
    )
    if not made and receipt.by_id != by.pk:
        raise ReceiptRefused(_("%(name)s has taken this hand-over already.") % {"name": receipt.by})
    if made:
        events.record("shift_taken_over", row, by=by, team_id=row.team_id, now=now)
        live.publish("floor", team_id=row.team_id)
    return receipt
