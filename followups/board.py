"""What the callbacks page shows: figures, a week or a list, and the drawer of one callback; queries are bounded."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from customers.models import Contact
from followups import booking, week
from followups.forms import BoardForm
from followups.models import Attempt, Callback, CallbackQuerySet
from staff.models import User

PAGE = 30
WAITING = 8


@dataclass(frozen=True)
class Line:
    """One callback in a list, with its tries that count."""

    callback: Callback
    phone: str
    tries: list[bool]
    last: Attempt | None
    late: bool


@dataclass(frozen=True)
class View:
    """Which part of the calendar somebody looks at."""

    name: str
    day: date
    mine: bool
    after: int | None

    @classmethod
    def of(cls, query, now: datetime) -> "View":
        form = BoardForm(query)
        day = form.value("day")
        if day is None or not 2000 <= day.year <= 2999:
            day = timezone.localdate(now)
        return cls(form.value("view") or "week", day, bool(form.value("mine")), form.value("after"))

    def query(self, **changes) -> str:
        """The query string of this view with something changed."""
        values = {"view": self.name, "day": self.day.isoformat(), "mine": "1" if self.mine else "", **changes}
        return "?" + urlencode({key: value for key, value in values.items() if value})


def context(user: User, view: View, *, now: datetime) -> dict:
    found = Callback.objects.visible_to(user)
    if view.mine:
        found = found.filter(assignee=user)
    shared = {
        "view": view, "figures": figures(found, now), "today": timezone.localdate(now),
        "urls": {
            "week": view.query(view="week"), "day": view.query(view="day"), "list": view.query(view="list"),
            "mine": view.query(mine="" if view.mine else "1"), "now": view.query(day=""),
        },
    }
    return {**shared, **(_week(found, view, now) if view.name == "week" else _list(found, view, now))}


def figures(found: CallbackQuerySet, now: datetime) -> dict:
    """Late, soon (within the hour) and booked beyond it."""
    soon = now + week.SOON
    return found.open().aggregate(
        late=Count("pk", filter=Q(due_at__lt=now)),
        soon=Count("pk", filter=Q(due_at__gte=now, due_at__lt=soon)),
        booked=Count("pk", filter=Q(due_at__gte=soon)),
    )


def _week(found: CallbackQuerySet, view: View, now: datetime) -> dict:
    calendar = week.build(found, view.day, now=now)
    tried = found.open().filter(Exists(Attempt.objects.filter(callback=OuterRef("pk")))).order_by("due_at", "id")
    waiting = list(_full(tried)[: WAITING + 1])
    return {
        "week": calendar, "before_url": view.query(day=calendar.before), "after_url": view.query(day=calendar.after),
        "lines": [_line(row, now) for row in waiting[:WAITING]], "more": len(waiting) > WAITING,
    }


def _list(found: CallbackQuerySet, view: View, now: datetime) -> dict:
    if view.name == "day":
        start, end = week.bounds(view.day, 1)
        found = found.filter(due_at__gte=start, due_at__lt=end).exclude(state=Callback.State.CANCELLED)
    else:
        found = found.open()
    last = view.after and found.filter(pk=view.after).only("due_at").first()
    if last:
        found = found.filter(Q(due_at__gt=last.due_at) | Q(due_at=last.due_at, pk__gt=last.pk))
    rows = list(_full(found.order_by("due_at", "id"))[: PAGE + 1])
    return {
        "lines": [_line(row, now) for row in rows[:PAGE]],
        "before_url": view.query(day=view.day - timedelta(days=1)),
        "after_url": view.query(day=view.day + timedelta(days=1)),
        "first_url": view.query() if last else "",
        "next_url": view.query(after=rows[PAGE - 1].pk) if len(rows) > PAGE else "",
    }


def _full(rows: QuerySet[Callback]) -> QuerySet[Callback]:
    phones = Contact.objects.filter(kind="phone").order_by("-preferred", "id").only("customer_id", "masked")
    return (
        rows.select_related("ticket__customer__tier", "assignee")
        .defer("ticket__customer__attributes")
        .prefetch_related(
            Prefetch("attempts", Attempt.objects.order_by("id")),
            Prefetch("ticket__customer__contacts", phones, to_attr="phones"),
        )
    )


def _line(row: Callback, now: datetime) -> Line:
    attempts = list(row.attempts.all())
    phones = getattr(row.ticket.customer, "phones", [])  # prefetched by _full
    late = row.state == Callback.State.PLANNED and row.due_at < now
    return Line(row, phones[0].masked if phones else "", dots(attempts), attempts[-1] if attempts else None, late)


def dots(attempts: list[Attempt]) -> list[bool]:
    """The three tries as they are drawn: made, or still to be made."""
    made = len(booking.counted(attempts))
    return [at < made for at in range(booking.TRIES)]


def next_for(user: User, *, after: Callback | None = None) -> Callback | None:
    """The callback that this person works on next: their own before others', the earliest first, never one they
    handled. `after` skips those up to and including it."""
    rows = Callback.objects.visible_to(user).open().exclude(ticket__handler=user).exclude(resolution__actor_id=user.pk)
    rows = rows.filter(Q(assignee=user) | Q(assignee=None) | Q(due_at__lt=timezone.now())).order_by("due_at", "id")
    if after is not None:
        rows = rows.filter(Q(due_at__gt=after.due_at) | Q(due_at=after.due_at, pk__gt=after.pk))
    return rows.filter(assignee=user).first() or rows.first()
