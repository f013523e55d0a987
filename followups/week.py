"""The calendar of callbacks: one week, hour by hour, in one bounded query."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber, TruncHour
from django.utils import timezone

from followups.models import Attempt, Callback

SHOWN = 3  # callbacks in one hour of one day; the rest is counted
WORKDAYS = 5
SOON = timedelta(hours=1)
USUAL_HOURS = (9, 10, 11, 13, 14, 15, 16, 17)


@dataclass(frozen=True)
class Slot:
    """One callback in the calendar; `look` is done, late, due or ''."""

    callback: Callback
    look: str
    outcome: str


@dataclass(frozen=True)
class Cell:
    day: date
    slots: list[Slot]
    more: int


@dataclass(frozen=True)
class Week:
    days: list[date]
    rows: list[tuple[int, list[Cell]]]
    today: date

    @property
    def first(self) -> date:
        return self.days[0]

    @property
    def last(self) -> date:
        return self.days[-1]

    @property
    def before(self) -> date:
        return self.first - timedelta(days=7)

    @property
    def after(self) -> date:
        return self.first + timedelta(days=7)


def bounds(first: date, days: int) -> tuple[datetime, datetime]:
    """The moments at which `days` local days from `first` on begin and end."""
    zone = timezone.get_current_timezone()
    start = datetime.combine(first, time(), tzinfo=zone)
    return start, datetime.combine(first + timedelta(days=days), time(), tzinfo=zone)


def build(callbacks: QuerySet[Callback], anchor: date, *, now: datetime) -> Week:
    """The week around `anchor`; Saturday and Sunday only when something lies there."""
    monday = anchor - timedelta(days=anchor.weekday())
    cells: dict[tuple[date, int], list] = defaultdict(list)
    for row in _rows(callbacks, monday):
        local = timezone.localtime(row.due_at)
        cells[local.date(), local.hour].append(row)
    used = max([day.weekday() for day, _hour in cells], default=0)
    days = [monday + timedelta(days=n) for n in range(max(WORKDAYS, used + 1))]
    hours = sorted({*USUAL_HOURS, *(hour for _day, hour in cells)})
    rows = [(hour, [_cell(day, cells[day, hour], now) for day in days]) for hour in hours]
    return Week(days, rows, timezone.localdate(now))


def _rows(callbacks: QuerySet[Callback], monday: date) -> QuerySet[Callback]:
    start, end = bounds(monday, 7)
    hour = TruncHour("due_at")
    last = Attempt.objects.filter(callback=OuterRef("pk")).order_by("-id").values("outcome")[:1]
    return (
        callbacks.filter(due_at__gte=start, due_at__lt=end)
        .exclude(state=Callback.State.CANCELLED)
        .annotate(
            place=Window(RowNumber(), partition_by=[hour], order_by=[F("state").desc(), F("due_at"), F("id")]),
            crowd=Window(Count("id"), partition_by=[hour]),
            last_outcome=Subquery(last),
        )
        .filter(place__lte=SHOWN)
        .select_related("ticket__customer")
        .defer("ticket__customer__attributes")
        .order_by("due_at", "id")
    )


def _cell(day: date, rows: list, now: datetime) -> Cell:
    return Cell(day, [_slot(row, now) for row in rows], max(rows[0].crowd - len(rows), 0) if rows else 0)


def _slot(row, now: datetime) -> Slot:
    if row.state == Callback.State.DONE:
        look = "done"
    elif row.due_at < now:
        look = "late"
    else:
        look = "due" if row.due_at - now < SOON else ""
    return Slot(row, look, str(Attempt.Outcome(row.last_outcome).label) if row.last_outcome else "")
