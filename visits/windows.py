"""When a technician can come: their working time, what is taken, and the windows that can be offered."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core.hours import ALWAYS, NeverOpens, WorkingCalendar
from core.models import WorkCalendar
from staff.floor_models import Absence
from visits.models import TAKING_TIME, KindStandard, Technician, Visit

MINUTES = 90  # of a kind whose standard nobody has set
AHEAD = timedelta(days=4)  # from the next opening
STEP = timedelta(minutes=30)
NOTICE = timedelta(minutes=30)  # nobody is offered a window that begins at once
OFFERED = 6


@dataclass(frozen=True)
class Window:
    """A free window of one technician."""

    technician: Technician
    starts_at: datetime
    ends_at: datetime

    @property
    def value(self) -> str:
        """How a form carries it: 7|2026-11-23T09:00:00+08:00."""
        return f"{self.technician.pk}|{self.starts_at.isoformat()}"

    def __str__(self):
        return f"{span(self.starts_at, self.ends_at)} · {self.technician}"


def span(starts_at: datetime | None, ends_at: datetime | None) -> str:
    """11-23 09:00–10:30 in the reader's time zone."""
    if starts_at is None or ends_at is None:
        return ""
    start, end = timezone.localtime(starts_at), timezone.localtime(ends_at)
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%m-%d %H:%M}"
    return f"{start:%m-%d %H:%M}–{until}"


def duration_of(kind: str) -> timedelta:
    """How long a visit of this kind takes, as the admin has set it."""
    minutes = KindStandard.objects.filter(kind=kind).values_list("minutes", flat=True).first()
    return timedelta(minutes=minutes or MINUTES)


def clock_of(technician: Technician, standard: WorkCalendar | None) -> WorkingCalendar:
    calendar = technician.calendar or standard
    return calendar.hours() if calendar else ALWAYS


def free(
    technicians: Iterable[Technician], *, minutes: timedelta, now: datetime, address: str = "", most: int = OFFERED
) -> list[Window]:
    """The next free windows over all technicians, the earliest first; whose area the address is in come before others.

    A day on which somebody has as many visits as they can make offers none.
    """
    rows, standard = list(technicians), WorkCalendar.objects.standard()
    clocks = {row.pk: clock_of(row, standard) for row in rows}
    begin = _next_step(now + NOTICE)
    end = _opens(clocks.values(), begin) + AHEAD
    booked, absent = taken(rows, begin - timedelta(days=1), end), away(rows, begin, end)
    found = [
        window
        for row in rows
        for window in _free_of(
            row, clocks[row.pk], booked.get(row.pk, []), absent.get(row.pk, []), begin, end, minutes
        )
    ]
    found.sort(key=lambda window: (not in_area(window.technician, address), window.starts_at, window.technician.pk))
    return found[:most]


def _opens(clocks: Iterable[WorkingCalendar], at: datetime) -> datetime:
    """When the first of them works: before a week of days off, the windows after it are the next ones."""
    opened = []
    for clock in clocks:
        with suppress(NeverOpens):
            opened.append(clock.next_open(at))
    return min(opened, default=at)


def _next_step(at: datetime) -> datetime:
    whole = at.replace(minute=0, second=0, microsecond=0)
    while whole < at:
        whole += STEP
    return whole


def taken(rows: list[Technician], begin: datetime, end: datetime) -> dict[int, list[tuple[datetime, datetime]]]:
    """{technician: the windows of their visits}"""
    visits = Visit.objects.filter(
        technician__in=rows, state__in=TAKING_TIME, ends_at__gt=begin, starts_at__lt=end
    ).values_list("technician_id", "starts_at", "ends_at")
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    for technician_id, starts_at, ends_at in visits:
        if technician_id and starts_at and ends_at:
            found.setdefault(technician_id, []).append((starts_at, ends_at))
    return found


def away(rows: list[Technician], begin: datetime, end: datetime) -> dict[int, list[tuple[datetime, datetime]]]:
    """{technician: when they are absent}"""
    people = {row.user_id: row.pk for row in rows}
    absences = Absence.objects.filter(user__in=list(people), ends_at__gt=begin, starts_at__lt=end)
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    for user_id, starts_at, ends_at in absences.values_list("user_id", "starts_at", "ends_at"):
        found.setdefault(people[user_id], []).append((starts_at, ends_at))
    return found


def _free_of(
    row: Technician, clock: WorkingCalendar, taken: list, absent: list, begin: datetime, end: datetime,
    minutes: timedelta,
) -> Iterable[Window]:
    """The windows of one technician, one behind the other within their working time."""
    for opening, closing in clock.intervals(begin, end):
        at = opening
        while at + minutes <= closing:
            clash = next((until for start, until in [*taken, *absent] if start < at + minutes and until > at), None)
            if clash:
                at = clash
                continue
            day = timezone.localdate(at)
            if sum(timezone.localdate(start) == day for start, _until in taken) >= row.per_day:
                break
            yield Window(row, at, at + minutes)
            at += minutes


def in_area(technician: Technician, address: str) -> bool:
    """Whether the technician goes to this address; without areas, everywhere."""
    words = [word for word in technician.areas.replace("，", ",").replace("、", ",").split(",") if word.strip()]
    return not words or any(word.strip() in address for word in words)


def clashing(technician: Technician, starts_at: datetime, ends_at: datetime, *, but: Visit | None) -> Visit | None:
    """The visit for which the technician's time is taken already."""
    taken = Q(technician=technician, state__in=TAKING_TIME, starts_at__lt=ends_at, ends_at__gt=starts_at)
    others = Visit.objects.filter(taken)
    return (others.exclude(pk=but.pk) if but else others).order_by("starts_at").first()


def warnings(technician: Technician, starts_at: datetime, ends_at: datetime, *, visit: Visit) -> list[str]:
    """What a dispatcher should know before booking this window all the same."""
    said = []
    clock = clock_of(technician, WorkCalendar.objects.standard())
    if clock.between(starts_at, ends_at) < int((ends_at - starts_at).total_seconds()):
        said.append(_("%(name)s does not work in all of this window.") % {"name": technician})
    if away([technician], starts_at, ends_at):
        said.append(_("%(name)s is away in this window.") % {"name": technician})
    if not in_area(technician, visit.address):
        said.append(_("The address is not in the area of %(name)s.") % {"name": technician})
    midnight = timezone.localtime(starts_at).replace(hour=0, minute=0, second=0, microsecond=0)
    day = Visit.objects.filter(technician=technician, state__in=TAKING_TIME).on(midnight, midnight + timedelta(days=1))
    count = day.exclude(pk=visit.pk).count()
    if count >= technician.per_day:
        said.append(
            _("%(name)s has %(count)s visits on that day, as many as they can make.")
            % {"name": technician, "count": count}
        )
    return said
