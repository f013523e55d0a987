"""What time does to visits: the clock goes on, the customer is reminded, a window that passed is told. Idempotent."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from core import events, live
from visits import flow, notices
from visits.models import State, Visit

BATCH = 100
FIRST_HOUR, LAST_HOUR = 9, 20  # reminders go out in the daytime
FRESH = timedelta(hours=6)  # who agreed so lately has the mail about it before their eyes


def let_clocks_run(*, now: datetime | None = None) -> int:
    """The window that a customer chose has begun: the clock of the ticket runs again. Returns how many."""
    now = now or timezone.now()
    ids = Visit.objects.filter(clock_waits=True, starts_at__lte=now).order_by("pk").values_list("pk", flat=True)
    return sum(_go_on(pk, now) for pk in list(ids[:BATCH]))


@transaction.atomic
def _go_on(pk: int, now: datetime) -> bool:
    visit = _locked(pk)
    if not visit.clock_waits or visit.starts_at is None or visit.starts_at > now:
        return False
    flow.go_on(visit, now=now)
    return True


def tell_late(*, now: datetime | None = None) -> int:
    """A window has passed and nobody has arrived: told once to the ticket's owner and the technician."""
    now = now or timezone.now()
    late = Visit.objects.filter(state__in=[State.APPOINTED, State.ON_WAY], ends_at__lt=now, late_at=None)
    return sum(_tell_late(pk, now) for pk in list(late.order_by("ends_at").values_list("pk", flat=True)[:BATCH]))


@transaction.atomic
def _tell_late(pk: int, now: datetime) -> bool:
    visit = _locked(pk)
    if not visit.is_late(now) or visit.late_at:
        return False
    Visit.objects.filter(pk=pk).update(late_at=now)
    ticket = visit.ticket
    events.record(
        "visit_late", visit, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        visit=visit.pk,
    )
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)
    live.publish("visit", team_id=ticket.team_id)
    notices.tell_owner(visit, "visit_late", now=now)
    notices.tell_technician(visit, "visit_late", by=None, now=now)
    return True


def remind(*, now: datetime | None = None) -> int:
    """The day before an appointment its customer is reminded by mail, and the technician under the bell.

    Without a mail address the ticket's owner is asked to call.
    """
    now = now or timezone.now()
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    if not FIRST_HOUR <= timezone.localtime(now).hour < LAST_HOUR:
        return 0
    begin, end = today + timedelta(days=1), today + timedelta(days=2)
    due = Visit.objects.on(begin, end).filter(state=State.APPOINTED, reminded_for=None, appointed_at__lt=now - FRESH)
    return sum(_remind(pk, now) for pk in list(due.order_by("pk").values_list("pk", flat=True)[:BATCH]))


@transaction.atomic
def _remind(pk: int, now: datetime) -> bool:
    visit = _locked(pk)
    if visit.state != State.APPOINTED or visit.reminded_for or visit.starts_at is None:
        return False
    Visit.objects.filter(pk=pk).update(reminded_for=visit.starts_at)
    notices.tell_technician(visit, "visit_tomorrow", by=None, now=now)
    if notices.remind(visit, now=now) is None:
        notices.tell_owner(visit, "visit_call_to_remind", now=now)
    return True


def _locked(pk: int) -> Visit:
    rows = Visit.objects.select_for_update(of=("self",))
    return rows.select_related("ticket__customer", "ticket__owner", "technician__user").get(pk=pk)


def tick(*, now: datetime | None = None) -> None:
    """One tick over all three."""
    now = now or timezone.now()
    let_clocks_run(now=now)
    tell_late(now=now)
    remind(now=now)
