"""Every figure, defined once. A page that shows a figure asks here; none counts for itself.

All take a `Ticket` queryset that the viewer may see, and say what they count: figures of today are by the local day.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, FloatField, Min, Q, QuerySet
from django.db.models.functions import Extract, TruncDate
from django.utils import timezone

from tickets.models import Channel, Kind, State, TicketQuerySet

SOON = timedelta(hours=1)


class Percentile(Aggregate):
    """PERCENTILE_CONT(fraction) WITHIN GROUP (ORDER BY expression); NULL rows do not count."""

    function = "PERCENTILE_CONT"
    name = "percentile"
    output_field = FloatField()
    template = "%(function)s(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    allow_distinct = False

    def __init__(self, expression, fraction: float, **extra):
        super().__init__(expression, fraction=fraction, **extra)


@dataclass(frozen=True)
class Spread:
    """Median and 90th percentile in seconds over `n` cases; None where there is none."""

    n: int
    p50: float | None
    p90: float | None


@dataclass(frozen=True)
class Wall:
    """Where the desk stands at one moment."""

    open_by_kind: dict[str, int]
    breached: int
    oldest_due: datetime | None
    due_soon: int
    due_soon_unassigned: int
    waiting: int
    unassigned: int

    @property
    def open(self) -> int:
        return sum(self.open_by_kind.values())


def wall(tickets: TicketQuerySet, *, now: datetime) -> Wall:
    """Open by class; breached = open and past due; due soon = open and due within the hour."""
    soon = Q(due_at__gte=now, due_at__lt=now + SOON)
    counts = tickets.active().aggregate(
        **{kind: Count("pk", filter=Q(kind=kind)) for kind in Kind.values},
        breached=Count("pk", filter=Q(due_at__lt=now)),
        oldest_due=Min("due_at", filter=Q(due_at__lt=now)),
        due_soon=Count("pk", filter=soon),
        due_soon_unassigned=Count("pk", filter=soon & Q(owner=None)),
        waiting=Count("pk", filter=Q(waiting_customer=True)),
        unassigned=Count("pk", filter=Q(owner=None)),
    )
    return Wall(open_by_kind={kind: counts.pop(kind) for kind in Kind.values}, **counts)


def _seconds(until: str):
    took = ExpressionWrapper(F(until) - F("opened_at"), output_field=DurationField())
    return Extract(took, "epoch", output_field=FloatField())


def _spread(tickets: QuerySet, until: str) -> Spread:
    found = tickets.filter(**{f"{until}__isnull": False}).aggregate(
        n=Count("pk"), p50=Percentile(_seconds(until), 0.5), p90=Percentile(_seconds(until), 0.9)
    )
    return Spread(**found)


def written(tickets: QuerySet) -> QuerySet:
    """Tickets whose first response can be late: a call is answered as it comes, an import was elsewhere."""
    return tickets.exclude(channel__in=[Channel.PHONE, Channel.IMPORT])


def first_response(tickets: QuerySet, *, since: datetime) -> Spread:
    """Seconds from opened to the first reply, for written contacts opened since then. Clock time."""
    return _spread(written(tickets).filter(opened_at__gte=since), "first_response_at")


def resolution(tickets: QuerySet, *, since: datetime) -> Spread:
    """Seconds from opened to the last resolution, for tickets opened since then. Clock time."""
    return _spread(tickets.exclude(channel=Channel.IMPORT).filter(opened_at__gte=since), "resolved_at")


def local_midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))


def opened(tickets: QuerySet, *, since: datetime, until: datetime | None = None) -> int:
    """Tickets opened in [since, until)."""
    window = Q(opened_at__gte=since) & (Q(opened_at__lt=until) if until else Q())
    return tickets.filter(window).count()


def closed(tickets: QuerySet, *, since: datetime) -> int:
    """Tickets archived since then, with whatever outcome."""
    return tickets.filter(state=State.ARCHIVED, archived_at__gte=since).count()


def volume_by_day(tickets: QuerySet, *, days: list[date]) -> dict[str, list[int]]:
    """Opened tickets by class for each local day of `days`, in their order."""
    rows = (
        tickets.filter(opened_at__gte=local_midnight(days[0]))
        .annotate(day=TruncDate("opened_at"))
        .values_list("kind", "day")
        .annotate(n=Count("pk"))
    )
    found = {(kind, day): n for kind, day, n in rows}
    return {kind: [found.get((kind, day), 0) for day in days] for kind in Kind.values}


def first_response_by_day(tickets: QuerySet, *, days: list[date]) -> list[Spread]:
    """The first-response spread of each local day of `days`, in their order."""
    rows = (
        written(tickets).filter(opened_at__gte=local_midnight(days[0]), first_response_at__isnull=False)
        .annotate(day=TruncDate("opened_at"))
        .values("day")
        .annotate(
            n=Count("pk"), p50=Percentile(_seconds("first_response_at"), 0.5),
            p90=Percentile(_seconds("first_response_at"), 0.9),
        )
    )
    found = {row["day"]: Spread(row["n"], row["p50"], row["p90"]) for row in rows}
    return [found.get(day, Spread(0, None, None)) for day in days]


def by_channel(tickets: QuerySet, *, since: datetime) -> list[tuple[str, int]]:
    """Opened tickets by channel since then, most first."""
    rows = tickets.filter(opened_at__gte=since).values_list("channel").annotate(n=Count("pk")).order_by("-n")
    return list(rows)


def load_by_owner(tickets: TicketQuerySet, *, now: datetime, since: datetime) -> dict[int, dict[str, int]]:
    """Open, breached and closed-since tickets by owner id."""
    owned = tickets.filter(owner__isnull=False).order_by()
    working = owned.active().values("owner").annotate(open=Count("pk"), over=Count("pk", filter=Q(due_at__lt=now)))
    done = owned.filter(state=State.ARCHIVED, archived_at__gte=since).values("owner").annotate(closed=Count("pk"))
    load: dict[int, dict[str, int]] = {}
    for row in (*working, *done):
        load.setdefault(row.pop("owner"), {"open": 0, "over": 0, "closed": 0}).update(row)
    return load
