"""Two busy weeks of the demo desk, walked through the product's own services up to the present moment."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random

from django.db import connection
from django.db.models import F
from django.db.models.functions import Least
from django.utils import timezone

from customers import scoring
from customers.models import Customer
from desk.demo import (
    archive,
    bonds,
    cast,
    extras,
    floor,
    flows,
    matters,
    orders,
    people,
    records,
    standing,
    visits,
    words_en,
    words_zh,
)
from desk.demo.cases import Stock
from desk.demo.cast import Crew
from desk.demo.clock import Clock
from desk.demo.standing import Standing
from desk.demo.timetable import DAYS, Timetable
from desk.demo.walks import Steps, Walk
from followups import booking, callbacks
from loyalty import care, ledger
from messaging.models import Channel, Mailbox, Outbox
from staff.models import Notification, User
from tickets import escalation
from tickets.models import Category, Kind, Ticket

SEED = 20200101
MAIN, SECOND = "华东一组", "华东二组"
CUSTOMERS = {MAIN: 118, SECOND: 42}
PER_DAY = {MAIN: 9.9, SECOND: 3.4}
CHANNELS = {Channel.PHONE: 36, Channel.MAIL: 25, Channel.WECHAT: 17, Channel.WEB: 13, Channel.CHAT: 5, Channel.API: 4}
KINDS = {Kind.CONSULT: 42, Kind.SERVICE: 42, Kind.COMPLAINT: 16}
PLANS: dict[str, dict[str, int]] = {
    Kind.CONSULT: {"": 80, "back_office": 12, "withdrawn": 3, "duplicate": 3, "spam": 2},
    Kind.SERVICE: {"": 72, "returned": 9, "dissatisfied": 7, "unreached": 5, "declined": 4, "withdrawn": 3},
    Kind.COMPLAINT: {"": 62, "department": 24, "dissatisfied": 14},
}
# Special complaints and callbacks of which the demo must have some: (days ago, class, plan).
CERTAIN = (
    (13, Kind.COMPLAINT, "special"), (12, Kind.COMPLAINT, "special refused"), (11, Kind.COMPLAINT, "special settled"),
    (9, Kind.COMPLAINT, "special"), (7, Kind.COMPLAINT, "special"), (4, Kind.COMPLAINT, "special escalated"),
    (2, Kind.COMPLAINT, "special half"), (10, Kind.SERVICE, "unreached"), (9, Kind.SERVICE, "careless"),
    (6, Kind.SERVICE, "missed"), (7, Kind.SERVICE, "missed"), (6, Kind.SERVICE, "untouched"),
    (5, Kind.SERVICE, "untouched"), (6, Kind.SERVICE, "later"), (6, Kind.SERVICE, "later"), (5, Kind.SERVICE, "later"),
)
LAST_DAYS, LESS = 2, 0.25  # most of what came lately is laid down singly, by `standing`
RECENT = timedelta(days=3)
READ_AFTER = timedelta(minutes=20)
TICK, SENT_AFTER = timedelta(seconds=2), timedelta(seconds=5)
# What was due before the last tick has been dealt with; without that bound the indexes are read from their start.
NEXT_DUE = """
SELECT LEAST(
  (SELECT MIN(due_at) FROM tickets_slatimer
   WHERE state = 'running' AND due_at > %(since)s AND due_at <= %(until)s),
  (SELECT MIN(next_escalation_at) FROM tickets_slatimer
   WHERE stopped_at IS NULL AND next_escalation_at > %(since)s
     AND next_escalation_at <= %(until)s))
"""


@dataclass
class Story:
    """The state of the telling: who and what there is, the time, and what happens next."""

    now: datetime
    rng: Random
    clock: Clock
    crews: dict[str, Crew]
    customers: dict[str, list[Customer]] = field(default_factory=dict)
    busy: dict[int, datetime] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)  # whose ticket stands open at the present moment
    queue: list = field(default_factory=list)
    serial: Iterator[int] = field(default_factory=count)

    def __post_init__(self):
        self.ticked = self.clock.now
        self.hours = Timetable(self.now, self.rng)
        self.categories = {category.code: category for category in Category.objects.all()}
        self.mailboxes = dict(Mailbox.objects.values_list("team", "address"))
        self.stocks = {
            "zh-hans": _stock(self.rng, words_zh), "en": _stock(self.rng, words_en),
        }

    # --- The order of things -----------------------------------------------------------------------------

    def begin(self, at: datetime, steps: Steps) -> None:
        """Lets a walk begin at its time; what would begin after the present is left out."""
        if at <= self.now:
            heapq.heappush(self.queue, (at, next(self.serial), steps))

    def tell(self, say: Callable[[str], None]) -> None:
        """Takes all steps in the order of time, with the ticking clock of the promises between them."""
        days = 0
        while self.queue:
            at, _number, steps = heapq.heappop(self.queue)
            self._tick(at)
            self.clock.now = max(self.clock.now, at)
            if (self.clock.now - (self.now - timedelta(days=DAYS))).days > days:
                days += 3
                say(f"  … {timezone.localtime(self.clock.now):%m-%d}: {Ticket.objects.count()} tickets")
            wake = next(steps, None)
            if wake is not None:
                self.begin(max(wake, self.clock.now), steps)
        self._tick(self.now)
        self.clock.now = self.now

    def _tick(self, until: datetime) -> None:
        """What the beat does every two seconds: breaches and escalations at their true time."""
        while nearest := self._next_due(until):
            self.clock.actor = None
            self.clock.now = min(max(self.clock.now, nearest + TICK), until)
            escalation.escalate_due(now=self.clock.now)
        self.ticked = max(self.ticked, until)

    def _next_due(self, until: datetime) -> datetime | None:
        with connection.cursor() as cursor:
            cursor.execute(NEXT_DUE, {"since": self.ticked, "until": until})
            return cursor.fetchone()[0]

    # --- What walks ask for ------------------------------------------------------------------------------

    def busy_until(self, agent: User, at: datetime) -> datetime | None:
        """When the agent's present call ends; None when they are free."""
        ends = self.busy.get(agent.pk)
        return ends if ends and ends > at else None

    def next_call(self, at: datetime) -> datetime | None:
        """A time on the last day of the story for which customers ask to be called, while it still lies ahead."""
        today = timezone.localtime(self.now).replace(minute=0, second=0, microsecond=0)
        hours = [hour for hour in range(booking.FIRST_HOUR, booking.LAST_HOUR) if today.replace(hour=hour) > self.now]
        hour = self.rng.choice(hours[:5]) if hours else 18
        when = today.replace(hour=hour, minute=self.rng.choice((0, 30)))
        return when if when > at else None

    def customer(
        self, team: str, channel: str, kind: str, *, vip: bool | None = None, chinese: bool | None = None,
        but: set[int] | frozenset[int] = frozenset(),
    ) -> Customer:
        """Somebody who can write over this channel and has bought something to be served; some come again and again."""
        fitting = [
            c for c in self.customers[team]
            if (channel == Channel.PHONE or _has_mail(c)) and (c.spend or kind == Kind.CONSULT)
            and vip in (None, c.tier.rank == 1) and chinese in (None, c.language != "en")
        ]
        fitting = [c for c in fitting if c.pk not in but] or fitting
        return fitting[int(len(fitting) * self.rng.random() ** 1.4)]

    def case(self, customer: Customer, kind: str, **asked):
        stock = self.stocks["en" if customer.language == "en" else "zh-hans"]
        return stock.deal(kind, name=customer.name, **asked)


def play(
    *, scale: float = 1.0, now: datetime | None = None, passwords: dict[str, str] | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Story:
    """Tells the whole story, once, in the caller's transaction. `scale` 0.1 makes a tenth of it."""
    now = now or timezone.now()
    clock = Clock(now - timedelta(days=DAYS))
    with clock.ruling():
        crews = cast.build(passwords or {})
        story = Story(now, Random(SEED), clock, crews)
        for name, number in CUSTOMERS.items():
            story.customers[name] = people.settle(
                crews[name], max(24, round(number * scale)), rng=story.rng, clock=clock, now=now
            )
        say(f"  … {Customer.objects.count()} customers")
        _plot(story, scale)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        story.tell(say)
        _tidy(story)
        floor.plot(story)
        bonds.tie(story)
    return story


def _stock(rng: Random, words) -> Stock:
    return Stock(rng, words.CASES, products=words.PRODUCTS, times=words.TIMES, places=words.PLACES)


def _has_mail(customer: Customer) -> bool:
    return any(contact.kind == "email" for contact in customer.contacts.all())


# --- What happens -----------------------------------------------------------------------------------------


def _plot(story: Story, scale: float) -> None:
    """Lays down everything that will begin, and when."""
    for team, per_day in PER_DAY.items():
        midnights = story.hours.days()
        for midnight in midnights:
            busy = per_day * scale * (LESS if midnight in midnights[-LAST_DAYS:] else 1)
            for at in story.hours.arrivals(midnight, max(1, busy)):
                story.begin(at, flows.walk(_any(story, team, at)))
    for days, kind, plan in CERTAIN[: max(6, round(len(CERTAIN) * scale))]:
        midnight = story.hours.days()[-1 - days]
        at = midnight + timedelta(hours=story.rng.uniform(9, 16))
        story.begin(at, flows.walk(_certain(story, kind, plan)))
    main, second = story.crews[MAIN], story.crews[SECOND]
    agent, *others = main.agents
    for rows, team, owners in (
        (standing.AGENT + standing.CALLS, MAIN, [agent]), (standing.UNASSIGNED, MAIN, others), (standing.COLLEAGUES, MAIN, others),
        (standing.SECOND_TEAM, SECOND, second.agents), (standing.SECOND_UNASSIGNED, SECOND, second.agents),
    ):
        for place, row in enumerate(rows[: max(2, round(len(rows) * scale))]):
            _stand(story, row, team, owners[place % len(owners)])
    for place, row in enumerate(matters.MATTERS):
        _stand(story, row, MAIN, main.agents[place % 2])
    extras.plot(story, scale)
    orders.plot(story, scale)
    archive.plot(story)
    visits.plot(story, scale)
    records.plot(story)


def _any(story: Story, team: str, at: datetime) -> Walk:
    """An ordinary matter: whoever, about whatever, ending as such matters end."""
    rng, crew = story.rng, story.crews[team]
    kind, channel = _drawn(rng, KINDS), _drawn(rng, CHANNELS)
    plan = _drawn(rng, PLANS[kind])
    if kind == Kind.CONSULT and channel == Channel.PHONE and plan == "":
        plan = "on_call"
    lately = story.now - at < RECENT and plan != "on_call"
    owners = crew.agents[1:] if lately and team == MAIN else crew.agents
    customer = story.customer(team, channel, kind)
    return Walk(
        story, crew, customer, story.case(customer, kind), owner=rng.choice(owners), channel=channel, plan=plan
    )


def _certain(story: Story, kind: str, plan: str) -> Walk:
    special, _space, rest = plan.partition(" ")
    channel = Channel.MAIL if plan == "careless" else story.rng.choice((Channel.PHONE, Channel.WEB, Channel.MAIL))
    crew = story.crews[MAIN]
    customer = story.customer(MAIN, channel, kind, chinese=True)
    if special != "special":
        special, rest = "", plan
    case = story.case(customer, kind, special=bool(special))
    return Walk(story, crew, customer, case, owner=story.rng.choice(crew.agents[1:]), channel=channel, plan=rest)


def _stand(story: Story, row: Standing, team: str, owner: User) -> None:
    chinese = True if row.case else row.chinese
    customer = story.customer(team, row.channel, row.kind, vip=row.vip, chinese=chinese, but=story.waiting)
    story.waiting.add(customer.pk)
    case = story.stocks["zh-hans"].fill(row.case, name=customer.name) if row.case else story.case(
        customer, row.kind, special=row.special, needs=standing.needs(row), by_mail=row.channel == Channel.MAIL
    )
    walk = Walk(story, story.crews[team], customer, case, owner=owner, channel=row.channel, plan=row.plan)
    story.begin(story.now - timedelta(minutes=row.ago), standing.walk(walk, row))


def _drawn(rng: Random, shares: dict) -> str:
    return rng.choices(list(shares), list(shares.values()))[0]


# --- Afterwards -------------------------------------------------------------------------------------------


def _tidy(story: Story) -> None:
    """What time has done meanwhile: nothing is left to plan or to credit, mails are delivered, older bells were read."""
    teams = [crew.team for crew in story.crews.values()]
    story.clock.actor = None
    callbacks.plan_due(now=story.now)
    for team in teams:
        scoring.assign(team=team, now=story.now)
    ledger.credit_due(now=story.now)
    care.queue_birthdays(now=story.now)
    Outbox.objects.filter(customer__team__in=teams, state=Outbox.State.QUEUED).update(
        state=Outbox.State.SENT, attempts=1, sent_at=Least(F("queued_at") + SENT_AFTER, story.now)
    )
    bells = Notification.objects.filter(user__team__in=teams, read_at=None, at__lt=story.now - timedelta(hours=2))
    bells.update(read_at=F("at") + READ_AFTER)
