"""Waiting: what stops a ticket's clocks, for how long, and who has to consent to more.

A ticket may wait for several things at once; a clock stands while one of them is among its policy's. A pause by hand
needs a reason and counts towards the cap of the rules, in working days of the standard calendar; beyond it a team lead
consents. Each pause may end by itself: at its `until`, or when the cap is reached.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from core import events, live
from core.hours import WorkingCalendar
from core.models import WorkCalendar
from staff import notifications
from staff.models import Role, User
from tickets.models import FlowRules, Pause, PauseCause, PauseRequest, SLATimer, Ticket
from tickets.sla_timers import Paused, Running, end_stretch, go_on, refresh_due, wait

BY_HAND = (PauseCause.CUSTOMER, PauseCause.SUPPLIER, PauseCause.OTHER)  # a visit has its own appointment
OF_CUSTOMER = (PauseCause.CUSTOMER, PauseCause.VISIT)  # they decide, or have chosen a later date: the ticket's flag
CONSENTING = (Role.LEAD, Role.SUPERVISOR, Role.ADMIN)
BATCH = 100
OVER = gettext_noop("The agreed wait is over")


class PauseRefused(Exception):
    """The clock cannot be paused or resumed now; the text says why."""


class OverCap(PauseRefused):
    """Pauses by hand are used up; `tickets.pause_requests` asks a team lead for more."""


@transaction.atomic
def pause(
    ticket: Ticket, *, by, reason: str, cause: str = PauseCause.CUSTOMER, until: datetime | None = None,
    by_hand: bool | None = None, consent_by: User | None = None, now: datetime | None = None,
) -> Ticket:
    """Stops the clocks whose policies wait for this cause; needs a reason.

    `by_hand=False` is a wait that follows from the procedure itself, such as a proposal sent to the customer, and has
    no cap. By hand the cap of the rules holds, beyond which `consent_by` has consented; a lead who pauses consents with
    it. Raises `PauseRefused`, and `OverCap` where a consent is wanted.
    """
    now = now or timezone.now()
    cause = PauseCause(cause)
    by_hand = cause in BY_HAND if by_hand is None else by_hand
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    waits_for = list(locked.pauses.filter(ended_at=None).values_list("cause", flat=True))
    if locked.is_archived or cause in waits_for:
        raise PauseRefused(_("The clock is not running."))
    if not reason.strip():
        raise PauseRefused(_("Say what the customer has to decide.") if cause == PauseCause.CUSTOMER
                           else _("Say what has to be waited for."))  # fmt: skip
    if until is not None and until <= now:
        raise PauseRefused(_("The end of the wait has already passed."))
    row = Pause(ticket=ticket, cause=cause, by=by, by_hand=by_hand, began_at=now, until=until, consent_by=consent_by)
    if by_hand and consent_by is None:
        _hold_to_cap(row, now)
    row.save()
    _stand_still(ticket, cause, now)
    return _tell(ticket, row, "paused", by=by, reason=reason, now=now, left=waits_for)


def _hold_to_cap(row: Pause, now: datetime) -> None:
    """Bounds a pause by hand; a lead's own pause consents to another full cap."""
    days = FlowRules.now_valid().pause_days
    clock = office_hours()
    end = clock.add_days(now, days)
    left = clock.between(now, end) - used_by_hand(row.ticket, now=now, clock=clock)
    if left > 0:
        end = clock.add(now, left)
    elif row.by is not None and row.by.role in CONSENTING:
        row.consent_by = row.by
    else:
        raise OverCap(ngettext(
            "Pauses by hand have used up the %(days)d working day of this ticket; more needs the team lead's consent.",
            "Pauses by hand have used up the %(days)d working days of this ticket; more needs the team lead's consent.",
            days,
        ) % {"days": days})  # fmt: skip
    row.until = min(row.until, end) if row.until else end


def office_hours() -> WorkingCalendar:
    """The hours in which the cap is counted."""
    standard = WorkCalendar.objects.standard()
    return standard.hours() if standard else WorkingCalendar("UTC", {day: [("00:00", "24:00")] for day in range(7)})


def used_by_hand(ticket: Ticket, *, now: datetime, clock: WorkingCalendar | None = None) -> int:
    """Working seconds that pauses by hand have taken without a consent; those at the same time count once."""
    clock = clock or office_hours()
    total, reached = 0, None
    rows = Pause.objects.filter(ticket=ticket, by_hand=True, consent_by=None).order_by("began_at")
    for began, ended in rows.values_list("began_at", "ended_at"):
        begin, end = max(began, reached or began), ended or now
        if end > begin:
            total += clock.between(begin, end)
            reached = end
    return total


def _stand_still(ticket: Ticket, cause: str, now: datetime) -> None:
    rows = SLATimer.objects.select_for_update(of=("self",)).filter(ticket=ticket, state=Running, due_at__gt=now).open()
    for timer in rows.select_related("policy", "calendar").order_by("pk"):
        if cause in timer.policy.pause_causes:
            wait(timer, cause, now)
            timer.save()


@transaction.atomic
def resume(
    ticket: Ticket, *, by=None, reason: str = "", cause: str | None = None, now: datetime | None = None
) -> Ticket:
    """Ends the wait for `cause`, or for everything; what was used before stays used. Idempotent.

    A clock that waits for something else as well goes on waiting for that.
    """
    now = now or timezone.now()
    if not Pause.objects.filter(ticket=ticket, ended_at=None).exists():
        return ticket  # nearly always; a wait that begins at this moment begins after it
    Ticket.objects.select_for_update().only("pk").get(pk=ticket.pk)
    open_rows = list(Pause.objects.filter(ticket=ticket, ended_at=None).order_by("pk"))
    ended = [row for row in open_rows if cause in (None, row.cause)]
    if not ended:
        return ticket
    _end(ended, now)
    left = [row.cause for row in open_rows if row not in ended]
    rows = SLATimer.objects.select_for_update(of=("self",)).filter(ticket=ticket, state=Paused).open()
    for timer in rows.select_related("policy", "calendar").order_by("pk"):
        still = next((one for one in left if one in timer.policy.pause_causes), "")
        if still != timer.waits_for:
            if still:
                end_stretch(timer, now)
                timer.waits_for = still
            else:
                go_on(timer, now)
            timer.save()
    for row in ended:
        ticket = _tell(ticket, row, "resumed", by=by, reason=reason, now=now, left=left)
    return ticket


def _end(rows: list[Pause], now: datetime) -> None:
    Pause.objects.filter(pk__in=[row.pk for row in rows]).update(ended_at=now)


def end_pauses(ticket: Ticket, *, now: datetime) -> None:
    """At the solution and the archive nothing is waited for any more, nor asked for; the timers are settled."""
    Pause.objects.filter(ticket=ticket, ended_at=None).update(ended_at=now)
    ticket.pause_requests.open().update(state=PauseRequest.State.LAPSED, decided_at=now)  # type: ignore[attr-defined]


def _tell(ticket: Ticket, row: Pause, kind: str, *, by, reason: str, now: datetime, left: Sequence[str] = ()) -> Ticket:
    waits = {*left, row.cause} if kind == "paused" else {*left}
    ticket.waiting_customer = not waits.isdisjoint(OF_CUSTOMER)
    ticket.updated_at = now
    ticket.save(update_fields=["waiting_customer", "updated_at"])
    more = {"consent": str(row.consent_by)} if row.consent_by else {}
    events.record(
        kind, ticket, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        reason=reason, cause=row.cause, **more,
    )
    refresh_due(ticket)
    return ticket


def end_due(*, now: datetime, limit: int = BATCH) -> int:
    """Lets clocks run again whose wait is over, oldest first; the owner is told. Returns how many waits ended."""
    rows = Pause.objects.filter(ended_at=None, until__lte=now).order_by("until")
    ended = 0
    for pk, ticket_id in list(rows.values_list("pk", "ticket_id")[:limit]):
        with transaction.atomic():
            found = Ticket.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=ticket_id)
            ticket = found.select_related("owner", "customer").first()
            row = Pause.objects.filter(pk=pk, ended_at=None, until__lte=now).first() if ticket else None
            if ticket is None or row is None:
                continue  # somebody is at work on it, or was faster
            resume(ticket, cause=row.cause, reason=OVER, now=now)
            if ticket.owner:
                notifications.notify(ticket.owner, "wait_over", ticket_id=ticket.pk, now=now)
            live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)
            ended += 1
    return ended


def left_by_hand(ticket: Ticket, *, now: datetime) -> timedelta:
    """How long the ticket may still be paused by hand, in working time."""
    clock = office_hours()
    whole = clock.between(now, clock.add_days(now, FlowRules.now_valid().pause_days))
    return timedelta(seconds=max(whole - used_by_hand(ticket, now=now, clock=clock), 0))


def consents(user: User) -> bool:
    """Whether a pause by this user goes beyond the cap."""
    return user.role in CONSENTING
