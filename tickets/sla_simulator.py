"""Trying promises out: a made-up ticket, opened then, would be due when, by which policy, and why not by the others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from core.hours import NeverOpens
from core.models import WorkCalendar
from tickets import sla_policies
from tickets.models import Metric, SLAPolicy
from tickets.sla_policies import Case

MOST_INTERVALS = 60
NEW = 2**62  # the number of a draft that was never saved: younger than all


@dataclass(frozen=True)
class Answer:
    """One promise of the made-up ticket. `lost` are the other policies with the reason; times are in `zone`."""

    metric: str
    label: str
    policy: SLAPolicy | None
    why: str = ""
    due: datetime | None = None
    target: int = 0  # seconds of the promise's own clock
    intervals: list[tuple[datetime, datetime, int]] = field(default_factory=list)  # begin, end, seconds
    more: int = 0  # intervals that the last line stands for
    lost: list[tuple[SLAPolicy, str]] = field(default_factory=list)
    note: str = ""

    @property
    def saved(self) -> bool:
        return self.policy is not None and self.policy.pk != NEW

    @property
    def words(self) -> str:
        return sla_policies.target_words(self.policy) if self.policy else ""

    @property
    def calendar(self) -> str:
        return str(self.policy and self.policy.calendar or _("clock hours, day and night"))

    @property
    def lines(self) -> list[tuple[datetime, datetime, str]]:
        return [(begin, end, sla_policies.exact(seconds)) for begin, end, seconds in self.intervals]

    @property
    def sum(self) -> str:
        return sla_policies.exact(sum(seconds for _begin, _end, seconds in self.intervals))


def simulate(
    case: Case, *, opened: datetime, draft: SLAPolicy | None = None, metrics: Sequence[str] = tuple(Metric.values)
) -> list[Answer]:
    """What would be promised to such a ticket, were each clock to start at `opened`; writes nothing.

    `draft` takes part as if it were active, in place of the row of its own number and of one for the same case.
    """
    rows = with_draft(draft, metrics)
    winners = sla_policies.ranked([row for row in rows if row.is_active or row.is_default], case)
    return [_answer(metric, case, opened, winners.get(metric), rows) for metric in metrics]


def with_draft(draft: SLAPolicy | None, metrics: Iterable[str]) -> list[SLAPolicy]:
    """The policies that hold, the draft among them as an active one; a draft without a number gets the last."""
    held = SLAPolicy.objects.filter(Q(is_active=True) | Q(is_default=True), metric__in=metrics)
    rows = list(held.select_related("calendar", "tier", "category"))
    if draft is None:
        return rows
    draft.is_active, draft.pk = True, draft.pk or NEW
    rows = [row for row in rows if row.pk != draft.pk]
    for row in rows:  # of two policies for the same case one alone can be active: the draft takes its place
        row.is_active = row.is_active and not same_case(row, draft)
    return [*rows, draft]


def same_case(one: SLAPolicy, other: SLAPolicy) -> bool:
    names = ("metric", "channel", "kind", "tier_id", "category_id", "priority")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _answer(metric: str, case: Case, opened: datetime, winner: SLAPolicy | None, rows: list[SLAPolicy]) -> Answer:
    label = str(Metric(metric).label)
    lost = [(row, _why_not(row, winner, case)) for row in rows if row.metric == metric and row is not winner]
    if winner is None:
        return Answer(metric, label, None, lost=lost, note=_("No policy promises this, not even a default one."))
    clock, zone = sla_policies.clock_of(winner), zone_of(winner.calendar)
    why = sla_policies.why(winner, case)
    try:
        if winner.target_days:
            due = clock.add_days(opened, winner.target_days)
        else:
            due = clock.add(opened, winner.target_seconds or 0)
    except NeverOpens:
        return Answer(metric, label, winner, why, lost=lost, note=_("Its calendar does not open long enough any more."))
    found = clock.intervals(opened, due)
    listed = [(begin.astimezone(zone), end.astimezone(zone), int((end - begin).total_seconds()))
              for begin, end in found]  # fmt: skip
    more = listed[MOST_INTERVALS - 1:] if len(listed) > MOST_INTERVALS else []
    if more:  # as one line, so that the figures still add up
        listed[MOST_INTERVALS - 1:] = [(more[0][0], more[-1][1], sum(seconds for _begin, _end, seconds in more))]
    seconds = clock.between(opened, due)
    return Answer(metric, label, winner, why, due.astimezone(zone), seconds, listed, len(more), lost)


def zone_of(calendar: WorkCalendar | None) -> ZoneInfo:
    return ZoneInfo(calendar.timezone if calendar else settings.TIME_ZONE)


def _why_not(row: SLAPolicy, winner: SLAPolicy | None, case: Case) -> str:
    line = sla_policies.line_of(case.category_id, [row])
    if row.is_active and sla_policies.matches(row, case, line):
        return _("it matches, but %(winner)s names more") % {"winner": winner}
    if not row.is_active and winner is not None and same_case(row, winner):
        return _("%(winner)s is tried in its place") % {"winner": winner}
    if not row.is_active:
        return _("it stands in only where no active policy matches")
    wrong = [words for words, misses in (
        (row.tier, row.tier_id not in (None, case.tier_id)),
        (row.get_priority_display(), row.priority not in (None, case.priority)),
        (row.category, row.category_id is not None and row.category_id not in line),
        (row.get_kind_display(), row.kind not in ("", case.kind)),
        (row.get_channel_display(), row.channel not in ("", case.channel)),
    ) if misses]  # fmt: skip
    return _("only for %(what)s") % {"what": " · ".join(str(words) for words in wrong)}
