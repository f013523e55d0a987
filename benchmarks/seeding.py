"""A desk of any size, the same for the same seed: customers, tickets, posts, events, timers, by COPY, in flat memory.

One customer per ticket (some write often, some never), 95 % of the tickets archived (open: 5 %, at most 20,000), five
posts, three events and two timers each; behind a reply its row of the outbox, behind a mail its message. History rows
are not seeded: no page reads them.
"""

import random
import sys
from datetime import UTC, date, datetime, timedelta

import django
from django.db import connection, transaction

from benchmarks import words
from benchmarks.copying import Table, bare

SEED, CHUNK = 20261122, 5000
MOST_OPEN, OPEN_SHARE = 20_000, 0.05
PAST, LATELY = timedelta(days=730), timedelta(days=10)
POSTS = [1, 2, 3, 4, 5, 6, 7, 8, 10]
POST_WEIGHTS = [6, 10, 16, 17, 16, 13, 9, 6, 7]  # 4.8 on average
PREFIXES = ("138", "139", "186", "135", "150", "177", "131")
OPEN_STATES = {
    "consult": ["received", "understood", "understood", "back_office"],
    "service": ["received", "classified", "recorded", "recorded", "audit_callback"],
    "complaint": ["classified", "phone_handling", "phone_handling", "dept_handling", "callback"],
}
RESOLVED = {"consult": "answered", "service": "audit_callback", "complaint": "callback"}
DAY = timedelta(days=1)


def phone_of(number: int) -> str:
    """The telephone number of customer `number`; no two have the same."""
    return f"+86{PREFIXES[number % 7]}{number * 7_368_787 % 10**8:08d}"


def has_mail(number: int) -> bool:
    return number % 7 < 5


def email_of(number: int) -> str:
    return f"customer{number}@mail{number % 9}.example"


def team_at(number: int) -> int:
    """Which of the four teams a customer belongs to: 40, 30, 20 and 10 of a hundred."""
    return (0, 0, 0, 0, 1, 1, 1, 2, 2, 3)[number % 10]


def language_of(number: int) -> str:
    return "en" if number % 4 == 3 else "zh-hans"


class Seeding:
    """One desk of `size` tickets; `with_words` writes its search index, too."""

    def __init__(self, size: int, *, with_words: bool = True):
        from core.models import Event
        from customers.models import Contact, Customer, Tier
        from followups.models import Callback
        from messaging.models import Message, Outbox
        from tickets.models import Breach, Category, Pause, Post, SLAPolicy, SLATimer, Ticket

        self.size, self.now, self.chance, self.with_words = size, datetime.now(UTC), random.Random(SEED), with_words
        self.open_from = size - 2 * min(int(size * OPEN_SHARE), MOST_OPEN)
        self.customers, self.contacts = Table(Customer), Table(Contact)
        self.tickets, self.posts, self.events = Table(Ticket), Table(Post), Table(Event)
        self.timers, self.breaches, self.callbacks = Table(SLATimer), Table(Breach), Table(Callback)
        self.pauses = Table(Pause)
        self.outbox, self.messages = Table(Outbox), Table(Message)
        self.tables = [self.customers, self.contacts, self.outbox, self.messages, self.tickets, self.posts,
                       self.events, self.timers, self.breaches, self.callbacks, self.pauses]
        self.teams = staff()
        self.tiers = list(Tier.objects.order_by("rank").values_list("pk", flat=True))
        self.topics = dict(Category.objects.values_list("code", "pk"))
        self.first = SLAPolicy.objects.filter(metric="first_response").order_by("pk").first().pk
        self.solve = SLAPolicy.objects.filter(metric="resolution", target_seconds=86400).first().pk
        self.initials = {}

    def run(self) -> None:
        with bare([table.name for table in self.tables]), connection.cursor() as cursor:
            for start in range(1, self.size + 1, CHUNK):
                numbers = range(start, min(start + CHUNK, self.size + 1))
                for number in numbers:
                    self.customer(number)
                for number in numbers:
                    self.ticket(number)
                with transaction.atomic():
                    for table in self.tables:
                        table.flush(cursor)
                if start % 100_000 < CHUNK and start > CHUNK:
                    print(f"  {numbers[-1]:,} of {self.size:,} tickets", flush=True)
            for table in self.tables:
                table.finish(cursor)
        self._stand()
        if self.with_words:
            from django.core.management import call_command

            call_command("search_index", rebuild=True, batch=5000, verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    @staticmethod
    def _stand() -> None:
        from metrics import rollups
        from tickets import standing

        while standing.follow_tiers() == standing.BATCH:
            continue
        rollups.rebuild()

    # --- Customers ------------------------------------------------------------------------------------------

    def customer(self, number: int) -> None:
        chance, language = self.chance, language_of(number)
        name = self._name(language)
        created = self.now - PAST * (chance.random() * 2)
        self.customers.add(
            team_id=self.teams[team_at(number)].pk, name=name, initials=self._initials(name), language=language,
            company=chance.choice(words.COMPANIES) if chance.random() < 0.2 else "",
            birthday=date(1950 + chance.randrange(55), 1 + chance.randrange(12), 1 + chance.randrange(28)),
            stage=chance.choices(["exploration", "formation", "stable", "decline"], [25, 25, 40, 10])[0],
            tier_id=chance.choices(self.tiers, [5, 15, 65, 15])[0], tier_score=chance.randrange(100),
            source=chance.choice(["call", "mail", "api", "sales", "campaign"]), spend=chance.randrange(30_000),
            since=created.date(), created_at=created, last_contact_at=self.now - PAST * chance.random(),
        )
        phone = phone_of(number)
        self._contact(number, "phone", phone, f"{phone[3:6]}****{phone[-4:]}", preferred=True)
        if has_mail(number):
            mail = email_of(number)
            self._contact(number, "email", mail, f"c***@{mail.partition('@')[2]}")

    def _contact(self, customer: int, kind: str, value: str, masked: str, *, preferred: bool = False) -> None:
        from core import crypto

        self.contacts.add(
            customer_id=customer, kind=kind, value=crypto.seal(value.encode()), masked=masked, preferred=preferred,
            value_index=crypto.blind_index(kind, value), source="call" if kind == "phone" else "mail",
            last4_index=crypto.blind_index("last4", value[-4:]) if kind == "phone" else "",
        )

    def _name(self, language: str) -> str:
        if language == "en":
            return f"{self.chance.choice(words.FIRST)} {self.chance.choice(words.LAST)}"
        return self.chance.choice(words.SURNAMES) + self.chance.choice(words.GIVEN)

    def _initials(self, name: str) -> str:
        from customers.registry import initials_of

        if name not in self.initials:
            self.initials[name] = initials_of(name)
        return self.initials[name]

    # --- Tickets --------------------------------------------------------------------------------------------

    def ticket(self, number: int) -> None:
        chance = self.chance
        customer = 1 + int(self.size * chance.random() ** 1.5)
        team, language = self.teams[team_at(customer)], language_of(customer)
        kind = chance.choices(["consult", "service", "complaint"], [50, 35, 15])[0]
        topic, chinese, english = chance.choice(words.TOPICS[kind])
        product = chance.choice(words.PRODUCTS_EN if language == "en" else words.PRODUCTS_ZH)
        is_open = number > self.open_from and chance.random() < 0.5
        owner = chance.choice(team.agents)
        facts = {
            "team_id": team.pk, "customer_id": customer, "kind": kind, "category_id": self.topics[topic],
            "subject": chance.choice(english if language == "en" else chinese).format(product),
            "channel": chance.choices(["phone", "mail", "web", "wechat"], [45, 30, 15, 10])[0],
            "level": "" if kind != "complaint" else chance.choices(["general", "special"], [9, 1])[0],
            "priority": chance.choices([1, 2, 3, 4], [5, 15, 60, 20])[0], "opened_by_id": owner,
            "urgency": chance.randint(1, 3), "opened_at": self._opened(number),
        }
        moment = facts["opened_at"]
        event = {"subject_type": "tickets.ticket", "subject_id": number, "ticket_id": number,
                 "customer_id": customer, "team_id": team.pk, "actor_id": owner, "actor_name": team.names[owner]}
        self.events.add(**event, at=moment, kind="opened", data={"channel": facts["channel"], "kind": kind})
        (self._open if is_open else self._closed)(number, facts, event, team, owner)
        self._posts(number, facts, owner, language)

    def _opened(self, number: int) -> datetime:
        """The last tickets, half of them open, are of the last ten days; the others of two years."""
        if number > self.open_from:
            share = (number - self.open_from) / (self.size - self.open_from)
            return self.now - LATELY * (1 - share) - timedelta(seconds=1)
        return self.now - LATELY - (PAST - LATELY) * (1 - number / self.open_from)

    def _open(self, number: int, facts: dict, event: dict, team, owner: int) -> None:
        chance, opened = self.chance, facts["opened_at"]
        state = chance.choice(OPEN_STATES[facts["kind"]])
        answered = opened + min(timedelta(minutes=chance.expovariate(1 / 60)), (self.now - opened) / 2)
        if state != "received":
            self.events.add(**event, at=answered, kind="moved", data={"from": "received", "to": state, "outcome": ""})
        resolved = state in RESOLVED.values()
        if resolved:
            resolution = self.events.add(**event, at=answered, kind="resolved", data={"state": state})
            self.callbacks.add(
                ticket_id=number, resolution_id=resolution, needs_audit=state == "audit_callback",
                assignee_id=chance.choice([None, team.specialist]), created_at=answered,
                due_at=self.now + DAY * chance.uniform(-0.5, 3),
            )
        replied = chance.random() < 0.7
        due = self._clock(number, "first_response", opened, stopped=answered if replied else None)
        paused = not resolved and chance.random() < 0.08
        if resolved:
            self._clock(number, "resolution", opened, stopped=answered)
        else:
            later = self._clock(number, "resolution", opened, stopped=None, paused=paused)
            due = min(filter(None, (due, later)), key=lambda found: found[0], default=None)
        if paused:
            self.pauses.add(ticket_id=number, cause="customer", began_at=answered)
        self.tickets.add(
            **facts, state=state, state_since=answered, updated_at=answered, waiting_customer=paused,
            first_response_at=answered if replied else None, resolved_at=answered if resolved else None,
            owner_id=owner if chance.random() < 0.85 else None, handler_id=owner if resolved else None,
            due_at=due and due[0], due_kind=due[1] if due else "", due_from=opened if due else None,
            unread=chance.random() < 0.2,
        )

    def _closed(self, number: int, facts: dict, event: dict, team, owner: int) -> None:
        chance, opened, kind = self.chance, facts["opened_at"], facts["kind"]
        left = self.now - opened
        answered = opened + min(timedelta(minutes=chance.expovariate(1 / 90)), left / 4)
        resolved = answered + min(timedelta(hours=chance.expovariate(1 / 20)), left / 4)
        archived = resolved + min(DAY * chance.random() * 2, left / 4)
        outcome = chance.choices(["satisfied", "unverified", "withdrawn"], [85, 12, 3])[0]
        state = RESOLVED[kind]
        self.events.add(**event, at=resolved, kind="moved", data={"from": "received", "to": state, "outcome": ""})
        resolution = self.events.add(**event, at=resolved, kind="resolved", data={"state": state})
        if kind != "consult":
            self.callbacks.add(
                ticket_id=number, resolution_id=resolution, needs_audit=kind == "service", state="done",
                assignee_id=team.specialist, created_at=resolved, due_at=resolved + 2 * DAY,
            )
        self._clock(number, "first_response", opened, stopped=answered)
        self._clock(number, "resolution", opened, stopped=resolved)
        self.tickets.add(
            **facts, state="archived", state_since=archived, updated_at=archived, archived_at=archived,
            first_response_at=answered, resolved_at=resolved, owner_id=owner, handler_id=owner, outcome=outcome,
            cause=chance.choice(["information", "service_nature", "company_system", "customer", "environment"]),
        )

    def _clock(self, ticket: int, metric: str, opened: datetime, *, stopped: datetime | None, paused: bool = False):
        """One timer; a stopped one was late in one case of ten. Returns (due, metric) while it is open."""
        chance, late = self.chance, self.chance.random() < 0.1
        policy = self.first if metric == "first_response" else self.solve
        if stopped:
            due = stopped + (opened - stopped) / 2 if late else stopped + DAY * chance.random()
        else:
            due = self.now + (-DAY * 2 * chance.random() if late else DAY * 5 * chance.random() + timedelta(minutes=20))
            due = max(due, opened + timedelta(milliseconds=500))
            late = due < self.now
        if paused:
            late, due = False, None
        timer = self.timers.add(
            ticket_id=ticket, metric=metric, policy_id=policy, started_at=opened, resumed_at=opened,
            state="breached" if late else "met" if stopped else "paused" if paused else "running",
            target_seconds=max(int(((due or self.now) - opened).total_seconds()), 1), due_at=due, stopped_at=stopped,
            waits_for="customer" if paused else "", breached_at=due if late else None,
            escalation_level=2 if late else 0,
        )
        if late:
            self.breaches.add(timer_id=timer, ticket_id=ticket, metric=metric, due_at=due, recorded_at=due)
        return (due, metric) if due and not stopped else None

    def _posts(self, ticket: int, facts: dict, owner: int, language: str) -> None:
        chance, voice = self.chance, words.VOICES[language]
        count = chance.choices(POSTS, POST_WEIGHTS)[0]
        opened = facts["opened_at"]
        gap = (min(DAY * 3, self.now - opened)) / (count + 1)
        for turn in range(count):
            kind = "inbound" if turn == 0 else chance.choice(["inbound", "reply", "reply", "note"])
            body, at = "\n".join(chance.sample(voice[kind], chance.randint(1, 2))), opened + gap * turn
            links = {}
            if kind == "reply" and has_mail(facts["customer_id"]):
                links["outgoing_id"] = self._sent(facts, body, at)
            elif kind == "inbound" and facts["channel"] == "mail":
                links["message_id"] = self._received(facts, body, at)
            self.posts.add(
                ticket_id=ticket, kind=kind, channel=facts["channel"], at=at,
                author_id=None if kind == "inbound" else owner,
                body=f"{facts['subject']}。{body}" if turn == 0 else body, **links,
            )

    def _sent(self, facts: dict, body: str, at: datetime) -> int:
        from core import crypto

        customer, number = facts["customer_id"], self.outbox.last + 1
        mail = email_of(customer)
        return self.outbox.add(
            key=f"reply:{number}", customer_id=customer, to=crypto.seal(mail.encode()), sent_at=at, queued_at=at,
            to_masked=f"c***@{mail.partition('@')[2]}", from_address="service@desk.example", body=body, state="sent",
            subject=facts["subject"], message_id=f"<{number}@desk.example>", next_attempt_at=at, attempts=1,
        )

    def _received(self, facts: dict, body: str, at: datetime) -> int:
        from core import crypto

        number = self.messages.last + 1
        raw = f"Message-ID: <{number}@mail.example>\nSubject: {facts['subject']}\n\n{body}".encode()
        return self.messages.add(
            raw=crypto.seal(raw), digest=crypto.blind_index("message", str(number)), envelope=crypto.seal(b"{}"),
            message_id=crypto.blind_index("message-id", f"<{number}@mail.example>"), received_at=at, state="routed",
            action="opened", subject=facts["subject"], body=body,
        )


class TeamFacts:
    """A team's ids, as the rows need them."""

    def __init__(self, team, people):
        self.pk, self.names = team.pk, {person.pk: person.display_name for person in people}
        self.agents = [person.pk for person in people if person.role == "agent"]
        self.specialist = next(person.pk for person in people if person.role == "specialist")


def staff() -> list[TeamFacts]:
    """Four teams of ten agents with a specialist and a lead each, one supervisor, one mailbox."""
    from django.contrib.auth.hashers import make_password

    from messaging.models import Mailbox
    from staff.models import Department, Role, Team, User

    department = Department.objects.create(name="客户服务部")
    facts = []
    for at in range(4):
        team = Team.objects.create(name=f"服务{'一二三四'[at]}组", department=department)
        roles = [Role.AGENT] * 10 + [Role.SPECIALIST, Role.LEAD] + ([Role.SUPERVISOR] if at == 0 else [])
        people = [
            User(username=f"{role}{at}{turn}", display_name=words.SURNAMES[at * 7 + turn % 7] + words.GIVEN[turn],
                 email=f"{role}{at}{turn}@desk.example", role=role, team=team, password=make_password(None))
            for turn, role in enumerate(roles)
        ]
        facts.append(TeamFacts(team, User.objects.bulk_create(people)))
    Mailbox.objects.create(address="service@desk.example", name="客服中心", team_id=facts[0].pk, is_default=True)
    return facts


def main() -> None:
    size = int(sys.argv[1])
    print(f"Seeding {size:,} tickets", flush=True)
    django.setup()
    from core.management.commands.defaults import fill_all

    fill_all()
    Seeding(size).run()


if __name__ == "__main__":
    main()
