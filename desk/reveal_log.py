"""Who looked at what is masked, for those who answer for them, and whose looking is unusual."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from statistics import median

from django.db.models import Count, DateTimeField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.models import Contact, Export, Order, Reveal
from messaging.models import Call
from staff.models import User
from staff.sight import visible_teams
from tickets.models import Ticket

ROWS = 50
PERIODS = {"today": 1, "7": 7, "30": 30}
USUAL_DAYS = 30
MANY = 40  # reveals a day
TIMES_USUAL, AT_LEAST = 3, 6  # so many times the usual day, and not below so many
AFTER_CALL = timedelta(hours=1)
ENDED = (Order.State.AFTER_SALE, Order.State.CANCELLED)


@dataclass
class Reader:
    """One person on one day who looked at more, or at others, than their work explains."""

    user: User
    day: date
    count: int
    reasons: list[str] = field(default_factory=list)


def seen(user: User) -> QuerySet[Reveal]:
    """Looks by the people of one's teams, and at one's teams' customers by anybody."""
    rows = Reveal.objects.all()
    if user.is_admin:
        return rows
    teams = visible_teams(user)
    return rows.filter(Q(user__team__in=teams) | Q(customer__team__in=teams))


def begin(period: str, now: datetime) -> datetime:
    """When the period began: midnight of its first day."""
    first = timezone.localdate(now) - timedelta(days=PERIODS[period] - 1)
    return timezone.make_aware(datetime.combine(first, time()))


def page(user: User, *, period: str, reader: int | None, before: int | None, now: datetime) -> dict:
    """The context of the page: unusual readers first, then the log a page at a time, then what was taken out."""
    rows = seen(user).filter(at__gte=begin(period, now))
    if reader:
        rows = rows.filter(user=reader)
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(_judged(rows).select_related("user", "customer").order_by("-pk")[: ROWS + 1])
    return {
        "rows": [(row, label(row.field)) for row in found[:ROWS]],
        "onward": found[ROWS - 1].pk if len(found) > ROWS else None,
        "unusual": unusual(user, period=period, reader=reader, now=now),
        "readers": User.objects.filter(pk__in=seen(user).order_by().values("user")).order_by("display_name"),
        "exports": exports(user),
    }


def exports(user: User) -> QuerySet[Export]:
    rows = Export.objects.select_related("by")
    return (rows if user.is_admin else rows.filter(by__team__in=visible_teams(user)))[:20]


def label(name: str) -> str:
    """What was looked at, in words: a kind of contact, or numbers in a free text."""
    if ":" in name:
        return str(_("numbers in a text"))
    return str(Contact.Kind(name).label) if name in Contact.Kind.values else name


def _judged(rows: QuerySet[Reveal]) -> QuerySet[Reveal]:
    """With `idle`: nothing was going on with the customer then, neither a ticket nor a call nor an order."""
    at = OuterRef("at")
    ticket = Ticket.objects.filter(
        Q(archived_at=None) | Q(archived_at__gte=at), customer=OuterRef("customer"), opened_at__lte=at
    )
    call = Call.objects.filter(
        Q(ended_at=None) | Q(ended_at__gte=ExpressionWrapper(at - AFTER_CALL, DateTimeField())),
        customer=OuterRef("customer"), picked_up_at__lte=at,
    )
    order = Order.objects.filter(customer=OuterRef("customer"), placed_at__lte=at).exclude(state__in=ENDED)
    return rows.annotate(idle=~Exists(ticket) & ~Exists(call) & ~Exists(order))


def unusual(user: User, *, period: str, now: datetime, reader: int | None = None) -> list[Reader]:
    """Days of the period on which somebody looked at more than MANY, at `TIMES_USUAL` times their usual day (the
    median of the 30 days before), or at customers with whom nothing was going on. The latest first."""
    since = begin(period, now)
    rows = seen(user).filter(at__gte=since - timedelta(days=USUAL_DAYS))
    if reader:
        rows = rows.filter(user=reader)
    days = rows.annotate(day=TruncDate("at")).order_by().values_list("user", "day").annotate(n=Count("pk"))
    counts: dict[int, Counter[date]] = {}
    for who, day, n in days:
        counts.setdefault(who, Counter())[day] = n
    recent = _judged(rows.filter(at__gte=since)).filter(idle=True).annotate(day=TruncDate("at"))
    idle = {(who, day): n for who, day, n in recent.order_by().values_list("user", "day").annotate(n=Count("pk"))}
    people = User.objects.in_bulk(counts)
    first = timezone.localdate(since)
    found = [
        Reader(people[who], day, n, reasons)
        for who, by_day in counts.items()
        for day, n in by_day.items()
        if day >= first and (reasons := _reasons(by_day, day, idle.get((who, day), 0)))
    ]
    return sorted(found, key=lambda one: (one.day, one.count), reverse=True)


def _reasons(by_day: Counter[date], day: date, idle: int) -> list[str]:
    n = by_day[day]
    before = [by_day[one] for one in by_day if day - timedelta(days=USUAL_DAYS) <= one < day]
    usual = median(before) if before else 0
    reasons = []
    if n > MANY:
        reasons.append(_("%(n)d in a day") % {"n": n})
    if usual and n >= max(TIMES_USUAL * usual, AT_LEAST):
        reasons.append(_("%(n)d in a day, usually %(usual)d") % {"n": n, "usual": usual})
    if idle:
        reasons.append(
            ngettext(
                "%(n)d of a customer without an open ticket, call or order",
                "%(n)d of customers without an open ticket, call or order", idle,
            ) % {"n": idle}
        )  # fmt: skip
    return reasons
