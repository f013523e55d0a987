"""Who goes instead of a technician who is away: at the agreed time, within their hours and area, with time to spare."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.models import WorkCalendar
from staff.models import User
from visits import flow, windows
from visits.models import State, Technician, Visit

MOVABLE = (State.DISPATCHED, State.APPOINTED)  # whoever is on the way, or there, ends the visit
Span = tuple[datetime, datetime]


class Changed(flow.VisitRefused):
    """The visit is no longer what it was when the transfer was decided on."""


def visits_of(user: User, *, begin: datetime, end: datetime | None = None) -> QuerySet[Visit]:
    """Visits that this person is to go to whose window reaches into [begin, end), the earliest first."""
    rows = Visit.objects.filter(technician__user=user, state__in=MOVABLE, ends_at__gt=begin)
    rows = rows if end is None else rows.filter(starts_at__lt=end)
    return rows.select_related("ticket__team", "technician__user").order_by("starts_at", "pk")


class Substitutes:
    """Chooses a technician for each of somebody's visits; what is chosen counts for the next choice."""

    def __init__(self, leaver: User, visits: Sequence[Visit]):
        departments = {visit.ticket.team.department_id for visit in visits}
        rows = Technician.objects.filter(is_active=True, user__is_active=True, team__department__in=departments)
        self.rows = list(rows.exclude(user=leaver).select_related("user", "team", "calendar").order_by("pk"))
        windows_of = [span for visit in visits if (span := _span(visit))]
        begin = min((start for start, _end in windows_of), default=timezone.now()) - timedelta(days=1)
        until = max((end for _start, end in windows_of), default=begin) + timedelta(days=1)
        self.taken: dict[int, list[Span]] = windows.taken(self.rows, begin, until)
        self.away: dict[int, list[Span]] = windows.away(self.rows, begin, until)
        self.standard = WorkCalendar.objects.standard()

    def choose(self, visit: Visit, *, first: User | None = None) -> Technician | None:
        """`first` where they can go, else whoever has the fewest visits on that day; None where nobody can."""
        if not (span := _span(visit)):
            return None
        able = [row for row in self.rows if self._can(row, visit, span)]
        if not able:
            return None
        found = min(able, key=lambda row: (row.user_id != getattr(first, "pk", None), self._on_day(row, span), row.pk))
        self.taken.setdefault(found.pk, []).append(span)
        return found

    def _can(self, row: Technician, visit: Visit, span: Span) -> bool:
        start, end = span
        busy = [*self.taken.get(row.pk, []), *self.away.get(row.pk, [])]
        return (
            row.team.department_id == visit.ticket.team.department_id
            and not any(begun < end and until > start for begun, until in busy)
            and self._on_day(row, span) < row.per_day
            and windows.in_area(row, visit.address)
            and windows.clock_of(row, self.standard).between(start, end) == int((end - start).total_seconds())
        )

    def _on_day(self, row: Technician, span: Span) -> int:
        day = timezone.localdate(span[0])
        return sum(timezone.localdate(start) == day for start, _end in self.taken.get(row.pk, []))


def _span(visit: Visit) -> Span | None:
    return (visit.starts_at, visit.ends_at) if visit.starts_at and visit.ends_at else None


def choices(
    leaver: User, visits: Iterable[Visit], *, first: User | None = None
) -> list[tuple[Visit, Technician | None]]:
    """Each visit with who would go instead; nothing is written."""
    rows = list(visits)
    if not rows:
        return []
    chooser = Substitutes(leaver, rows)
    return [(visit, chooser.choose(visit, first=first)) for visit in rows]


@transaction.atomic
def give(visit: Visit, *, of: User, to: Technician, reason: str, by: User | None, now: datetime) -> Visit:
    """`to` goes instead of `of`, at the same time. Raises `flow.VisitRefused` where it has changed since."""
    locked = Visit.objects.select_for_update(of=("self",)).select_related("technician").get(pk=visit.pk)
    if locked.technician is None or locked.technician.user_id != of.pk or locked.state not in MOVABLE:
        raise Changed
    if locked.state == State.APPOINTED:
        return flow.hand_over(locked, technician=to, reason=reason, by=by, now=now)
    if locked.starts_at is None or locked.ends_at is None:
        raise Changed
    return flow.dispatch(
        locked, technician=to, starts_at=locked.starts_at, ends_at=locked.ends_at, by=by, now=now
    )
