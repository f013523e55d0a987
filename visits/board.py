"""The dispatch board: one day's visits by technician, those that nobody has yet before them; and one's own day."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from staff.models import User
from staff.sight import visible_teams
from visits.forms import BoardForm
from visits.models import TAKING_TIME, WAITING_FOR_ONE, Kind, State, Technician, Visit

PAGE = 30


@dataclass
class Lane:
    """One technician's day."""

    technician: Technician
    visits: list[Visit] = field(default_factory=list)
    taken: int = 0  # visits of all teams that take or took their time on that day

    @property
    def full(self) -> bool:
        return self.taken >= self.technician.per_day


def bounds(day: date) -> tuple[datetime, datetime]:
    """A day of ours from midnight to midnight."""
    zone = timezone.get_current_timezone()
    return datetime.combine(day, time.min, zone), datetime.combine(day + timedelta(days=1), time.min, zone)


def context(user: User, query, *, now: datetime) -> dict:
    """Everything that the board shows, in as many queries for thirty technicians as for two."""
    form = BoardForm(query)
    day = form.value("day") or timezone.localdate(now)
    kind, team = form.value("kind") or "", form.value("team")
    teams = list(visible_teams(user).order_by("name"))
    begin, end = bounds(day)
    seen = Visit.objects.visible_to(user).listed()
    seen = seen.filter(kind=kind) if kind else seen
    seen = seen.filter(ticket__team=team) if team else seen
    waiting = seen.filter(state__in=WAITING_FOR_ONE).order_by("pk")
    waiting = waiting.filter(pk__gt=form.value("after")) if form.value("after") else waiting
    rows = list(waiting[: PAGE + 1])
    visits = list(seen.on(begin, end).exclude(state__in=WAITING_FOR_ONE).order_by("starts_at", "pk"))
    lanes = _lanes(user, visits, begin, end)
    return {
        "day": day, "today": timezone.localdate(now), "yesterday": day - timedelta(days=1),
        "tomorrow": day + timedelta(days=1), "kind": kind, "kinds": Kind.choices, "team": team, "teams": teams,
        "waiting": rows[:PAGE], "more_after": rows[PAGE - 1].pk if len(rows) > PAGE else None, "lanes": lanes,
        "count": len(visits), "late": [visit for visit in visits if visit.is_late(now)], "now": now,
        "after": form.value("after"),
    }


def _lanes(user: User, visits: list[Visit], begin: datetime, end: datetime) -> list[Lane]:
    counting = (*TAKING_TIME, State.COMPLETED)
    on_day = Q(visits__state__in=counting, visits__starts_at__gte=begin, visits__starts_at__lt=end)
    shown = {visit.technician_id for visit in visits if visit.technician_id}
    people = Technician.objects.seen_by(user) | Technician.objects.filter(pk__in=shown)
    counted = people.select_related("user", "team").annotate(taken=Count("visits", filter=on_day, distinct=True))
    lanes = {row.pk: Lane(row, taken=row.taken) for row in counted.order_by("team__name", "pk").distinct()}
    for visit in visits:
        if visit.technician_id in lanes:
            lanes[visit.technician_id].visits.append(visit)
    return list(lanes.values())


def own_day(user: User, *, now: datetime) -> dict:
    """A technician's visits of today, and what is still open from before."""
    begin, end = bounds(timezone.localdate(now))
    mine = Visit.objects.filter(technician__user=user).listed()
    today = mine.on(begin, end).exclude(state__in=[State.REQUESTED, State.CANCELLED]).order_by("starts_at")
    before = mine.filter(state__in=TAKING_TIME, starts_at__lt=begin).order_by("starts_at")[:PAGE]
    next_days = mine.filter(state__in=TAKING_TIME, starts_at__gte=end).order_by("starts_at")[:PAGE]
    return {"today": list(today), "before": list(before), "next_days": list(next_days), "now": now}
