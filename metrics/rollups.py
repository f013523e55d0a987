"""Figures of what is over, kept: of past days, and of the hours of today. A page adds these up instead of tickets.

Which sums hold: those of a day are taken from tickets opened or archived on it, and these change afterwards. A reply
and a resolution come days later, a reopening takes an archiving back; a change of class, a hand-over of an archived
ticket, a merge that is undone, an import of the past and the deletion after retention reach any day. So the sums are
not append-only by nature. Each such change leaves a `Touch` in its own transaction, by a trigger, and from its commit
on its day or hour is counted from the tickets until it is kept anew. Sums and touches are read by one statement: a page
sees both of a change or neither. What has no sums, and the hour that goes on, is counted from tickets, too.

Breaches, which are recorded late at times, are no part of these sums.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from itertools import groupby

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from metrics import standing
from metrics.definitions import DaySums, Span, counted, local_midnight
from metrics.models import DaySum, Touch
from staff.models import Team
from tickets.models import Ticket

DAYS = 30  # as far back as the longest period of a page
BATCH = 40  # teams × stretches of one transaction
LOCK = 7_341_031  # of the advisory lock: of two that fill at once, one goes home
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
Stretch = tuple[datetime, datetime]


def of_days(teams: Collection[int], days: list[date], *, now: datetime) -> list[DaySums]:
    """The sums of these teams for `days`, consecutive and ending with today: kept, or counted now.

    Of one team and day there may be several, which add up.
    """
    over = _stretches(days, now)
    kept, known = [], set()
    for row in _valid(over).filter(team_id__in=teams).values_list(*FIELDS):
        kept.append(_read(*row))
        known.add(row[:2])
    missing = [(*stretch, [team for team in teams if (team, stretch[0]) not in known]) for stretch in over]
    goes_on = over[-1][1] if over else local_midnight(days[-1])
    return kept + counted(Ticket.objects.all(), _spans([*missing, (goes_on, None, list(teams))]))


def _stretches(days: list[date], now: datetime) -> list[Stretch]:
    """The days that are over, and the hours that are over of the last, which goes on."""
    found = [(local_midnight(day), local_midnight(day + DAY)) for day in days[:-1]]
    begins = local_midnight(days[-1])
    while begins + HOUR <= now:
        found.append((begins, begins + HOUR))
        begins += HOUR
    return found


def _valid(over: list[Stretch]) -> QuerySet[DaySum]:
    """What is kept of these and touched by nothing since."""
    within = {"at__gte": OuterRef("begins_at"), "at__lt": OuterRef("ends_at")}
    touched = Touch.objects.filter(team_id=OuterRef("team_id"), **within)
    return DaySum.objects.filter(_one_of(over), ~Exists(touched))


def _one_of(over: list[Stretch]) -> Q:
    # No hour of today begins with a day that is over or ends with one that does not begin with it.
    return Q(begins_at__in=[begins for begins, _ends in over], ends_at__in=[ends for _begins, ends in over])


def _spans(missing: list[tuple[datetime, datetime | None, list[int]]]) -> Iterator[Span]:
    """Neighbouring stretches that the same teams lack become one span."""
    for teams, some in groupby(missing, key=lambda one: one[2]):
        stretches = list(some)
        if teams:
            yield Span(stretches[0][0], stretches[-1][1], teams)


FIELDS = ("team_id", "begins_at", "opened", "closed", "first_response", "resolution")


def _read(team: int, begins: datetime, opened: list, closed: list, first_response: bytes, resolution: bytes) -> DaySums:
    return DaySums(
        team, timezone.localdate(begins), Counter({(kind, channel): n for kind, channel, n in opened}),
        Counter(dict(closed)), array("d", bytes(first_response)), array("d", bytes(resolution)),
    )


# --- Keeping ------------------------------------------------------------------------------------------------


@transaction.atomic
def fill(*, now: datetime | None = None, limit: int = BATCH) -> int:
    """Keeps the newest days and hours that lack sums or were touched; returns how many, team by team; 0 when all are.

    May be killed, run again and run twice at once. Touches are taken away before their stretch is counted: what they
    tell of was committed by then. One that is committed later stays, and its stretch is counted again.
    """
    now = now or timezone.now()
    today = timezone.localdate(now)
    over = _stretches([today - DAY * back for back in range(DAYS, -1, -1)], now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
    # Sums that no page asks for any more, or of another time zone; and touches of what has no sums.
    DaySum.objects.exclude(_one_of(over)).delete()
    Touch.objects.filter(Q(at__lt=over[0][0]) | Q(at__gte=over[-1][1])).delete()
    wanted: defaultdict[Stretch, list[int]] = defaultdict(list)
    for stretch, team in _wanted(over)[:limit]:
        wanted[stretch].append(team)
    for stretch, teams in wanted.items():
        _keep(*stretch, teams)
    return sum(map(len, wanted.values()))


def _wanted(over: list[Stretch]) -> list[tuple[Stretch, int]]:
    """What is to be counted, newest first."""
    teams = list(Team.objects.order_by("pk").values_list("pk", flat=True))
    held = set(_valid(over).values_list("begins_at", "team_id"))
    return [(stretch, team) for stretch in reversed(over) for team in teams if (stretch[0], team) not in held]


def _keep(begins: datetime, ends: datetime, teams: Collection[int]) -> None:
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


def fill_all(*, now: datetime | None = None) -> int:
    """Keeps whatever is lacking, a transaction for each batch; returns how many."""
    n = 0
    while done := fill(now=now):
        n += done
    return n


def rebuild(*, now: datetime | None = None) -> int:
    """Counts everything that is kept anew; returns how many. Pages count from tickets meanwhile."""
    standing.recount()
    DaySum.objects.all().delete()
    return fill_all(now=now)
