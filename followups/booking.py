"""When to call back: 9:00 to 20:00 on a working day; each further try on another day and at another hour (P4 †)."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from django.utils import timezone

from core.hours import ALWAYS, NeverOpens, WorkingCalendar
from core.models import WorkCalendar
from customers import consent
from customers.models import Customer
from followups.models import Attempt

FIRST_HOUR, LAST_HOUR = consent.CALL_FROM, consent.CALL_UNTIL  # calls are made from 9:00 and before 20:00
TRIES = 3
MISSED = (Attempt.Outcome.NO_ANSWER, Attempt.Outcome.WRONG_NUMBER)
SEARCH_DAYS = 30


def standard_clock() -> WorkingCalendar:
    """The standard working calendar; day and night where an installation has none."""
    calendar = WorkCalendar.objects.standard()
    return calendar.hours() if calendar else ALWAYS


def first_due(resolved_at: datetime, clock: WorkingCalendar) -> datetime:
    """One working day after the resolution, so that the customer has seen what it is worth, within calling hours."""
    try:
        return _callable(clock.add_days(resolved_at, 1), clock)
    except NeverOpens:
        return _callable(resolved_at + timedelta(days=1), ALWAYS)


def _callable(at: datetime, clock: WorkingCalendar) -> datetime:
    """The first moment from `at` on that is open and within calling hours."""
    for _day in range(SEARCH_DAYS):
        local = _local(clock.next_open(at))
        if local.hour < FIRST_HOUR:
            at = _at(local, FIRST_HOUR)
        elif local.hour >= LAST_HOUR:
            at = _at(local + timedelta(days=1), FIRST_HOUR)
        else:
            return local
        if clock.is_open(at):
            return at
    return _local(at)


def within_hours(at: datetime, customer: Customer) -> bool:
    """Whether a call may be booked for this moment of the customer's own day."""
    return consent.in_calling_hours(customer, at)


def counted(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The missed tries that count: each on another day and at another hour than those before it."""
    found: list[Attempt] = []
    for attempt in attempts:
        if attempt.outcome not in MISSED:
            continue
        at = _local(attempt.at)
        if all(_local(other.at).date() != at.date() and _local(other.at).hour != at.hour for other in found):
            found.append(attempt)
    return found


def next_try(tried: list[datetime], now: datetime, clock: WorkingCalendar) -> datetime:
    """The next working day, at the open hour that lies furthest from those tried already."""
    local = [_local(at) for at in tried]
    days, used = {at.date() for at in local}, {at.hour for at in local}
    hours = [hour for hour in range(FIRST_HOUR, LAST_HOUR) if hour not in used]
    hours.sort(key=lambda hour: (-min((abs(hour - other) for other in used), default=0), hour))
    today = _local(now)
    for ahead in range(1, SEARCH_DAYS):
        day = today + timedelta(days=ahead)
        open_hours = [hour for hour in hours if clock.is_open(_at(day, hour))]
        if day.date() not in days and open_hours:
            return _at(day, open_hours[0])
    return _at(today + timedelta(days=1), hours[0])


def _local(at: datetime) -> datetime:
    return timezone.localtime(at, timezone.get_default_timezone())


def _at(day: datetime, hour: int) -> datetime:
    return datetime.combine(day.date(), time(hour), tzinfo=timezone.get_default_timezone())
