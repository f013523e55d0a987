"""Replay: what a draft of a policy would have made of the promises that stopped in the last month.

Each promise is asked again: which policy would have won with the draft among them, and when it would have been due with
the waits that were recorded. Tickets are looked at as they are now: their former class, topic and tier are not known by
the day. What was recorded stays as it is. Goes on in the background, by the row's cursor; memory stays flat.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from core.hours import NeverOpens, WorkingCalendar
from staff.models import User
from tickets import sla_policies
from tickets.models import Pause, Replay, Segment, SLAPolicy, SLATimer
from tickets.sla_policies import Case
from tickets.sla_simulator import with_draft

DAYS = 30
BATCH = 2_000
MOST = 100_000  # promises of one replay, the latest are left out
SHOWN = 200
SHARE = 20.0  # seconds of one turn in the background
FIELDS = (
    "name", "metric", "channel", "kind", "tier_id", "category_id", "priority", "target_seconds", "target_days",
    "calendar_id", "warn_at", "pauses_for", "is_default",
)  # fmt: skip
CASE = ("ticket__channel", "ticket__kind", "ticket__customer__tier_id", "ticket__category_id", "ticket__priority")
Waits = list[tuple[str, datetime, datetime]]


@dataclass
class Rules:
    """The policies with the draft among them, and the winner of each case, asked once."""

    draft: SLAPolicy
    rows: list[SLAPolicy]
    clocks: dict[int, WorkingCalendar] = field(default_factory=dict)
    known: dict[Case, SLAPolicy | None] = field(default_factory=dict)

    @classmethod
    def of(cls, work: Replay) -> "Rules":
        draft = SLAPolicy(pk=work.policy_id, **work.draft)
        return cls(draft, with_draft(draft, [draft.metric]))

    def winner(self, case: Case) -> SLAPolicy | None:
        if case not in self.known:
            self.known[case] = sla_policies.ranked(self.rows, case).get(self.draft.metric)
        return self.known[case]

    def clock(self, policy: SLAPolicy) -> WorkingCalendar:
        key = policy.pk or 0
        if key not in self.clocks:
            self.clocks[key] = sla_policies.clock_of(policy)
        return self.clocks[key]


@transaction.atomic
def start(draft: SLAPolicy, *, by: User | None, now: datetime | None = None) -> Replay:
    """Begins in the background; the draft need not be saved."""
    now = now or timezone.now()
    work = Replay(
        policy_id=draft.pk, name=draft.name, draft={name: getattr(draft, name) for name in FIELDS}, by=by,
        begun_at=now, since=now - timedelta(days=DAYS),
    )
    work.total = _stopped(work).order_by()[:MOST].count()
    work.save()
    return work


def _stopped(work: Replay) -> QuerySet[SLATimer]:
    """Settled promises of the metric on tickets, in the order in which they stopped."""
    return SLATimer.objects.filter(
        metric=work.draft["metric"], stopped_at__gte=work.since, stopped_at__lte=work.begun_at, ticket__isnull=False,
        state__in=(SLATimer.State.MET, SLATimer.State.BREACHED),
    ).order_by("stopped_at", "pk")  # fmt: skip


def carry_on(*, seconds: float = SHARE, now: datetime | None = None) -> int:
    """One turn of the background; returns how many promises were looked at."""
    begun, looked = time.monotonic(), 0
    for work in Replay.objects.filter(state=Replay.State.RUNNING).order_by("pk"):
        rules = Rules.of(work)
        while (done := batch(work, rules, now=now)) is not None:
            looked += done
            if time.monotonic() - begun > seconds:
                return looked
    return looked


@transaction.atomic
def batch(work: Replay, rules: Rules, *, now: datetime | None = None) -> int | None:
    """Asks about the next promises and notes how far it came; None where there is nothing to do for this worker."""
    rows = Replay.objects.select_for_update(skip_locked=True, of=("self",))
    locked = rows.filter(pk=work.pk, state=Replay.State.RUNNING).first()
    if locked is None:
        return None
    found = _stopped(locked)
    if locked.reached_at:
        found = found.filter(
            Q(stopped_at__gt=locked.reached_at) | Q(stopped_at=locked.reached_at, pk__gt=locked.cursor),
            stopped_at__gte=locked.reached_at,
        )
    page = list(found.values("pk", "ticket_id", "policy_id", "state", "started_at", "stopped_at", "due_at", *CASE)
                [: min(BATCH, max(MOST - locked.looked, 0))])  # fmt: skip
    if not page:
        locked.state, locked.ended_at = Replay.State.DONE, now or timezone.now()
        locked.save()
        return None
    waits = _waits(page)
    for row in page:
        _ask(locked, rules, row, waits)
    locked.cursor, locked.reached_at = page[-1]["pk"], page[-1]["stopped_at"]
    locked.looked += len(page)
    locked.save()
    return len(page)


def _waits(page: Sequence[dict[str, Any]]) -> dict[int, Waits]:
    """The recorded waits by timer: those of its own stretches, and those of its ticket that its policy ran through."""
    found: dict[int, Waits] = defaultdict(list)
    by_ticket: dict[int, list[int]] = defaultdict(list)
    for row in page:
        by_ticket[row["ticket_id"]].append(row["pk"])
    for ticket_id, cause, began, ended in Pause.objects.filter(
        ticket__in=list(by_ticket), ended_at__isnull=False
    ).values_list("ticket_id", "cause", "began_at", "ended_at"):
        for pk in by_ticket[ticket_id]:
            found[pk].append((cause, began, ended or began))
    own = Segment.objects.filter(timer__in=[row["pk"] for row in page], kind=Segment.Kind.PAUSE)
    for pk, cause, began, ended in own.values_list("timer_id", "cause", "began_at", "ended_at"):
        found[pk].append((cause, began, ended))
    return found


def _ask(work: Replay, rules: Rules, row: dict[str, Any], waits: dict[int, Waits]) -> None:
    """One promise again; counts it in the row of the work."""
    was = row["state"] == SLATimer.State.BREACHED
    work.was += was
    winner = rules.winner(Case(*(row[name] for name in CASE)))
    # Only where the draft comes in: it wins now, or the row that it replaces had won then.
    if winner is None or (winner is not rules.draft and row["policy_id"] != work.policy_id):
        work.would += was
        return
    work.asked += 1
    due = due_at(winner, rules.clock(winner), started=row["started_at"], waits=waits.get(row["pk"], []))
    would = due is not None and due < row["stopped_at"]
    work.would += would
    if would != was:
        work.changed += 1
        if len(work.first) < SHOWN:
            work.first.append({
                "timer": row["pk"], "ticket": row["ticket_id"], "was": was, "would": would,
                "due": due.isoformat() if due else "", "stopped": row["stopped_at"].isoformat(),
            })  # fmt: skip


def due_at(policy: SLAPolicy, clock: WorkingCalendar, *, started: datetime, waits: Waits) -> datetime | None:
    """When a promise that began then is due under the policy, given what was waited for; None: its clock never ends."""
    causes = {*policy.pause_causes, Segment.Cause.TAKEN_OVER.value}
    counted = sorted((max(began, started), ended) for cause, began, ended in waits if cause in causes)
    try:
        if policy.target_days:
            due = clock.add_days(started, policy.target_days)
            left = clock.between(started, due)
        else:
            left = policy.target_seconds or 0
            due = clock.add(started, left)
        at = started
        for began, ended in counted:
            if began >= due:
                break  # over before it had to wait
            if ended > at:
                left -= clock.between(at, max(began, at))
                at = ended
                due = clock.add(at, left)
    except NeverOpens:
        return None
    return due
