"""Which promise applies to a case, why it does, and what the administrator should know about the rows.

Of all active policies that match, the one wins that names most in this order: tier, priority, topic, class, channel.
So a VIP's policy beats one for urgent tickets, and that one beats a topic's. A topic means everything below it; the
nearer one wins. Where none matches, the promise's default policy holds and the administrators are told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import events
from core.hours import ALWAYS, WorkingCalendar
from core.models import Event
from staff import notifications
from staff.models import Role, User
from tickets.ladder_models import first_share_of
from tickets.models import Category, Metric, SLAPolicy, SLATimer, Ticket
from tickets.rulebook import Promise
from tickets.topic_models import line_of as line_in

Policy = TypeVar("Policy", SLAPolicy, Promise)
REQUIRED = (Metric.FIRST_RESPONSE, Metric.RESOLUTION)  # without a policy for these somebody has to be told
LOCK = 7_341_021  # of the advisory lock under which the alert of a day is written


@dataclass(frozen=True)
class Case:
    """What policies look at."""

    channel: str = ""
    kind: str = ""
    tier_id: int | None = None
    category_id: int | None = None
    priority: int | None = None

    @classmethod
    def of(cls, ticket: Ticket) -> "Case":
        return cls(ticket.channel, ticket.kind, ticket.customer.tier_id, ticket.category_id, ticket.priority)


def best_policy(
    metric: str, *, channel: str, kind: str, tier_id: int | None, category_id: int | None = None,
    priority: int | None = None,
) -> SLAPolicy | None:
    """The policy that applies to a case; None where there is not even a default."""
    found = best_policies(
        [metric], channel=channel, kind=kind, tier_id=tier_id, category_id=category_id, priority=priority
    )
    return found.get(metric)


def best_policies(
    metrics: Sequence[str], *, channel: str, kind: str, tier_id: int | None, category_id: int | None = None,
    priority: int | None = None,
) -> dict[str, SLAPolicy]:
    """`best_policy` of several metrics at once; a metric without one is left out."""
    return chosen(metrics, Case(channel, kind, tier_id, category_id, priority))


def chosen(metrics: Sequence[str], case: Case) -> dict[str, SLAPolicy]:
    """One query, and one more where a policy names a topic that is not the case's own."""
    rows = SLAPolicy.objects.filter(Q(is_active=True) | Q(is_default=True), metric__in=metrics)
    rows = rows.filter(
        Q(is_default=True)
        | Q(Q(tier=None) | Q(tier=case.tier_id), Q(priority=None) | Q(priority=case.priority),
            channel__in=["", case.channel], kind__in=["", case.kind])
    ).select_related("calendar").annotate(share=first_share_of())  # fmt: skip
    return ranked(list(rows), case)


def ranked(rows: Iterable[Policy], case: Case, *, line: Sequence[int] | None = None) -> dict[str, Policy]:
    """The winner of each metric among these rows; a default that does not match stands behind all others.

    `line` is the case's topic and those above it, where the caller has it at hand.
    """
    rows = list(rows)
    line = line_of(case.category_id, rows) if line is None else line
    best: dict[str, tuple[tuple, Policy]] = {}
    for policy in rows:
        rank = specificity(policy, line) if policy.is_active and matches(policy, case, line) else None
        if rank is None and not policy.is_default:
            continue
        # Two alike cannot both be active; the key settles a tie with the elder all the same.
        entry = ((rank is not None, rank or (), -policy.pk), policy)
        if policy.metric not in best or entry[0] > best[policy.metric][0]:
            best[policy.metric] = entry
    return {metric: policy for metric, (_rank, policy) in best.items()}


def matches(policy: SLAPolicy | Promise, case: Case, line: Sequence[int]) -> bool:
    """Whether every field that the policy names is the case's; `line` is its topic and those above, nearest first."""
    return (
        policy.channel in ("", case.channel) and policy.kind in ("", case.kind)
        and policy.tier_id in (None, case.tier_id) and policy.priority in (None, case.priority)
        and (policy.category_id is None or policy.category_id in line)
    )  # fmt: skip


def specificity(policy: SLAPolicy | Promise, line: Sequence[int] = ()) -> tuple:
    """Greater means more specific: tier, priority, topic (the nearer the greater), class, channel."""
    near = 0
    if policy.category_id is not None:
        near = len(line) - line.index(policy.category_id) if policy.category_id in line else 1
    return (policy.tier_id is not None, policy.priority is not None, near, bool(policy.kind), bool(policy.channel))


def line_of(category_id: int | None, rows: Iterable[SLAPolicy | Promise]) -> list[int]:
    """The topic and those above it, nearest first; asked for only where a policy names another topic."""
    if category_id is None:
        return []
    if all(policy.category_id in (None, category_id) for policy in rows):
        return [category_id]
    return line_in(dict(Category.objects.values_list("pk", "parent_id")), category_id)


def named(policy: SLAPolicy) -> list[str]:
    """What a policy names, in the order of weight and in the reader's words."""
    parts = [policy.tier, policy.get_priority_display() if policy.priority else "", policy.category,
             policy.get_kind_display() if policy.kind else "", policy.get_channel_display() if policy.channel else ""]
    return [str(part) for part in parts if part]


def target_words(policy: SLAPolicy) -> str:
    """A target as people say it: 5 working days, 24 hours, 10 minutes, 45 seconds."""
    if policy.target_days:
        return ngettext("%(n)d working day", "%(n)d working days", policy.target_days) % {"n": policy.target_days}
    seconds = policy.target_seconds or 0
    if seconds % 3600 == 0:
        return ngettext("%(n)d hour", "%(n)d hours", seconds // 3600) % {"n": seconds // 3600}
    if seconds % 60 == 0:
        return ngettext("%(n)d minute", "%(n)d minutes", seconds // 60) % {"n": seconds // 60}
    return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}


def exact(seconds: int) -> str:
    """2 h 5 min 3 s: to the second, as the sum is."""
    hours, rest = divmod(abs(int(seconds)), 3600)
    parts = [(hours, _("{n} h")), (rest // 60, _("{n} min")), (rest % 60, _("{n} s"))]
    return " ".join(words.format(n=n) for n, words in parts if n) or _("{n} s").format(n=0)


def why(policy: SLAPolicy, case: Case | None = None) -> str:
    """Why this policy was chosen, in a sentence; with the case it also tells a default that stood in."""
    if case is not None and policy.is_default and not (
        policy.is_active and matches(policy, case, line_of(case.category_id, [policy]))
    ):
        return _("No active policy matches the ticket, so the default one holds.")
    names = named(policy)
    if not names:
        return _("It holds for all tickets; none that names more of this one is active.")
    return _("It names %(what)s; none that matches the ticket names more.") % {"what": " · ".join(names)}


def clock_of(timer_or_policy) -> WorkingCalendar:
    """The working time that a promise counts in; clock hours, day and night, where it names no calendar."""
    calendar = timer_or_policy.calendar
    return calendar.hours() if calendar else ALWAYS


def check_found(
    ticket: Ticket, metrics: Iterable[str], found: Mapping[str, SLAPolicy] | Mapping[str, Promise], *, now: datetime
) -> None:
    """Tells the administrators of promises that no policy matches: an event each time, the bell once a day per case."""
    case = Case.of(ticket)
    for metric in metrics:
        policy = found.get(metric)
        stood_in = policy is not None and policy.is_default and not policy.is_active
        if metric in REQUIRED and (policy is None or stood_in or not _fits(policy, case)):
            _alert(ticket, metric, case, policy, now)


def _fits(policy: SLAPolicy | Promise, case: Case) -> bool:
    return not policy.is_default or matches(policy, case, line_of(case.category_id, [policy]))


def _alert(ticket: Ticket, metric: str, case: Case, policy: SLAPolicy | Promise | None, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    words = "/".join(str(part or "*") for part in (case.channel, case.kind, case.tier_id, case.priority))
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    known = Event.objects.filter(
        kind="no_policy", at__gte=midnight, at__lte=now, data__metric=metric, data__case=words
    ).exists()
    events.record(
        "no_policy", ticket, ticket_id=ticket.pk, team_id=ticket.team_id, now=now, metric=metric, case=words,
        default=policy.name if policy else "",
    )
    if not known:
        for person in User.objects.filter(is_active=True, role=Role.ADMIN):
            notifications.notify(person, "no_policy", ticket_id=ticket.pk, now=now, metric=metric)


def overlaps(rows: Iterable[SLAPolicy] | None = None) -> list[tuple[SLAPolicy, SLAPolicy]]:
    """Pairs of active policies that both match some ticket while neither names more of it than the other.

    The order of weight decides between them, the first of each pair wins; the administrator should know.
    """
    if rows is None:
        rows = SLAPolicy.objects.filter(is_active=True).select_related("tier", "category", "calendar")
    found = []
    listed = sorted(rows, key=lambda p: (p.metric, specificity(p), p.name), reverse=True)
    for at, one in enumerate(listed):
        mine = _fields(one)
        for other in listed[at + 1:]:
            theirs = _fields(other)
            if other.metric != one.metric or any(mine[name] != theirs[name] for name in mine.keys() & theirs.keys()):
                continue
            if mine.keys() - theirs.keys() and theirs.keys() - mine.keys():
                found.append((one, other))
    return found


def _fields(policy: SLAPolicy) -> dict[str, object]:
    named_fields = {name: getattr(policy, name) for name in ("channel", "kind", "tier_id", "priority", "category_id")}
    return {name: value for name, value in named_fields.items() if value not in ("", None)}


def as_it_was(timer: SLATimer) -> SLAPolicy:
    """The timer's policy as it stood when the timer began; today's where no history reaches so far back."""
    kept = timer.policy.history.filter(history_date__lte=timer.started_at).order_by("-history_date").first()
    return kept.instance if kept else timer.policy
