"""Every figure, defined once. A page that shows a figure asks here; none counts for itself.

Figures of days are taken from `DaySums`, which `counted` makes from tickets and `metrics.rollups` keeps for days that
are over: the same figures either way. Days are local. Percentiles are exact: the sums carry the seconds of every case.
"""

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, FloatField, Min, Q
from django.db.models.functions import Cast, Extract, TruncDate
from django.utils import timezone

from metrics import standing
from tickets.models import Channel, Kind, State, Ticket, TicketQuerySet

SOON = timedelta(hours=1)
UNANSWERED = [Channel.PHONE, Channel.IMPORT]


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

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Spread":
        """Of cases in ascending order."""
        return cls(len(seconds), percentile(seconds, 0.5), percentile(seconds, 0.9))


def percentile(ordered: Sequence[float], fraction: float) -> float | None:
    """As PERCENTILE_CONT: between two cases by their distance; None of no case."""
    if not ordered:
        return None
    place = fraction * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def local_midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))


# --- Where the desk stands ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """The open tickets of one owner, or of nobody."""

    open: int = 0
    over: int = 0


@dataclass(frozen=True)
class Wall:
    """Where the desk stands at one moment."""

    open_by_kind: dict[str, int]
    breached: int
    oldest_due: datetime | None
    due_soon: int
    due_soon_unassigned: int
    waiting: int
    load: dict[int | None, Load]

    @property
    def open(self) -> int:
        return sum(self.open_by_kind.values())

    @property
    def unassigned(self) -> int:
        return self.load.get(None, Load()).open


def wall(teams: Collection[int], *, now: datetime) -> Wall:
    """Open by class and owner; breached (over) = open and past due; due soon = open and due within the hour."""
    by_kind, by_owner, waiting = Counter[str](), Counter[int | None](), 0
    for owner, kind, waits, n in standing.active(teams):
        by_kind[kind] += n
        by_owner[owner] += n
        waiting += n * waits
    late, soon = Q(due_at__lt=now), Q(due_at__gte=now)
    urgent = {
        row["owner"]: row
        for row in Ticket.objects.active().filter(team__in=teams, due_at__lt=now + SOON).values("owner").annotate(
            over=Count("pk", filter=late), oldest=Min("due_at", filter=late), soon=Count("pk", filter=soon)
        )
    }
    return Wall(
        open_by_kind={kind: by_kind[kind] for kind in Kind.values},
        breached=sum(row["over"] for row in urgent.values()),
        oldest_due=min((row["oldest"] for row in urgent.values() if row["oldest"]), default=None),
        due_soon=sum(row["soon"] for row in urgent.values()),
        due_soon_unassigned=urgent[None]["soon"] if None in urgent else 0,
        waiting=waiting,
        load={owner: Load(n, urgent[owner]["over"] if owner in urgent else 0) for owner, n in by_owner.items()},
    )


# --- What happened on which day -----------------------------------------------------------------------------


@dataclass(frozen=True)
class DaySums:
    """What the figures of one team on one local day, or a part of it, are made of."""

    team: int
    day: date
    opened: Counter[tuple[str, str]]  # (class, channel) → tickets opened
    closed: Counter[int | None]  # owner → tickets archived, with whatever outcome
    first_response: array  # seconds from opened to the first reply, for written contacts opened then; ascending
    resolution: array  # seconds from opened to the last resolution, for tickets opened then; ascending


@dataclass(frozen=True)
class Span:
    """Tickets of some teams (None: any) from one moment to another (None: whatever came since)."""

    since: datetime
    until: datetime | None = None
    teams: Collection[int] | None = None

    def holds(self, field: str) -> Q:
        """The condition on tickets that `field` lies within."""
        found = Q(**{f"{field}__gte": self.since})
        if self.until:
            found &= Q(**{f"{field}__lt": self.until})
        return found if self.teams is None else found & Q(team__in=self.teams)


def counted(tickets: TicketQuerySet, spans: Iterable[Span]) -> list[DaySums]:
    """The sums of these tickets by team and day, of spans that do not overlap. Clock time, not working time.

    A call is answered as it comes and an import was elsewhere: neither has a first response that can be late.
    """
    opened_then, closed_then = Q(pk__in=[]), Q(pk__in=[])
    for span in spans:
        opened_then |= span.holds("opened_at")
        closed_then |= span.holds("archived_at")
    answered = Q(first_response_at__isnull=False) & ~Q(channel__in=UNANSWERED)
    solved = Q(resolved_at__isnull=False) & ~Q(channel=Channel.IMPORT)
    found: dict[tuple[int, date], DaySums] = {}
    rows = tickets.filter(opened_then).order_by().values_list("team", TruncDate("opened_at"), "kind", "channel")
    for team, day, kind, channel, n, replies, solutions in rows.annotate(
        n=Count("pk"), replies=ArrayAgg(_seconds("first_response_at"), filter=answered),
        solutions=ArrayAgg(_seconds("resolved_at"), filter=solved),
    ):
        sums = _sums_of(found, team, day)
        sums.opened[kind, channel] += n
        sums.first_response.extend(replies or ())
        sums.resolution.extend(solutions or ())
    archived = tickets.filter(closed_then, state=State.ARCHIVED).order_by()
    for team, day, owner, n in archived.values_list("team", TruncDate("archived_at"), "owner").annotate(n=Count("pk")):
        _sums_of(found, team, day).closed[owner] += n
    for sums in found.values():
        for seconds in (sums.first_response, sums.resolution):
            seconds[:] = array("d", sorted(seconds))
    return list(found.values())


def _seconds(until: str):
    took = ExpressionWrapper(F(until) - F("opened_at"), output_field=DurationField())
    return Cast(Extract(took, "epoch"), FloatField())


def _sums_of(found: dict[tuple[int, date], DaySums], team: int, day: date) -> DaySums:
    return found.setdefault((team, day), DaySums(team, day, Counter(), Counter(), array("d"), array("d")))


def opened(sums: Iterable[DaySums]) -> int:
    """Tickets opened."""
    return sum(day.opened.total() for day in sums)


def closed(sums: Iterable[DaySums]) -> int:
    """Tickets archived, with whatever outcome."""
    return sum(day.closed.total() for day in sums)


def closed_by_owner(sums: Iterable[DaySums]) -> Counter[int | None]:
    """Tickets archived, by who owned them."""
    found: Counter[int | None] = Counter()
    for day in sums:
        found.update(day.closed)
    return found


def first_response(sums: Iterable[DaySums]) -> Spread:
    """Seconds from opened to the first reply, for written contacts opened on these days."""
    return Spread.of(_merged(day.first_response for day in sums))


def resolution(sums: Iterable[DaySums]) -> Spread:
    """Seconds from opened to the last resolution, for tickets opened on these days."""
    return Spread.of(_merged(day.resolution for day in sums))


def _merged(parts: Iterable[array]) -> list[float]:
    joined = array("d")
    for part in parts:
        joined.extend(part)
    return sorted(joined)  # the parts are in order, which sorting makes use of


def volume_by_day(sums: Iterable[DaySums], *, days: list[date]) -> dict[str, list[int]]:
    """Opened tickets by class for each of `days`, in their order."""
    found: Counter[tuple[str, date]] = Counter()
    for one in sums:
        for (kind, _channel), n in one.opened.items():
            found[kind, one.day] += n
    return {kind: [found[kind, day] for day in days] for kind in Kind.values}


def first_response_by_day(sums: Iterable[DaySums], *, days: list[date]) -> list[Spread]:
    """The first-response spread of each of `days`, in their order."""
    ordered = sorted(sums, key=lambda one: one.day)
    found = {day: first_response(ones) for day, ones in groupby(ordered, key=lambda one: one.day)}
    return [found.get(day, Spread(0, None, None)) for day in days]


def by_channel(sums: Iterable[DaySums]) -> list[tuple[str, int]]:
    """Opened tickets by channel, most first."""
    found: Counter[str] = Counter()
    for one in sums:
        for (_kind, channel), n in one.opened.items():
            found[channel] += n
    return found.most_common()
