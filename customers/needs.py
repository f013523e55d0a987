"""The log of needs and pain points 需求 (A4): what a customer spoke of, when it was met, and how topics come and go."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, live
from customers import registry
from customers.models import Customer, Need
from staff.models import User

MONTHS = 6
TOPICS = 20  # beyond these the rest is one row


class NeedRefused(ValueError):
    """Nothing was said that could be written down."""


@transaction.atomic
def note(
    *, customer: Customer, text: str, topic: str = "", source: str = Customer.Source.CALL, by: User | None = None,
    now: datetime | None = None,
) -> Need:
    """Writes down one need. Raises `NeedRefused` for an empty one."""
    text = text.replace("\0", "").strip()[:400]
    if not text:
        raise NeedRefused(_("Write what the customer needs."))
    customer, now = registry.standing(customer), now or timezone.now()
    row = Need(customer=customer, text=text, topic=topic.strip()[:60], source=source, at=now, by=by)
    row._history_user = by  # type: ignore[attr-defined]
    row.save()
    _log("need_noted", row, by=by, now=now)
    return row


@transaction.atomic
def meet(need: Need, *, by: User | None = None, now: datetime | None = None) -> Need:
    """The need has been met; saying so again changes nothing."""
    now = now or timezone.now()
    found = Need.objects.select_for_update(of=("self",)).select_related("customer").get(pk=need.pk)
    if found.met_at is None:
        found.met_at = now
        found._history_user = by  # type: ignore[attr-defined]
        found.save(update_fields=["met_at"])
        _log("need_met", found, by=by, now=now)
    return found


@dataclass(frozen=True)
class TopicRow:
    """How often a topic was spoken of in each month, and in all; None stands for all topics beyond the first."""

    topic: str | None
    counts: list[int]
    total: int


@dataclass(frozen=True)
class Trend:
    """Topics by month, the most frequent first."""

    months: list[date]
    rows: list[TopicRow]
    total: int


def trend(needs: QuerySet[Need], *, now: datetime | None = None) -> Trend:
    """How often each topic came up among these needs in the last months, the present one last; one query."""
    months = _months(timezone.localdate(now or timezone.now()))
    since = timezone.make_aware(datetime.combine(months[0], time()))
    found = needs.filter(at__gte=since).annotate(month=TruncMonth("at")).order_by().values_list("topic", "month")
    counts: dict[str, Counter[date]] = {}
    for topic, month, n in found.annotate(n=Count("pk")):
        counts.setdefault(topic, Counter())[timezone.localdate(month)] += n
    ranked = sorted(counts, key=lambda topic: (-counts[topic].total(), topic))
    rows: list[TopicRow] = [_row(topic, counts[topic], months) for topic in ranked[:TOPICS]]
    if rest := ranked[TOPICS:]:
        rows.append(_row(None, sum((counts[topic] for topic in rest), Counter()), months))
    return Trend(months, rows, sum(row.total for row in rows))


def _row(topic: str | None, counts: Counter[date], months: list[date]) -> TopicRow:
    each = [counts[month] for month in months]
    return TopicRow(topic, each, sum(each))


def _months(today: date) -> list[date]:
    first, found = today.replace(day=1), []
    for _n in range(MONTHS):
        found.append(first)
        first = (first - timedelta(days=1)).replace(day=1)
    return found[::-1]


def _log(kind: str, need: Need, *, by: User | None, now: datetime) -> None:
    customer = need.customer
    events.record(
        kind, need, by=by, customer_id=customer.pk, team_id=customer.team_id, now=now, topic=need.topic
    )
    live.publish("customer", team_id=customer.team_id, customer=customer.pk)
