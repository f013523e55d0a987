"""The two promises of an incoming call: picked up within three rings, identified within thirty seconds (C2, P0, P4).

Calls live below tickets and know nothing of promises; their stamps are read here. A pick-up is judged after the fact,
the identification is followed while the call lasts.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from messaging.models import Call, CallStep, Channel
from tickets.models import Metric, Segment, SLAPolicy, SLATimer
from tickets.sla_breaches import record_breaches
from tickets.sla_policies import Case, clock_of, ranked
from tickets.sla_timers import draft, stretch

AT_ONCE = 200
SINCE = timedelta(days=1)
PROMISES = (Metric.RING, Metric.IDENTIFY)


def follow(*, now: datetime | None = None) -> int:
    """One tick: new calls get their promises, running ones are settled or recorded as missed; returns how many."""
    now = now or timezone.now()
    return _begin(now) + _go_on(now)


def _begin(now: datetime) -> int:
    policies = list(SLAPolicy.objects.filter(is_active=True, metric__in=PROMISES).select_related("calendar"))
    begun = 0
    last = None
    while policies:
        newest = Call.objects.order_by("-pk").filter(**({"pk__lt": last} if last else {}))
        page = list(newest.annotate(known=Exists(SLATimer.objects.filter(call=OuterRef("pk"))))
                    .select_related("customer")[:AT_ONCE])  # fmt: skip
        fresh = [call for call in page if not call.known and call.direction == Call.Direction.IN
                 and call.picked_up_at >= now - SINCE]  # fmt: skip
        drafts = [timer for call in fresh for timer in _promises(call, policies)]
        # Another worker may have been here; the database keeps one timer per call and promise.
        SLATimer.objects.bulk_create(drafts, ignore_conflicts=True)
        begun += len(drafts)
        # After an outage there may be more than a page of calls that nobody has followed.
        if len(fresh) < AT_ONCE:
            break
        last = page[-1].pk
    return begun


def case_of(call: Call) -> Case:
    return Case(Channel.PHONE, tier_id=call.customer.tier_id if call.customer else None)


def _promises(call: Call, policies: list[SLAPolicy]) -> list[SLATimer]:
    chosen = ranked(policies, case_of(call))
    starts = {Metric.RING: call.ringing_at, Metric.IDENTIFY: call.picked_up_at}
    found = []
    for metric, policy in chosen.items():
        if begin := starts[Metric(metric)]:
            timer = draft(None, policy, now=begin)
            timer.call, timer.warns_at = call, None  # seconds: nobody can be warned in time
            found.append(timer)
    return found


def _go_on(now: datetime) -> int:
    done = 0
    open_timers = SLATimer.objects.open().filter(call__isnull=False).order_by("pk")
    for pk in list(open_timers.values_list("pk", flat=True)[: 4 * AT_ONCE]):
        with transaction.atomic():
            rows = open_timers.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk)
            timer = rows.select_related("call", "calendar").first()
            done += bool(timer and timer.call and _step(timer, timer.call, now))
    return done


def _step(timer: SLATimer, call: Call, now: datetime) -> bool:
    """Settles a timer that its call has fulfilled or ended, records one that is late; True if anything changed."""
    at = _fulfilled(timer.metric, call)
    moment = min(filter(None, (at, call.ended_at)), default=None)
    late = timer.state == SLATimer.State.RUNNING and timer.due_at and timer.due_at < (moment or now)
    if late:
        record_breaches([timer], now)
    if moment is None:
        return bool(late)
    segment: Segment = stretch(timer, moment, clock_of(timer))
    segment.save()
    if timer.state == SLATimer.State.RUNNING:
        timer.state = SLATimer.State.MET if at and at <= moment else SLATimer.State.CANCELLED
    timer.consumed_seconds, timer.resumed_at, timer.stopped_at = segment.seconds, segment.ended_at, segment.ended_at
    timer.next_escalation_at = None
    timer.save()
    return True


def _fulfilled(metric: str, call: Call) -> datetime | None:
    if metric == Metric.RING:
        return call.picked_up_at
    return parse_datetime(call.steps.get(CallStep.LISTEN, ""))
