"""Beyond the cap a wait needs a lead's consent: an agent asks, the clock runs on, the first head to answer decides."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, live
from core.models import Event
from staff import notifications
from staff.models import User
from staff.sight import visible_teams
from tickets import sla_pauses
from tickets.ladder_people import LEAD, People
from tickets.models import FlowRules, PauseCause, PauseRequest, Ticket
from tickets.sla_pauses import PauseRefused

State = PauseRequest.State


def may_decide(user: User, team_id: int) -> bool:
    """Whoever leads or supervises the ticket's team."""
    return user.supervises and visible_teams(user).filter(pk=team_id).exists()


@transaction.atomic
def ask(
    ticket: Ticket, *, by: User, reason: str, cause: str = PauseCause.CUSTOMER, days: int | None = None,
    now: datetime | None = None,
) -> PauseRequest:
    """Asks the nearest head who is here for `days` working days more, the cap of the rules where none are named.

    Raises `PauseRefused` while the ticket may still be paused without consent, or has been asked for already.
    """
    now = now or timezone.now()
    most = FlowRules.now_valid().pause_days
    days = most if days is None else days
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if locked.is_archived or locked.pauses.filter(ended_at=None, cause=cause).exists():
        raise PauseRefused(_("The clock is not running."))
    if not reason.strip():
        raise PauseRefused(_("Say what has to be waited for."))
    if not 1 <= days <= most:
        raise PauseRefused(_("Ask for 1 to %(most)d working days at a time.") % {"most": most})
    if known := PauseRequest.objects.open().filter(ticket=locked).select_related("by").first():
        raise PauseRefused(_("%(name)s has asked already; the team lead decides.") % {"name": known.by})
    if sla_pauses.left_by_hand(locked, now=now):
        raise PauseRefused(_("This ticket may still be paused without anybody's consent."))
    event = _record("pause_asked", locked, by, now, reason=reason.strip(), cause=cause, days=days)
    request = PauseRequest.objects.create(
        ticket=locked, cause=cause, days=days, by=by, at=now, event_id=event.pk
    )
    head = People(owners=(), named=(), now=now).head(locked.team_id, LEAD)
    if head is not None and head.pk != by.pk:
        notifications.notify(head, "pause_asked", ticket_id=locked.pk, now=now, by=str(by))
    return request


@transaction.atomic
def consent(request: PauseRequest, *, by: User, now: datetime | None = None) -> PauseRequest:
    """The clock stands from now on for the days asked for, and runs again by itself. Raises `PauseRefused`."""
    now = now or timezone.now()
    ticket, locked = _claim(request, by)
    until = sla_pauses.office_hours().add_days(now, locked.days)
    _record("pause_consented", ticket, by, now, cause=locked.cause, days=locked.days)
    sla_pauses.pause(
        ticket, by=locked.by, reason=reason_of(locked), cause=locked.cause, until=until, by_hand=True, consent_by=by,
        now=now,
    )
    locked.pause = ticket.pauses.get(ended_at=None, cause=locked.cause)
    return _decide(locked, State.CONSENTED, by, now)


@transaction.atomic
def refuse(request: PauseRequest, *, by: User, reason: str, now: datetime | None = None) -> PauseRequest:
    """The clock runs on, and the asker learns why. Raises `PauseRefused`."""
    now = now or timezone.now()
    ticket, locked = _claim(request, by)
    if not reason.strip():
        raise PauseRefused(_("Say why not; your colleague reads it."))
    _record("pause_refused", ticket, by, now, reason=reason.strip(), cause=locked.cause, days=locked.days)
    return _decide(locked, State.REFUSED, by, now)


def reason_of(request: PauseRequest) -> str:
    """What the asker wrote."""
    event = Event.objects.filter(pk=request.event_id).first()
    return str(event.data.get("reason", "")) if event else ""


def _claim(request: PauseRequest, by: User) -> tuple[Ticket, PauseRequest]:
    """The ticket and its request, locked in this order; of two who decide at once the second learns who was first."""
    ticket = Ticket.objects.select_for_update(of=("self",)).select_related("customer").get(pk=request.ticket_id)
    locked = PauseRequest.objects.select_for_update(of=("self",)).select_related("by", "decided_by").get(pk=request.pk)
    if locked.state == State.LAPSED:
        raise PauseRefused(_("The ticket is solved or closed; nothing has to be waited for any more."))
    if locked.state != State.OPEN:
        facts = {"name": locked.decided_by, "what": locked.get_state_display()}
        raise PauseRefused(_("%(name)s was faster: %(what)s.") % facts)
    if not may_decide(by, ticket.team_id):
        raise PauseRefused(_("The team lead decides about longer waits."))
    return ticket, locked


def _decide(request: PauseRequest, state: str, by: User, now: datetime) -> PauseRequest:
    request.state, request.decided_by, request.decided_at = state, by, now
    request.save()
    notifications.notify(request.by, f"pause_{state}", ticket_id=request.ticket_id, now=now, by=str(by))
    return request


def _record(kind: str, ticket: Ticket, by: User, now: datetime, **facts) -> Event:
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)
    return events.record(
        kind, ticket, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        **facts,
    )
