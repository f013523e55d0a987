"""Requests from another desk's CSV: closed ones go to the archive with their promises judged, open ones start timers.

An import takes over what another desk did, in bulk: it writes states, history and events itself instead of taking
each ticket through the flow, tells nobody, and plans no callback, since none of it happened here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.text import slugify
from simple_history.utils import bulk_create_with_history, update_change_reason

from core import events, live, redaction
from core.hours import WorkingCalendar
from core.import_maps import BadMap, BadRow, Field, ImportMap
from core.importing import Record, Tally, known_digests
from core.models import Event
from customers import registry
from customers.models import Customer
from messaging.models import Channel
from staff.models import Team
from tickets import classification, sla
from tickets.models import (
    Breach,
    Category,
    Cause,
    Grade,
    Kind,
    Level,
    Metric,
    Outcome,
    Post,
    Segment,
    SLAPolicy,
    SLATimer,
    State,
    Ticket,
)

SHIPPED = Path(__file__).parent / "import_maps"
STATES = [State.RECEIVED, State.CLASSIFIED, State.ARCHIVED]
GRADES = [str(grade) for grade in Grade.values]
FIELDS = {
    "external_id": Field(longest=80, required=True),
    "subject": Field(required=True),
    "body": Field(longest=50_000),
    "kind": Field(choices=Kind.values, required=True),
    "state": Field(choices=STATES, required=True),
    "level": Field(choices=Level.values),
    "category": Field(longest=60),
    "urgency": Field(choices=GRADES),
    "importance": Field(choices=GRADES),
    "difficulty": Field(choices=GRADES),
    "wish": Field(longest=400),
    "channel": Field(choices=Channel.values),
    "opened_at": Field("datetime", required=True),
    "first_response_at": Field("datetime"),
    "resolved_at": Field("datetime"),
    "outcome": Field(choices=[Outcome.SATISFIED, Outcome.UNVERIFIED]),
    "cause": Field(choices=Cause.values),
    "customer_id": Field(longest=80, required=True),
    "customer_name": Field(longest=120),
    "customer_language": Field(choices=[code for code, _name in settings.LANGUAGES]),
}
OPTIONS = {"timers_from": "created", "category_names": {}, "customer_source": ""}
SKEW = timedelta(days=1)


@dataclass
class _Judged:
    """What a batch leaves besides its tickets."""

    timers: list[SLATimer] = field(default_factory=list)
    late: list[tuple[SLATimer, datetime]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


class TicketImport:
    """Saves batches of records as tickets of one team; a `core.importing.Saver`."""

    def __init__(self, mapping: ImportMap, team: Team):
        if mapping.options["timers_from"] not in ("created", "import"):
            raise BadMap("timers_from is “created” or “import”")
        self.mapping, self.team = mapping, team
        self.customer_source = mapping.options["customer_source"] or mapping.source
        self.tier = registry.entry_tier()
        self.categories = {category.code: category for category in Category.objects.all()}
        self.policies: dict[tuple, dict[str, SLAPolicy]] = {}
        self.clocks: dict[int, WorkingCalendar] = {}

    def check(self, record: Record, today: date) -> None:
        """Raises BadRow for times in the wrong order, or a closed request without its time."""
        values = record.values
        opened, resolved = values["opened_at"], values.get("resolved_at")
        if values["state"] == State.ARCHIVED and not resolved:
            raise BadRow("it is closed, but the time of closing is empty")
        if resolved and resolved < opened:
            # In the hour that autumn repeats, the closing may be in its second turn.
            resolved = self.mapping.fields["resolved_at"].read(record.row, today=today, fold=1)
            values["resolved_at"] = resolved
        for name in ("resolved_at", "first_response_at"):
            if values.get(name) and values[name] < opened:
                raise BadRow(f"{name}: lies before the opening")
        if opened.date() > today + SKEW:
            raise BadRow("opened_at: lies in the future")

    def save(self, batch: list[Record], now: datetime) -> Tally:
        """Makes the new ones, updates the changed ones, leaves the others; in the caller's transaction."""
        rows = Ticket.objects.filter(
            team=self.team, external_source=self.mapping.source, external_id__in=[one.external_id for one in batch]
        )
        known = {ticket.external_id: ticket for ticket in rows.select_related("customer__tier", "team")}
        digests = known_digests("tickets.ticket", "ticket_id", [one.pk for one in known.values()])
        fresh = [record for record in batch if record.external_id not in known]
        changed = 0
        self._make(fresh, self._customers(fresh, now), now)
        for record in batch:
            ticket = known.get(record.external_id)
            if ticket and digests.get(ticket.pk) != record.digest:
                self._update(ticket, record, now)
                changed += 1
        if fresh or changed:
            live.publish("ticket", team_id=self.team.pk)
        return Tally(made=len(fresh), changed=changed, same=len(batch) - len(fresh) - changed)

    def _customers(self, fresh: list[Record], now: datetime) -> dict[str, Customer]:
        """The customers named by the records, made where they are new, with their last contact brought forward."""
        firsts: dict[str, Record] = {}
        latest: dict[str, datetime] = {}
        for record in sorted(fresh, key=lambda one: one.values["opened_at"]):
            firsts.setdefault(record.values["customer_id"], record)
            latest[record.values["customer_id"]] = record.values["opened_at"]
        rows = Customer.objects.filter(
            team=self.team, external_source=self.customer_source, external_id__in=list(firsts)
        )
        known = {customer.external_id: customer for customer in rows.select_related("tier")}
        for customer in known.values():
            at = latest[customer.external_id]
            customer.last_contact_at = max(customer.last_contact_at or at, at)
        Customer.objects.bulk_update(known.values(), ["last_contact_at"])
        drafts = [self._customer(key, one, latest[key], now) for key, one in firsts.items() if key not in known]
        made = bulk_create_with_history(drafts, Customer, default_change_reason=self._reason, default_date=now)
        Event.objects.bulk_create(
            events.draft(
                "customer_made", customer, customer_id=customer.pk, team_id=self.team.pk, now=now, source="import"
            )
            for customer in made
        )
        return known | {customer.external_id: customer for customer in made}

    def _customer(self, key: str, record: Record, latest: datetime, now: datetime) -> Customer:
        values = record.values
        name = values.get("customer_name") or key
        return Customer(
            team=self.team, name=name, initials=registry.initials_of(name), tier=self.tier,
            source=Customer.Source.IMPORT, external_source=self.customer_source, external_id=key, created_at=now,
            since=timezone.localdate(values["opened_at"]), last_contact_at=latest,
            language=values.get("customer_language") or "zh-hans",
        )

    @property
    def _reason(self) -> str:
        return f"imported from {self.mapping.source}"

    def _make(self, fresh: list[Record], customers: dict[str, Customer], now: datetime) -> None:
        drafts = [self._ticket(record, customers[record.values["customer_id"]]) for record in fresh]
        starts = now if self.mapping.options["timers_from"] == "import" else None
        timers = {}
        for ticket in drafts:
            timers[ticket.external_id] = self._timers(ticket, starts)
        tickets = bulk_create_with_history(drafts, Ticket, default_change_reason=self._reason, default_date=now)
        judged = _Judged()
        for ticket, record in zip(tickets, fresh, strict=True):
            self._tell(judged, ticket, timers[ticket.external_id], record, now)
        for timer in judged.timers:
            timer.ticket = timer.ticket  # its key is known only now
        SLATimer.objects.bulk_create(judged.timers)
        Segment.objects.bulk_create([sla.whole(timer) for timer in judged.timers if timer.stopped_at])
        Breach.objects.bulk_create(
            Breach(timer=timer, ticket=timer.ticket, metric=timer.metric, due_at=due, recorded_at=now)
            for timer, due in judged.late
        )
        Event.objects.bulk_create(judged.events)
        Post.objects.bulk_create(
            Post(ticket=ticket, kind=Post.Kind.INBOUND, channel=ticket.channel, body=body, at=ticket.opened_at)
            for ticket, record in zip(tickets, fresh, strict=True)
            if (body := record.values.get("body"))
        )

    def _ticket(self, record: Record, customer: Customer) -> Ticket:
        values = record.values
        closed = values["state"] == State.ARCHIVED
        resolved = values.get("resolved_at") if closed else None
        ticket = Ticket(
            team=self.team, customer=customer, tier_id=customer.tier_id, state=values["state"],
            channel=values.get("channel") or Channel.IMPORT, opened_at=values["opened_at"],
            state_since=resolved or values["opened_at"], updated_at=resolved or values["opened_at"],
            first_response_at=values.get("first_response_at"), resolved_at=resolved, archived_at=resolved,
            external_source=self.mapping.source, external_id=record.external_id,
        )
        for name, value in self._described(record, customer).items():
            setattr(ticket, name, value)
        if closed:
            ticket.outcome, ticket.cause = _ending(values)
        return ticket

    def _described(self, record: Record, customer: Customer) -> dict[str, Any]:
        """What the record says about the matter itself, whatever has become of it."""
        values = record.values
        grades = {name: int(values.get(name) or Grade.MEDIUM) for name in ("urgency", "importance", "difficulty")}
        return {
            "subject": redaction.shorten(" ".join(values["subject"].split()), 200),
            "kind": values["kind"],
            "level": (values.get("level") or Level.GENERAL) if values["kind"] == Kind.COMPLAINT else "",
            "category": self._category(values),
            "wish": values.get("wish") or "",
            "priority": classification.priority(**grades, tier_rank=customer.tier.rank),
            **grades,
        }

    def _category(self, values: dict[str, Any]) -> Category | None:
        name = values.get("category")
        if not name:
            return None
        code = slugify(name, allow_unicode=False)[:40] or f"{self.mapping.source}-other"
        if code not in self.categories:
            defaults = {
                "name_en": name, "name_zh": self.mapping.options["category_names"].get(name, name),
                "kind": values["kind"], "position": 900, "is_active": False,
            }
            self.categories[code] = Category.objects.get_or_create(code=code, defaults=defaults)[0]
        return self.categories[code]

    def _timers(self, ticket: Ticket, starts: datetime | None) -> list[SLATimer]:
        """The timers of a ticket: judged where its times are known, running where it is open.

        A closed ticket whose first answer is unknown is not measured by it: unknown is not late.
        """
        found = []
        for metric, policy in self._policies(ticket).items():
            done = ticket.first_response_at if metric == Metric.FIRST_RESPONSE else ticket.resolved_at
            if done or not ticket.is_archived:
                begin = ticket.opened_at if done else starts or ticket.opened_at
                clock = self._clock(policy)
                timer = sla.draft(ticket, policy, now=begin, clock=clock)
                if done:
                    _judge(timer, clock, done)
                found.append(timer)
        running = sla.earliest(timer for timer in found if timer.stopped_at is None)
        if running:
            ticket.due_at, ticket.due_kind, ticket.due_from = running.due_at, running.metric, running.started_at
        return found

    def _policies(self, ticket: Ticket) -> dict[str, SLAPolicy]:
        case = (ticket.channel, ticket.kind, ticket.customer.tier_id)
        if case not in self.policies:
            self.policies[case] = sla.best_policies(
                [Metric.FIRST_RESPONSE, Metric.RESOLUTION], channel=ticket.channel, kind=ticket.kind,
                tier_id=ticket.customer.tier_id,
            )
        return self.policies[case]

    def _clock(self, policy: SLAPolicy) -> WorkingCalendar:
        if policy.pk not in self.clocks:
            self.clocks[policy.pk] = sla.clock_of(policy)
        return self.clocks[policy.pk]

    def _tell(
        self, judged: _Judged, ticket: Ticket, timers: Iterable[SLATimer], record: Record, now: datetime
    ) -> None:
        """Collects the timers of a saved ticket, what was late, and its events in the order in which they happened."""

        def event(what: str, at: datetime, **data) -> Event:
            return events.draft(
                what, ticket, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=self.team.pk, now=at, **data
            )

        told = [event("opened", ticket.opened_at, channel=ticket.channel, kind=ticket.kind)]
        for timer in timers:
            judged.timers.append(timer)
            if timer.state == SLATimer.State.BREACHED and timer.due_at:
                timer.breached_at = now
                judged.late.append((timer, timer.due_at))
                told.append(event("breached", timer.due_at, metric=timer.metric, due_at=timer.due_at.isoformat()))
        if ticket.state != State.RECEIVED:
            at = ticket.archived_at or ticket.opened_at
            told.append(event("moved", at, **{"from": State.RECEIVED, "to": ticket.state, "outcome": ticket.outcome}))
        if ticket.archived_at:
            told.append(event("archived", ticket.archived_at, outcome=ticket.outcome, cause=ticket.cause, note=""))
        told.sort(key=lambda one: one.at)
        judged.events += [*told, event("imported", now, source=self.mapping.source, digest=record.digest)]

    def _update(self, ticket: Ticket, record: Record, now: datetime) -> None:
        """The row has changed: the ticket follows, and is closed with it unless somebody here works on it."""
        for name, value in self._described(record, ticket.customer).items():
            setattr(ticket, name, value)
        worked_on = ticket.owner_id or ticket.holds or ticket.state not in STATES
        closing = record.values["state"] == State.ARCHIVED and not ticket.is_archived and not worked_on
        was = ticket.state
        if closing:
            at = record.values["resolved_at"]
            sla.stop(ticket, Metric.RESOLUTION, now=at)
            sla.stop_all(ticket, now=at)
            ticket.state, ticket.state_since, ticket.resolved_at, ticket.archived_at = State.ARCHIVED, at, at, at
            ticket.outcome, ticket.cause = _ending(record.values)
        ticket.updated_at = now
        ticket.save()
        update_change_reason(ticket, self._reason)
        about = {"ticket_id": ticket.pk, "customer_id": ticket.customer_id, "team_id": ticket.team_id}
        if closing:
            ending = {"outcome": ticket.outcome, "cause": ticket.cause}
            events.record("moved", ticket, now=at, **about, **{"from": was, "to": ticket.state}, **ending)
            events.record("archived", ticket, now=at, **about, **ending, note="")
        events.record("imported", ticket, now=now, **about, source=self.mapping.source, digest=record.digest)


def _ending(values: dict[str, Any]) -> tuple[str, str]:
    return values.get("outcome") or Outcome.UNVERIFIED, values.get("cause") or Cause.ENVIRONMENT


def _judge(timer: SLATimer, clock: WorkingCalendar, done: datetime) -> None:
    """Settles a timer of the past: met, or breached at its true due time."""
    timer.stopped_at = done
    timer.consumed_seconds = clock.between(timer.started_at, done)
    timer.state = SLATimer.State.BREACHED if timer.due_at and done > timer.due_at else SLATimer.State.MET
