"""完工回单: the slip ends a visit; what stands on it is corrected by a further version, never overwritten."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events
from staff.models import User
from visits import flow
from visits.models import Slip, State, Visit

WRITTEN = (
    "work", "parts", "charges", "result", "arrived_at", "left_at", "signed_by", "signed_how", "satisfaction", "opinion",
)
AHEAD = timedelta(minutes=10)  # clocks of telephones differ


@transaction.atomic
def write(visit: Visit, *, by: User | None, now: datetime | None = None, **given: Any) -> Slip:
    """The first slip of a visit, which completes it. `given`: what `WRITTEN` names. Raises `flow.VisitRefused`."""
    now = now or timezone.now()
    _check(given, now)
    found = flow.complete(visit, by=by, now=now)
    return Slip.objects.create(visit=found, version=1, by=by, at=now, **given)


@transaction.atomic
def correct(visit: Visit, *, correction: str, by: User | None, now: datetime | None = None, **given: Any) -> Slip:
    """A further version of a closed slip, with its reason. Raises `flow.VisitRefused`."""
    now = now or timezone.now()
    found = Visit.objects.select_for_update().get(pk=visit.pk)
    latest = found.slips.order_by("-version").first()
    if latest is None or found.state != State.COMPLETED:
        raise flow.VisitRefused(_("There is no completion slip to correct."))
    if not correction.strip():
        raise flow.VisitRefused(_("Say why the slip is corrected."))
    _check(given, now)
    row = Slip.objects.create(
        visit=found, version=latest.version + 1, correction=correction, by=by, at=now, **given
    )
    ticket = found.ticket
    events.record(
        "visit_slip_corrected", found, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id,
        team_id=ticket.team_id, now=now, visit=found.pk, version=row.version, reason=correction,
    )
    return row


def _check(given: dict[str, Any], now: datetime) -> None:
    if not str(given.get("work") or "").strip():
        raise flow.VisitRefused(_("Write what was done."))
    if given["left_at"] < given["arrived_at"]:
        raise flow.VisitRefused(_("Nobody leaves before arriving; look at the times."))
    if given["left_at"] > now + AHEAD:
        raise flow.VisitRefused(_("The time of leaving lies ahead."))
    if given["signed_how"] != Slip.Signed.REFUSED and not str(given.get("signed_by") or "").strip():
        raise flow.VisitRefused(_("Write the customer's name as it was signed."))
