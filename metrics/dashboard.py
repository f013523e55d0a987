"""The supervisor's page, put together from the definitions; charts as plain data for the browser to draw."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from messaging.models import Channel
from metrics import definitions, rollups
from staff.models import Role, User
from staff.sight import visible_teams
from tickets.models import Kind, Ticket

PERIODS = {"today": 1, "7": 7, "30": 30}
WALL_ROWS = 8
KIND_COLOURS = {Kind.CONSULT: "blue", Kind.SERVICE: "violet", Kind.COMPLAINT: "orange"}


@dataclass(frozen=True)
class Load:
    user: User
    open: int
    over: int
    closed: int


def board(user: User, *, period: str, team_id: int | None, now: datetime) -> dict:
    """Everything the page shows for this viewer: figures, the wall of deadlines, charts and the load."""
    teams = [pk for pk in visible_teams(user).values_list("pk", flat=True) if team_id in (None, pk)]
    today = timezone.localdate(now)
    days = [today - timedelta(days=back) for back in range(max(PERIODS[period], 7) - 1, -1, -1)]
    charted = rollups.of_days(teams, days, now=now)
    asked = [one for one in charted if one.day > today - timedelta(days=PERIODS[period])]
    wall = definitions.wall(teams, now=now)
    urgent = Ticket.objects.visible_to(user).filter(team__in=teams).active().filter(due_at__isnull=False)
    return {
        "now": now,
        "wall": wall,
        "kinds": list(Kind),
        "opened": definitions.opened(asked),
        "closed": definitions.closed(asked),
        "first_response": definitions.first_response(asked),
        "resolution": definitions.resolution(asked),
        "urgent": urgent.for_list().order_by("due_at", "id")[:WALL_ROWS],
        "charts": {
            "volume": _volume(definitions.volume_by_day(charted, days=days), days),
            "reply": _replies(definitions.first_response_by_day(charted, days=days), days),
            "channels": _channels(definitions.by_channel(asked)),
        },
        "load": _load(teams, wall, definitions.closed_by_owner(asked)),
    }


def _labels(days: list[date]) -> list[str]:
    short = len(days) <= 7
    return [formats.date_format(day, "D" if short else "m-d") for day in days]


def _volume(by_kind: dict[str, list[int]], days: list[date]) -> dict:
    return {
        "kind": "stack",
        "labels": _labels(days),
        "series": [
            {"name": str(Kind(kind).label), "data": data, "color": KIND_COLOURS[Kind(kind)]}
            for kind, data in by_kind.items()
        ],
        "total": sum(map(sum, by_kind.values())),
    }


def _replies(spreads: list[definitions.Spread], days: list[date]) -> dict:
    def minutes(values):
        return [None if value is None else round(value / 60, 1) for value in values]

    return {
        "kind": "lines",
        "labels": _labels(days),
        "unit": _("m"),
        "series": [
            {"name": _("First reply p50"), "data": minutes(s.p50 for s in spreads), "color": "ch-1"},
            {"name": _("First reply p90"), "data": minutes(s.p90 for s in spreads), "color": "ch-1", "dash": True},
        ],
        "total": sum(spread.n for spread in spreads),
    }


def _channels(rows: list[tuple[str, int]]) -> dict:
    return {
        "kind": "hbar",
        "labels": [str(Channel(channel).label) for channel, _n in rows],
        "series": [{"name": _("Opened"), "data": [n for _channel, n in rows], "color": "ch-1"}],
        "total": sum(n for _channel, n in rows),
    }


def _load(teams: list[int], wall: definitions.Wall, closed: Counter[int | None]) -> list[Load]:
    staff = User.objects.filter(is_active=True, team__in=teams).exclude(role=Role.ADMIN).order_by("display_name")
    rows = []
    for person in staff[:100]:
        works = wall.load.get(person.pk, definitions.Load())
        rows.append(Load(user=person, open=works.open, over=works.over, closed=closed[person.pk]))
    return sorted(rows, key=lambda row: (-row.over, -row.open))
