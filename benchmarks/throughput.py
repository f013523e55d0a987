"""What the services do in a second: opening, claiming, replying, mail, and the clocks. One process, real commits."""

import itertools
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from email.utils import make_msgid
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from benchmarks import web, words
from benchmarks.effort import Effort
from benchmarks.pages import cookie_of
from benchmarks.report import Measurement
from benchmarks.seeding import email_of, has_mail, phone_of, team_at
from customers.models import Customer
from desk import mail_intake
from messaging import inbound
from messaging.models import Call
from staff.models import ApiToken, Role, User
from tickets import conversation, escalation, intake, routing, sla_ticking
from tickets.models import Category, SLATimer, Ticket

OPENED, CLAIMED, MAILS = 500, 200, 500
DUE = 20_000
CALLS = 500  # of each agent, more than one load can end
TOKEN = "benchmarks" * 3 + "00"  # a CSRF token is 32 letters, in cookie and form
API = "/api/v1/tickets/"


def timed(what: str, acts: list[Callable[[], object]], *, queries: int | None = None) -> Measurement:
    """Each act once, one after the other."""
    times: list[float] = []
    effort, begun = Effort(), time.perf_counter()
    for act in acts:
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    found = web.timing(times, 1, time.perf_counter() - begun)
    cpu = effort.seconds() * 1000 / found.n
    return Measurement(what, 1, found.n, found.p50, found.p95, cpu, queries, found.per_second)


def counted(act: Callable[[], object]) -> int:
    """The queries of one act, transaction brackets left out; a first one reads the rules that a process then keeps."""
    act()
    with CaptureQueriesContext(connection) as captured:
        act()
    return sum(not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for query in captured)


def work() -> Iterator[Measurement]:
    """Open, claim, reply."""
    agent = User.objects.filter(role=Role.AGENT).order_by("pk").first()
    chance = random.Random(7)
    numbers = (n for n in itertools.count(1) if has_mail(n) and team_at(n) == 0)
    customers = list(
        Customer.objects.filter(pk__in=list(itertools.islice(numbers, OPENED))).select_related("tier").order_by("pk")
    )
    opened: list[Ticket] = []

    def opening(customer: Customer) -> Callable[[], object]:
        facts = {
            "kind": chance.choice(["consult", "service", "complaint"]), "channel": chance.choice(["mail", "web"]),
            "subject": "净水机滤芯接口漏水", "body": " ".join(chance.sample(words.INBOUND_ZH, 3)),
        }
        return lambda: opened.append(intake.open_ticket(customer=customer, by=agent, **facts))

    count = counted(opening(customers[0]))
    yield timed("open, service", [opening(one) for one in itertools.islice(itertools.cycle(customers), OPENED)],
                queries=count)
    soon = timezone.now() + timedelta(hours=4)
    mine = opened[:CLAIMED]
    unclaimed = iter(mine)
    yield timed("claim", [lambda: routing.claim(next(unclaimed), by=agent)] * (CLAIMED - 2),
                queries=counted(lambda: routing.claim(next(unclaimed), by=agent)))

    def reply(ticket: Ticket) -> object:
        return conversation.reply(ticket, body=chance.choice(words.REPLY_ZH), by=agent, next_update_at=soon)

    count = counted(lambda: reply(mine[0]))
    yield timed("reply", [lambda t=t: reply(t) for t in mine[1:]], queries=count)


def api(server: web.Desk, *, seconds: float) -> Iterator[Measurement]:
    """Tickets opened over REST, each thread with a token of its own; half of the customers are new."""
    agents = list(User.objects.filter(role=Role.AGENT).order_by("pk")[:8])
    tokens = [ApiToken.issue(agent) for agent in agents]
    numbers = itertools.count(1)

    def request(thread: int, turn: int) -> web.Request:
        number = next(numbers)
        phone = phone_of(number) if number % 2 else phone_of(50_000_000 + number)
        body = {"subject": "净水机滤芯接口漏水", "body": words.INBOUND_ZH[turn % 8], "channel": "web",
                "customer": {"name": "王小雨", "phone": phone}}
        headers = {"Host": "localhost", "Authorization": f"Bearer {tokens[thread]}",
                   "Content-Type": "application/json"}
        return "POST", API, json.dumps(body).encode(), headers

    for concurrency in (1, 8):
        web.load(server.port, request, concurrency=concurrency, most=6 * concurrency, expected=(201,))
        effort = Effort(server.workers)
        found = web.load(server.port, request, concurrency=concurrency, seconds=seconds, expected=(201,))
        cpu = effort.seconds() * 1000 / found.n
        yield Measurement("open, API", concurrency, found.n, found.p50, found.p95, cpu, None, found.per_second)


def form(server: web.Desk, *, seconds: float) -> Iterator[Measurement]:
    """The intake form of a call, sent with all that the procedure asks for: ticket, timers, search words, history."""
    agents = list(User.objects.filter(role=Role.AGENT, team=_first_team()).order_by("pk")[:8])
    cookies = [f"{cookie_of(agent)}; {settings.CSRF_COOKIE_NAME}={TOKEN}" for agent in agents]
    waiting = [_calls(agent) for agent in agents]
    later = timezone.localtime(timezone.now() + timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M")
    fields = {
        "csrfmiddlewaretoken": TOKEN, "kind": "service", "category": Category.objects.get(code="other").pk,
        "level": "general", "urgency": 2, "importance": 2, "difficulty": 2, "subject": "净水机滤芯接口漏水",
        "words": words.INBOUND_ZH[0], "wish": "今天上门", "answer": "先关进水阀", "promised_at": later,
        "callback_at": later, "language": "zh-hans", "outcome": "ticket",
    }
    body = urlencode(fields).encode()

    def request(thread: int, _turn: int) -> web.Request:
        headers = {"Host": "localhost", "Cookie": cookies[thread], "Content-Type": "application/x-www-form-urlencoded"}
        return "POST", reverse("desk:intake_finish", args=[waiting[thread].pop()]), body, headers

    for concurrency in (1, 8):
        web.load(server.port, request, concurrency=concurrency, most=3 * concurrency, expected=(302,))
        effort, before = Effort(server.workers), Ticket.objects.count()
        found = web.load(server.port, request, concurrency=concurrency, seconds=seconds, expected=(302,))
        made = Ticket.objects.count() - before
        cpu, note = effort.seconds() * 1000 / found.n, "" if made == found.n else f"{made} of {found.n} opened"
        yield Measurement(
            "open, form", concurrency, found.n, found.p50, found.p95, cpu, None, found.per_second, note=note
        )


def _first_team():
    return User.objects.get(role=Role.SUPERVISOR).team


def _calls(agent: User) -> list[int]:
    """Calls in progress of this agent, each with a customer of their team who is known."""
    customers = Customer.objects.filter(team=agent.team).order_by("pk").values_list("pk", flat=True)[:CALLS]
    now = timezone.now()
    made = Call.objects.bulk_create(
        Call(team=agent.team, agent=agent, customer_id=customer, direction="in", picked_up_at=now,
             steps={"open": now.isoformat()})
        for customer in customers
    )
    return [call.pk for call in made]


def mails(count: int) -> list[bytes]:
    """Seven new matters of ten, two follow-ups to an earlier one, one sent twice; one sender of four is new."""
    chance, made, sent = random.Random(11), [], []
    known = [number for number in range(1, 5000) if has_mail(number) and team_at(number) == 0]
    for at in range(count):
        if at % 10 == 9:
            made.append(made[chance.randrange(len(made))])
            continue
        number = chance.choice(known) if chance.random() < 0.75 else 50_000_000 + at
        mail = EmailMessage()
        mail["From"], mail["To"] = f"王小雨 <{email_of(number)}>", "service@desk.example"
        mail["Message-ID"] = make_msgid(domain="mail.example")
        mail["Subject"] = f"净水机滤芯接口漏水 {at}"
        if at % 5 == 3 and sent:
            sender, earlier = chance.choice(sent)
            mail.replace_header("From", sender)
            mail["In-Reply-To"] = mail["References"] = earlier
        sent.append((mail["From"], mail["Message-ID"]))
        mail.set_content("\n".join(chance.sample(words.INBOUND_ZH, 4)), charset="gb18030" if at % 4 == 0 else "utf-8")
        made.append(mail.as_bytes())
    return made


def gateway() -> Iterator[Measurement]:
    """Raw bytes to tickets as `receive_mail` takes them in: stored by twenties, then parsed and routed one by one."""
    actions: dict[str, int] = {}

    def take_in(batch: list[bytes]) -> None:
        boxes = mail_intake.mailboxes()
        for message in inbound.store_many(batch):
            action = mail_intake.route(message, boxes=boxes).action
            actions[action] = actions.get(action, 0) + 1

    raw = mails(MAILS)
    first = iter(raw[:2])
    count = counted(lambda: take_in([next(first)]))
    times: list[float] = []
    effort, begun = Effort(), time.perf_counter()
    for at in range(2, len(raw), 20):
        start, batch = time.perf_counter(), raw[at : at + 20]
        take_in(batch)
        times += [(time.perf_counter() - start) / len(batch)] * len(batch)
    found = web.timing(times, 1, time.perf_counter() - begun)
    note = f"{actions['quarantined']} quarantined" if actions.get("quarantined") else ""
    cpu = effort.seconds() * 1000 / found.n
    yield Measurement(
        "mail, store and route", 1, found.n, found.p50, found.p95, cpu, count, found.per_second, note=note
    )


def clocks() -> Iterator[Measurement]:
    """An idle tick over as many running timers as there are tickets, then 20,000 of them due at once."""
    while True:  # what the seed left due or climbing is no part of the measurement
        tick = escalation.escalate_due()
        if not tick:
            break
    running = _burden()
    ticks = timed(f"idle tick, {running:,} running", [sla_ticking.tick] * 200, queries=counted(sla_ticking.tick))
    ticks.what, ticks.per_second = "idle tick", None
    yield ticks
    due = _make_due()
    batches, done, before = [], 0, web.resident_self()
    effort, begun = Effort(), time.perf_counter()
    while done < due:
        start = time.perf_counter()
        done += escalation.escalate_due().breached
        batches.append(time.perf_counter() - start)
    lasted, cpu = time.perf_counter() - begun, effort.seconds() * 1000 / due
    found = web.timing(batches, 1, lasted)
    yield Measurement("escalation, timers", 1, due, found.p50, found.p95, cpu, None, due / lasted)
    yield Measurement("escalation, MB grown", megabytes=web.resident_self() - before)


def _burden() -> int:
    """Running timers, due within weeks, on every ticket that has none of that kind open."""
    with connection.cursor() as cursor:
        for metric in ("first_response", "resolution"):
            cursor.execute(
                """INSERT INTO tickets_slatimer (ticket_id, metric, policy_id, state, started_at, resumed_at,
                       target_seconds, consumed_seconds, due_at, escalation_level)
                   SELECT t.id, %s, (SELECT min(id) FROM tickets_slapolicy WHERE metric = %s), 'running', now(), now(),
                       86400, 0, now() + interval '1 day' * (2 + random() * 20), 0
                   FROM tickets_ticket t WHERE NOT EXISTS (
                       SELECT 1 FROM tickets_slatimer o
                       WHERE o.ticket_id = t.id AND o.metric = %s AND o.stopped_at IS NULL)""",
                [metric, metric, metric],
            )
            if SLATimer.objects.filter(state="running").count() >= max(Ticket.objects.count(), DUE):
                break
        cursor.execute("VACUUM ANALYZE tickets_slatimer")
    return SLATimer.objects.filter(state="running").count()


def _make_due() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE tickets_slatimer SET due_at = now() - interval '1 minute' * random()
               WHERE id IN (SELECT id FROM tickets_slatimer WHERE state = 'running' ORDER BY due_at LIMIT %s)""",
            [DUE],
        )
        return cursor.rowcount
