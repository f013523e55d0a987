"""Taking an escalated promise in hand: the climbing rests until the next share of its target has gone by."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, live
from staff.models import User
from tickets.models import Acknowledgement, Escalation, SLATimer


class AcknowledgeRefused(Exception):
    """Nothing to acknowledge, or not by this person; the text says why and names who was faster."""


def may(step: Escalation, user: User) -> bool:
    """Whoever was told, and everybody who acts on escalations."""
    return user.supervises or step.to_id == user.pk


@transaction.atomic
def acknowledge(step: Escalation, *, by: User, now: datetime | None = None) -> Acknowledgement:
    """Acknowledges this step and those of the same promise that are still open. Harmless when repeated.

    Of two at once the first wins and the other learns who. Raises `AcknowledgeRefused`.
    """
    now = now or timezone.now()
    # The lock that climbing takes as well: a rung is either taken before, and covered, or not taken at all.
    timer = SLATimer.objects.select_for_update(of=("self",)).get(pk=step.timer_id)
    first = Acknowledgement.objects.filter(escalation=step).select_related("by").first()
    if first and first.by_id == by.pk:
        return first
    if first:
        at = timezone.localtime(first.at).strftime("%m-%d %H:%M")
        raise AcknowledgeRefused(_("%(name)s acknowledged this already, at %(time)s.") % {"name": first.by, "time": at})
    if timer.stopped_at:
        raise AcknowledgeRefused(_("The promise is settled; nothing has to be acknowledged any more."))
    if not may(step, by):
        raise AcknowledgeRefused(_("Those who were told acknowledge this, and team leads."))
    open_steps = Escalation.objects.filter(timer=timer, acknowledgement=None).order_by("level")
    rows = Acknowledgement.objects.bulk_create([Acknowledgement(escalation=one, by=by, at=now) for one in open_steps])
    timer.acknowledged_level = timer.escalation_level
    if timer.next_escalation_at:
        timer.next_escalation_at = now  # the next beat looks where the ladder leads from here
    timer.save(update_fields=["acknowledged_level", "next_escalation_at"])
    ticket = step.ticket
    events.record(
        "escalation_acknowledged", ticket, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id,
        team_id=ticket.team_id, now=now, metric=timer.metric, level=timer.acknowledged_level,
    )
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)
    return next(row for row in rows if row.escalation_id == step.pk)
