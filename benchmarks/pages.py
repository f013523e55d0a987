"""The pages, over HTTP on the real server for time, through Django's test client for queries."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.db import connection
from django.db.models import Count
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks import web
from benchmarks.effort import Effort
from benchmarks.report import Measurement
from benchmarks.seeding import phone_of, team_at
from messaging import calls
from staff.models import Role, User
from tickets.models import Ticket

BACKEND = "django.contrib.auth.backends.ModelBackend"
HTMX = {"HX-Request": "true"}
SPREAD = 40  # different records that one page is asked for
WARM_UP = 12


@dataclass(frozen=True)
class Page:
    """A page by its name in the report, for whom, and the addresses that are asked for in turn."""

    name: str
    users: list[User]
    paths: list[str]
    headers: dict[str, str] = field(default_factory=dict)


def cookie_of(user: User) -> str:
    """A session as signing in makes it."""
    session = SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def everything() -> list[Page]:
    """All pages that are measured. The agents are of the largest team; who supervises sees all four."""
    supervisor = User.objects.get(role=Role.SUPERVISOR)
    agents = list(User.objects.filter(role=Role.AGENT, team=supervisor.team).order_by("pk")[:8])
    calling = calls.start(team=agents[0].team, agent=agents[0], number=phone_of(1))
    home, search = reverse("desk:workbench"), reverse("desk:search")
    lookup = f"{reverse('desk:intake_lookup')}?call={calling.pk}&phone="
    own = [number for number in range(1, 4 * SPREAD) if team_at(number) == 0][:SPREAD]
    return [
        Page("workbench", agents, [home]),
        Page("workbench, all open", [supervisor], [home]),
        Page("workbench, filtered", [supervisor], [f"{home}?view=team&kind=service&state=recorded"]),
        Page("workbench, queue by htmx", agents, [home], HTMX),
        Page("ticket, 10 posts", agents, [reverse("desk:ticket", args=[pk]) for pk in tickets_of(agents[0])]),
        Page("customer", agents, [reverse("desk:customer", args=[pk]) for pk in own]),
        Page("intake, who calls", agents[:1], [f"{lookup}{phone_of(pk)[3:]}" for pk in own], HTMX),
        Page("search, number", agents, [f"{search}?q=T-{pk}" for pk in own], HTMX),
        Page("search, name", agents, [f"{search}?q={name}" for name in ("%E7%8E%8B", "%E9%99%88", "smith")], HTMX),
        Page("search, English word", agents, [f"{search}?q=refund"], HTMX),
        Page("search, 退款", agents, [f"{search}?q=%E9%80%80%E6%AC%BE"], HTMX),
        Page("dashboard", [supervisor], [reverse("metrics:dashboard")]),
        Page("dashboard, 30 days", [supervisor], [f"{reverse('metrics:dashboard')}?period=30"]),
        Page("report, team × stage", [supervisor], [reverse("metrics:stages")]),
    ]


def tickets_of(user: User) -> list[int]:
    """Tickets with ten posts that this user sees: the open ones first, archived ones where those are few."""
    seen = Ticket.objects.visible_to(user).order_by("-pk")
    recent = seen.filter(pk__in=seen.values("pk")[:20_000]).annotate(n=Count("posts")).filter(n=10)
    return list(islice(recent.values_list("pk", flat=True), SPREAD))


def queries(page: Page) -> int:
    """How many queries a warm request makes."""
    client = Client(HTTP_HOST="localhost", headers=page.headers)
    client.force_login(page.users[0], backend=BACKEND)
    client.get(page.paths[0])
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(page.paths[0])
    if answer.status_code != 200:
        raise web.Unanswered(f"{answer.status_code} for {page.paths[0]}")
    return len(captured)


def measure(server: web.Desk, page: Page, *, seconds: float) -> Iterator[Measurement]:
    """One page at concurrency 1 and 8."""
    try:
        asked = queries(page)
        cookies = [cookie_of(user) for user in islice(cycle(page.users), 8)]

        def request(thread: int, turn: int) -> web.Request:
            return web.get(page.paths[turn % len(page.paths)], cookies[thread], **page.headers)

        web.load(server.port, request, concurrency=2, most=WARM_UP)
        for concurrency in (1, 8):
            effort = Effort(server.workers)
            found = web.load(server.port, request, concurrency=concurrency, seconds=seconds)
            cpu, told = effort.seconds() * 1000 / found.n, asked if concurrency == 1 else None
            yield Measurement(
                page.name, concurrency, found.n, found.p50, found.p95, cpu, told, found.per_second,
            )
    except Exception as error:  # one page that fails must not hide the figures of the others
        yield Measurement(page.name, note=f"{type(error).__name__}: {str(error)[:60]}")
