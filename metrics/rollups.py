"""Figures of days that are over, kept: a page adds up days instead of tickets.

Which days hold: the sums of a day are taken from tickets opened or archived on it, and those change afterwards. A reply
and a resolution come days later, a reopening takes an archiving back; a change of class, a hand-over of an archived
ticket, a merge that is undone, an import of the past and the deletion after retention reach any day. So the sums are
not append-only by nature. Each such change leaves a `Touch` in its own transaction, by a trigger, and from its commit
on the day is counted from its tickets until it is kept anew. Sums and touches are read by one statement: a page sees
both of a change or neither. Days without sums, and the day that goes on, are counted from tickets, too.

Breaches, which are recorded late at times, are no part of a day's sums.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from metrics import standing
from metrics.definitions import DaySums, Span, counted, local_midnight
from metrics.models import DaySum, Touch
from staff.models import Team
from tickets.models import Ticket

DAYS = 30  # as far back as the longest period of a page
BATCH = 40  # teams × days of one transaction
LOCK = 7_341_031  # of the advisory lock: of two that fill at once, one goes home
DAY = timedelta(days=1)


def of_days(teams: Collection[int], days: list[date]) -> list[DaySums]:
    """The sums of these teams for `days`, consecutive and ending with the one that goes on: kept, or counted now."""
    kept = [_read(row) for row in _valid(days[:-1]).filter(team_id__in=teams)]
    known = {(one.team, one.day) for one in kept}
    missing = {day: [team for team in teams if (team, day) not in known] for day in days}
    return kept + counted(Ticket.objects.all(), _spans(missing, open_day=days[-1]))


def _valid(days: list[date]) -> QuerySet[DaySum]:
    """What is kept of these days, of the present zone, and touched by nothing since."""
    within = {"at__gte": OuterRef("begins_at"), "at__lt": OuterRef("ends_at")}
    touched = Touch.objects.filter(team_id=OuterRef("team_id"), **within)
    begun, ended = map(local_midnight, days), (local_midnight(day + DAY) for day in days)
    return DaySum.objects.filter(~Exists(touched), begins_at__in=list(begun), ends_at__in=list(ended))


def _spans(missing: dict[date, list[int]], *, open_day: date) -> Iterator[Span]:
    """Neighbouring days that lack the same teams become one span; that of the open day has no end."""
    since: date | None = None
    for day, teams in missing.items():
        since = since or day
        if day == open_day or missing[day + DAY] != teams:
            if teams:
                yield Span(local_midnight(since), None if day == open_day else local_midnight(day + DAY), teams)
            since = None


def _read(row: DaySum) -> DaySums:
    return DaySums(
        row.team_id, timezone.localdate(row.begins_at),
        Counter({(kind, channel): n for kind, channel, n in row.opened}), Counter(dict(row.closed)),
        array("d", bytes(row.first_response)), array("d", bytes(row.resolution)),
    )


# --- Keeping ------------------------------------------------------------------------------------------------


@transaction.atomic
def fill(*, now: datetime | None = None, limit: int = BATCH) -> int:
    """Keeps the newest days that lack sums or were touched; returns how many (team × day), 0 when all are kept.

    May be killed, run again and run twice at once. Touches are taken away before their day is counted: what they tell
    of was committed by then. One that is committed later stays, and its day is counted again.
    """
    today = timezone.localdate(now)
    days = [today - DAY * back for back in range(1, DAYS + 1)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
    _forget_others(days)
    wanted = _wanted(days)[:limit]
    by_day: defaultdict[date, list[int]] = defaultdict(list)
    for day, team in wanted:
        by_day[day].append(team)
    for day, teams in by_day.items():
        _keep(day, teams)
    return len(wanted)


def fill_all(*, now: datetime | None = None) -> int:
    """Keeps whatever is lacking, a transaction for each batch; returns how many (team × day)."""
    n = 0
    while done := fill(now=now):
        n += done
    return n


def rebuild(*, now: datetime | None = None) -> int:
    """Counts everything that is kept anew; returns how many (team × day). Pages count from tickets meanwhile."""
    standing.recount()
    DaySum.objects.all().delete()
    return fill_all(now=now)


def _forget_others(days: list[date]) -> None:
    """Drops sums of days that no page asks for, or of another zone, and touches of days that have none."""
    DaySum.objects.exclude(begins_at__in=[local_midnight(day) for day in days]).delete()
    Touch.objects.filter(Q(at__lt=local_midnight(days[-1])) | Q(at__gte=local_midnight(days[0] + DAY))).delete()


def _wanted(days: list[date]) -> list[tuple[date, int]]:
    """Teams and days to be counted, newest first."""
    teams = Team.objects.order_by("pk").values_list("pk", flat=True)
    held = {(timezone.localdate(begins), team) for begins, team in _valid(days).values_list("begins_at", "team_id")}
    return [(day, team) for day in days for team in teams if (day, team) not in held]


def _keep(day: date, teams: Collection[int]) -> None:
    begins, ends = local_midnight(day), local_midnight(day + DAY)
    Touch.objects.filter(team_id__in=teams, at__gte=begins, at__lt=ends).delete()
    found = {one.team: one for one in counted(Ticket.objects.all(), [Span(begins, ends, teams)])}
    DaySum.objects.bulk_create(
        [_row(team, begins, ends, found.get(team)) for team in teams], update_conflicts=True,
        unique_fields=["team_id", "begins_at"],
        update_fields=["ends_at", "opened", "closed", "first_response", "resolution"],
    )


def _row(team: int, begins: datetime, ends: datetime, sums: DaySums | None) -> DaySum:
    row = DaySum(
        team_id=team, begins_at=begins, ends_at=ends, opened=[], closed=[], first_response=b"", resolution=b""
    )
    if sums:
        row.opened = [[kind, channel, n] for (kind, channel), n in sums.opened.items()]
        row.closed = [[owner, n] for owner, n in sums.closed.items()]
        row.first_response, row.resolution = sums.first_response.tobytes(), sums.resolution.tobytes()
    return row

