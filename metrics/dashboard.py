"""The supervisor's page, put together from the definitions; charts as plain data for the browser to draw."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from messaging.models import Channel
from metrics import definitions
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
    tickets = Ticket.objects.visible_to(user)
    if team_id:
        tickets = tickets.filter(team=team_id)
    today = timezone.localdate(now)
    since = definitions.local_midnight(today - timedelta(days=PERIODS[period] - 1))
    days = [today - timedelta(days=back) for back in range(max(PERIODS[period], 7) - 1, -1, -1)]
    return {
        "now": now,
        "wall": definitions.wall(tickets, now=now),
        "kinds": list(Kind),
        "opened": definitions.opened(tickets, since=since),
        "closed": definitions.closed(tickets, since=since),
        "first_response": definitions.first_response(tickets, since=since),
        "resolution": definitions.resolution(tickets, since=since),
        "urgent": tickets.active().filter(due_at__isnull=False).for_list().order_by("due_at", "id")[:WALL_ROWS],
        "charts": {
            "volume": _volume(definitions.volume_by_day(tickets, days=days), days),
            "reply": _replies(definitions.first_response_by_day(tickets, days=days), days),
            "channels": _channels(definitions.by_channel(tickets, since=since)),
        },
        "load": _load(user, tickets, team_id, now=now, since=since),
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


def _load(user: User, tickets, team_id: int | None, *, now: datetime, since: datetime) -> list[Load]:
    teams = visible_teams(user).filter(pk=team_id) if team_id else visible_teams(user)
    staff = User.objects.filter(is_active=True, team__in=teams).exclude(role=Role.ADMIN).order_by("display_name")
    figures = definitions.load_by_owner(tickets, now=now, since=since)
    none = {"open": 0, "over": 0, "closed": 0}
    rows = [Load(user=person, **figures.get(person.pk, none)) for person in staff[:100]]
    return sorted(rows, key=lambda row: (-row.over, -row.open))
