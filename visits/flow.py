"""The way of a visit (P4) as one table, and the one function that writes its state.

Requested → dispatched → appointment agreed → on the way → arrived → completed, or failed, which asks for a new
appointment. An open visit keeps its ticket out of the archive; a window that the customer chose later than we offered
makes the ticket's clock wait until it begins.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core import events, live, masking, phones
from staff.models import User
from tickets import sla, workflow
from tickets.models import PauseCause, Ticket
from visits import notices, windows
from visits.models import CLOSED, Appointment, Failure, State, Technician, Visit

S = State
MOVES: dict[str, tuple[State, ...]] = {
    S.REQUESTED: (S.DISPATCHED, S.CANCELLED),
    S.DISPATCHED: (S.DISPATCHED, S.APPOINTED, S.CANCELLED),
    S.APPOINTED: (S.APPOINTED, S.ON_WAY, S.ARRIVED, S.FAILED, S.CANCELLED),
    S.ON_WAY: (S.APPOINTED, S.ARRIVED, S.FAILED, S.CANCELLED),
    S.ARRIVED: (S.COMPLETED, S.FAILED),
    S.FAILED: (S.DISPATCHED, S.APPOINTED, S.CANCELLED),
    S.COMPLETED: (),
    S.CANCELLED: (),
}
STAMPS = {
    S.DISPATCHED: "dispatched_at", S.APPOINTED: "appointed_at", S.ON_WAY: "set_out_at", S.ARRIVED: "arrived_at",
    S.COMPLETED: "ended_at", S.FAILED: "ended_at", S.CANCELLED: "ended_at",
}  # fmt: skip
HOLD = "visit"
OPEN_VISIT = gettext_noop("A visit is still open.")
WAITS = gettext_noop("The customer chose a later time for the visit.")
GOES_ON = gettext_noop("The agreed time of the visit has come.")
LONGEST = timedelta(hours=12)
CLASH = "a_technician_is_at_one_place"


class VisitRefused(Exception):
    """The visit does not allow this step; the text says why, in the user's words."""


class Clash(VisitRefused):
    """The technician's time is taken; `visit` is the other one, where it is known."""

    def __init__(self, technician: Technician, visit: Visit | None):
        self.visit = visit
        words = _("%(name)s is taken at that time.") % {"name": technician}
        if visit:
            words = _("%(name)s is taken at that time: %(number)s, %(window)s.") % {
                "name": technician, "number": visit.number, "window": windows.span(visit.starts_at, visit.ends_at),
            }
        super().__init__(words)


class NotYours(VisitRefused):
    """Visits are dispatched by those who see the ticket."""


@transaction.atomic
def request(
    ticket: Ticket, *, kind: str, address: str, by: User | None, contact_name: str = "", phone: str = "",
    task: str = "", key: str = "", now: datetime | None = None,
) -> Visit:
    """Plans a visit on an open ticket. The same form sent twice plans one. Raises `VisitRefused`."""
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if key and (known := Visit.objects.filter(ticket=ticket, key=key).first()):
        return known
    if locked.is_archived:
        raise VisitRefused(_("The ticket is archived; a new matter opens a linked ticket."))
    if not address.strip():
        raise VisitRefused(_("A visit needs an address."))
    visit = Visit(
        ticket=ticket, kind=kind, task=task, contact_name=contact_name, requested_at=now, requested_by=by, key=key,
        address=address.strip(), address_masked=masking.address(address)[:120],
    )
    if phone.strip():
        visit.phone = _number(phone)
        visit.phone_masked = masking.phone(visit.phone)[:40]
    visit.save()
    _log("visit", visit, by=by, now=now, to=S.REQUESTED, kind=kind)
    _hold(visit)
    return visit


def _number(typed: str) -> str:
    try:
        return phones.normalise(typed)
    except phones.BadPhone as error:
        raise VisitRefused(_("That is not a telephone number.")) from error


@transaction.atomic
def dispatch(
    visit: Visit, *, technician: Technician, starts_at: datetime, ends_at: datetime, by: User | None,
    now: datetime | None = None,
) -> Visit:
    """派工: gives the visit to a technician with a window to offer to the customer. Raises `VisitRefused`, `Clash`."""
    now = now or timezone.now()
    found = _opened(visit, S.DISPATCHED, by=by)
    if found.state == S.DISPATCHED and _booked(found, technician, starts_at, ends_at):
        return found  # the same form sent twice
    former = found.technician if found.technician_id != technician.pk else None
    _book(found, technician, starts_at, ends_at, now=now)
    found.offered_at = found.offered_at or starts_at
    _enter(found, S.DISPATCHED, by=by, now=now, name=str(technician), **_window(found))
    if former:
        notices.tell_technician(found, "visit_taken_off", to=former, by=by, now=now)
    notices.tell_technician(found, "visit_dispatched", by=by, now=now)
    return found


@transaction.atomic
def hand_over(visit: Visit, *, technician: Technician, reason: str, by: User | None, now: datetime | None = None):
    """Another technician comes at the agreed time; the customer's appointment stands."""
    now = now or timezone.now()
    found = _opened(visit, S.APPOINTED, by=by)
    if found.state != S.APPOINTED or found.starts_at is None or found.ends_at is None:
        raise VisitRefused(_("There is no appointment to hand over."))
    if not reason.strip():
        raise VisitRefused(_("Say why another technician goes."))
    former = found.technician
    if former and former.pk == technician.pk:
        raise VisitRefused(_("%(name)s has this visit already.") % {"name": technician})
    _book(found, technician, found.starts_at, found.ends_at, now=now)
    Appointment.objects.create(
        visit=found, technician=technician, starts_at=found.starts_at, ends_at=found.ends_at, reason=reason, at=now,
        by=by,
    )
    _save(found)
    _log("visit_handed_over", found, by=by, now=now, name=str(technician), former=str(former or ""), reason=reason)
    if former:
        notices.tell_technician(found, "visit_taken_off", to=former, by=by, now=now)
    notices.tell_technician(found, "visit_dispatched", by=by, now=now)
    return found


@transaction.atomic
def appoint(
    visit: Visit, *, starts_at: datetime, ends_at: datetime, by: User | None, technician: Technician | None = None,
    reason: str = "", ours: bool = False, now: datetime | None = None,
) -> Visit:
    """The customer agreed to this window; 改约, a change of an appointment, needs a reason and keeps the old window.

    Where they chose a later time than we offered, the ticket's clock waits until it begins; not where the change is
    at our own wish (`ours`).
    """
    now = now or timezone.now()
    found = _opened(visit, S.APPOINTED, by=by)
    technician = technician or found.technician
    if technician is None:
        raise VisitRefused(_("Choose the technician first."))
    if found.state == S.APPOINTED and _booked(found, technician, starts_at, ends_at):
        return found
    agreed = found.appointments.exists()
    if agreed and not reason.strip():
        raise VisitRefused(_("Say why the appointment changes."))
    former = found.technician if found.technician_id != technician.pk else None
    was = {} if not agreed or found.starts_at is None else {"was": found.starts_at.isoformat()}
    _book(found, technician, starts_at, ends_at, now=now)
    found.late_at, found.reminded_for = None, None
    found.set_out_at, found.arrived_at, found.ended_at = None, None, None
    if ours:
        found.offered_at = starts_at
    found.offered_at = found.offered_at or _earliest(found, technician, now) or starts_at
    row = Appointment.objects.create(
        visit=found, technician=technician, starts_at=starts_at, ends_at=ends_at, reason=reason, at=now, by=by
    )
    _enter(found, S.APPOINTED, by=by, now=now, name=str(technician), reason=reason, **_window(found), **was)
    _wait(found, by=by, now=now)
    if former:
        notices.tell_technician(found, "visit_taken_off", to=former, by=by, now=now)
    notices.tell_technician(found, "visit_changed" if agreed else "visit_appointed", by=by, now=now)
    notices.tell_customer(found, row, changed=agreed, now=now)
    return found


@transaction.atomic
def set_out(visit: Visit, *, by: User | None, now: datetime | None = None) -> Visit:
    """The technician is on the way. Idempotent."""
    now = now or timezone.now()
    found = _opened(visit, S.ON_WAY, by=by)
    return found if found.state == S.ON_WAY else _enter(found, S.ON_WAY, by=by, now=now)


@transaction.atomic
def arrive(visit: Visit, *, by: User | None, now: datetime | None = None) -> Visit:
    """The technician is at the customer's. Idempotent."""
    now = now or timezone.now()
    found = _opened(visit, S.ARRIVED, by=by)
    if found.state == S.ARRIVED:
        return found
    _enter(found, S.ARRIVED, by=by, now=now)
    go_on(found, by=by, now=now)
    notices.tell_owner(found, "visit_arrived", now=now)
    return found


@transaction.atomic
def fail(visit: Visit, *, failure: str, note: str = "", by: User | None, now: datetime | None = None) -> Visit:
    """Nobody at home, parts missing, called off: the visit stays open and asks for a new appointment."""
    now = now or timezone.now()
    found = _opened(visit, S.FAILED, by=by)
    if failure not in Failure.values:
        raise VisitRefused(_("Say why the visit failed."))
    if failure == Failure.OTHER and not note.strip():
        raise VisitRefused(_("Say in a few words what happened."))
    found.failure, found.offered_at = failure, None  # whatever is agreed next is measured by what we offer then
    _enter(found, S.FAILED, by=by, now=now, cause=failure, reason=note)
    go_on(found, by=by, now=now)
    notices.tell_owner(found, "visit_failed", now=now)
    return found


@transaction.atomic
def cancel(visit: Visit, *, reason: str, by: User | None, now: datetime | None = None) -> Visit:
    """The visit is not needed any more; the reason stands on the ticket."""
    now = now or timezone.now()
    found = _opened(visit, S.CANCELLED, by=by)
    if not reason.strip():
        raise VisitRefused(_("Say why the visit is cancelled."))
    agreed = found.state in (S.APPOINTED, S.ON_WAY)
    _enter(found, S.CANCELLED, by=by, now=now, reason=reason)
    go_on(found, by=by, now=now)
    notices.tell_technician(found, "visit_cancelled", by=by, now=now)
    if agreed:
        notices.tell_customer(found, None, changed=True, now=now)
    return found


def complete(visit: Visit, *, by: User | None, now: datetime) -> Visit:
    """The end of a visit; `visits.slips` calls it in the transaction that writes the slip."""
    found = _opened(visit, S.COMPLETED, by=by)
    _enter(found, S.COMPLETED, by=by, now=now)
    go_on(found, by=by, now=now)
    notices.tell_owner(found, "visit_completed", now=now)
    return found


def allowed(visit: Visit) -> tuple[State, ...]:
    """The states that may follow now."""
    return MOVES[visit.state]


def may_dispatch(visit: Visit, user: User) -> bool:
    """Whether this user sees the ticket and so decides who goes and when; a technician acts on their own visit only."""
    return Ticket.objects.visible_to(user).filter(pk=visit.ticket_id).exists()


OFFICE = (S.DISPATCHED, S.CANCELLED)


def _opened(visit: Visit, to: State, *, by: User | None) -> Visit:
    """The visit, locked, once the step has been found to be open to this person."""
    found = Visit.objects.select_for_update(of=("self",)).select_related("ticket", "technician__user").get(pk=visit.pk)
    if by is not None and to in OFFICE and not may_dispatch(found, by):
        raise NotYours(_("Visits are dispatched and cancelled by those who see the ticket."))
    if found.state != to and to not in MOVES[found.state] or found.state == to and to in CLOSED:
        raise VisitRefused(
            _("“%(to)s” does not follow “%(state)s”.") % {"to": to.label, "state": found.get_state_display()}
        )
    return found


def _booked(visit: Visit, technician: Technician, starts_at: datetime, ends_at: datetime) -> bool:
    return (visit.technician_id, visit.starts_at, visit.ends_at) == (technician.pk, starts_at, ends_at)


def _book(visit: Visit, technician: Technician, starts_at: datetime, ends_at: datetime, *, now: datetime) -> None:
    """Takes the technician's time. Raises `Clash` with the visit that has it; two dispatchers wait for each other."""
    if starts_at >= ends_at:
        raise VisitRefused(_("The window ends before it begins."))
    if ends_at - starts_at > LONGEST:
        raise VisitRefused(_("A window is no longer than 12 hours."))
    if ends_at <= now:
        raise VisitRefused(_("This window has passed already."))
    Technician.objects.select_for_update(no_key=True).get(pk=technician.pk)
    if not Technician.objects.serving(visit.ticket).filter(pk=technician.pk).exists():
        raise VisitRefused(_("%(name)s does not serve this team.") % {"name": technician})
    if other := windows.clashing(technician, starts_at, ends_at, but=visit):
        raise Clash(technician, other)
    visit.technician, visit.starts_at, visit.ends_at = technician, starts_at, ends_at


def _earliest(visit: Visit, technician: Technician, now: datetime) -> datetime | None:
    """When this technician could have come, where nothing has been offered."""
    minutes = windows.duration_of(visit.kind)
    return next((one.starts_at for one in windows.free([technician], minutes=minutes, now=now, most=1)), None)


def _enter(visit: Visit, to: State, *, by: User | None, now: datetime, **data) -> Visit:
    """The one writer of a visit's state."""
    was, visit.state = visit.state, to
    setattr(visit, STAMPS[to], now)
    _save(visit)
    _log("visit", visit, by=by, now=now, to=to, **{"from": was}, **data)
    _hold(visit)
    return visit


def _save(visit: Visit) -> None:
    try:
        with transaction.atomic():
            visit.save()
    except IntegrityError as error:
        if CLASH in str(error) and visit.technician:
            raise Clash(visit.technician, None) from error
        raise


def _log(event: str, visit: Visit, /, **details) -> None:
    ticket = visit.ticket
    events.record(
        event, visit, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, visit=visit.pk,
        **details,
    )
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)
    live.publish("visit", team_id=ticket.team_id)
    if visit.technician:
        live.publish("visit", user_id=visit.technician.user_id)


def _window(visit: Visit) -> dict[str, str]:
    return {name: at.isoformat() for name in ("starts_at", "ends_at") if (at := getattr(visit, name))}


def _hold(visit: Visit) -> None:
    """An open visit keeps the ticket out of the archive; two that end at once wait for each other here."""
    Ticket.objects.select_for_update().get(pk=visit.ticket_id)
    if visit.ticket.visits.open().exists():
        workflow.hold(visit.ticket, HOLD, OPEN_VISIT)
    else:
        workflow.release(visit.ticket, HOLD)


# --- The clock of the ticket --------------------------------------------------------------------------------


def _wait(visit: Visit, *, by: User | None, now: datetime) -> None:
    """Pauses the clock for the customer's own date, or lets it run again where the new date needs no waiting."""
    chosen = visit.starts_at and visit.offered_at and visit.starts_at > visit.offered_at and visit.starts_at > now
    if not chosen:
        go_on(visit, by=by, now=now)
    elif not visit.clock_waits:
        try:
            sla.pause(visit.ticket, by=by, reason=WAITS, cause=PauseCause.VISIT, now=now)
        except sla.PauseRefused:
            return  # it waits for another visit already, or has stopped
        _mark_waiting(visit, True)


def go_on(visit: Visit, *, by: User | None = None, now: datetime) -> None:
    """Ends the pause that this visit began. Idempotent."""
    if visit.clock_waits:
        _mark_waiting(visit, False)
        sla.resume(visit.ticket, by=by, reason=GOES_ON, cause=PauseCause.VISIT, now=now)


def _mark_waiting(visit: Visit, waits: bool) -> None:
    visit.clock_waits = waits
    Visit.objects.filter(pk=visit.pk).update(clock_waits=waits)
