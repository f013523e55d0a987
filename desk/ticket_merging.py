"""Merging two tickets, with what the apps above tickets keep on them: visits, service processes, feedback records.

Those stay where they are, so a ticket that has one under way is the one that stays.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from followups.models import Feedback
from processes.models import Process
from staff.models import User
from tickets import joining
from tickets.models import Join, Ticket
from visits.models import Visit


def refusal(survivor: Ticket, other: Ticket) -> str:
    """Why `other` may not be merged into `survivor`, in the user's words; '' if it may."""
    if why := joining.refusal(survivor, other):
        return why
    if visit := Visit.objects.open().filter(ticket=other).order_by("pk").first():
        return _("%(number)s has the open visit %(visit)s; let that ticket be the one that stays.") % {
            "number": other.number, "visit": visit.number,
        }
    if Process.objects.filter(ticket=other, state__in=[Process.State.RUNNING, Process.State.WAITING]).exists():
        return _("%(number)s has a service process under way; let that ticket be the one that stays.") % {
            "number": other.number,
        }
    if record := Feedback.objects.open().filter(ticket=other).first():
        return _("%(number)s has the feedback record %(record)s under way; let that ticket be the one that stays.") % {
            "number": other.number, "record": record.number,
        }
    return ""


@transaction.atomic
def merge(survivor: Ticket, *, other: Ticket, by: User, note: str = "", now: datetime | None = None) -> Join:
    """As `joining.merge`; what would begin on `other` meanwhile waits for its lock. Raises `joining.JoinRefused`."""
    pair = Ticket.objects.select_for_update(of=("self",)).filter(pk__in=[survivor.pk, other.pk])
    locked = {ticket.pk: ticket for ticket in pair.order_by("pk")}
    survivor, other = locked[survivor.pk], locked[other.pk]
    known = Join.objects.filter(survivor=survivor, joined=other, undone_at=None).exists()
    if not known and (why := refusal(survivor, other)):
        raise joining.JoinRefused(why)
    return joining.merge(survivor, other=other, by=by, note=note, now=now)
