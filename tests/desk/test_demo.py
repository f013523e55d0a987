"""The demo desk: played once, true to its own time, with nothing left for the machinery to do."""

import json
from datetime import datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import F, Q
from django.test import override_settings
from django.utils import timezone

from complaints import sheets
from complaints.models import Sheet
from core.management.commands.defaults import fill_all
from core.models import Event
from customers.models import Contact, Customer
from desk import queue
from desk.demo import cases, credentials, story, words_en, words_zh
from followups import callbacks
from followups.models import Attempt, Callback, Outgoing
from loyalty import care, ledger
from loyalty.models import PointsEntry
from messaging.models import Call, Message, Outbox
from metrics import definitions
from processes.models import Process, Step
from staff.models import Notification, User
from staff.sight import visible_teams
from tickets import classification, escalation
from tickets.models import RESOLVED_STATES, Kind, Post, SLATimer, State, Ticket
from tickets.relation_models import Link, Tagging, Watch
from tickets.relation_models import Task as Todo
from tickets.routing_models import RoutingRule

SHANGHAI = ZoneInfo("Asia/Shanghai")
MOMENTS = [
    datetime(2026, 11, 20, 15, 30, tzinfo=SHANGHAI),  # a busy Friday
    datetime(2026, 11, 23, 3, 7, tzinfo=SHANGHAI),  # started in the night
]


class _Undone(Exception):
    pass


def _undone(django_db_blocker, do):
    """Does something in a transaction, yields its result, and takes it all back."""
    with django_db_blocker.unblock():
        try:
            with transaction.atomic():
                yield do()
                raise _Undone
        except _Undone:
            pass


@pytest.fixture(scope="class", params=MOMENTS, ids=["Friday afternoon", "Monday night"])
def now(request, django_db_setup, django_db_blocker):
    def do():
        fill_all()
        story.play(scale=0.1, now=request.param)
        return request.param

    yield from _undone(django_db_blocker, do)


@pytest.mark.django_db
class TestTheStory:
    def test_the_desk_is_alive(self, now):
        assert Ticket.objects.count() > 30
        assert {Kind.CONSULT, Kind.SERVICE, Kind.COMPLAINT} == set(Ticket.objects.values_list("kind", flat=True))
        for rows in (Attempt, Callback, Sheet, Call, PointsEntry, Contact.history, Post.objects.filter(kind="reply")):
            assert (rows.objects if hasattr(rows, "objects") else rows).count() > 0
        agent = User.objects.get(username="agent")
        mine = queue.page(agent, queue.Filters.of({}, agent), now)
        assert [group.code for group in mine.groups if group.code != "first"][0] == "breached"

    def test_the_figures_of_the_dashboard_are_not_empty(self, now):
        teams = visible_teams(User.objects.get(username="supervisor")).values_list("pk", flat=True)
        wall = definitions.wall(teams, now=now)
        assert wall.open > 0 and wall.breached > 0 and wall.unassigned > 0
        fortnight = [definitions.Span(now - timedelta(days=13), teams=teams)]
        spread = definitions.first_response(definitions.counted(Ticket.objects.all(), fortnight))
        assert spread.n > 0 and 120 < spread.p50 < 3600

    def test_the_outsider_sees_nothing(self, now):
        outsider = User.objects.get(username="outsider")
        for rows in (Ticket, Customer, Callback, Sheet):
            assert not rows.objects.visible_to(outsider).exists()

    def test_nothing_lies_in_the_future(self, now):
        for rows, field in (
            (Event.objects, "at"), (Post.objects, "at"), (Notification.objects, "at"), (Call.objects, "ended_at"),
            (Outbox.objects, "queued_at"), (Attempt.objects, "at"), (SLATimer.objects, "stopped_at"),
            (Ticket.history, "history_date"), (Customer.history, "history_date"), (Sheet.history, "history_date"),
            (Callback.history, "history_date"), (Ticket.objects, "archived_at"),
        ):
            assert not rows.filter(**{f"{field}__gt": now + timedelta(seconds=5)}).exists(), field

    def test_history_is_as_old_as_what_it_tells(self, now):
        rows = Ticket.history.all()
        assert rows.filter(history_date__lt=now - timedelta(days=1)).count() > rows.count() / 2
        for ticket in Ticket.objects.filter(state=State.ARCHIVED):
            assert ticket.history.latest().history_date == ticket.archived_at
            assert ticket.history.earliest().history_date == ticket.opened_at

    def test_posts_and_steps_stand_in_the_order_of_time(self, now):
        for ticket in Ticket.objects.all():
            for rows in (ticket.posts, Event.objects.filter(ticket_id=ticket.pk, kind="moved")):
                times = list(rows.order_by("pk").values_list("at", flat=True))
                assert times == sorted(times)
                assert all(at >= ticket.opened_at for at in times)

    def test_open_tickets_are_due_when_their_promises_are(self, now):
        for ticket in Ticket.objects.active():
            due = [timer.due_at for timer in ticket.timers.open() if timer.due_at]
            assert ticket.due_at == min(due, default=None)
            if ticket.waiting_customer or ticket.state in RESOLVED_STATES:
                assert not ticket.timers.filter(metric="resolution", state="running").exists()

    def test_every_archived_ticket_is_complete(self, now):
        archived = Ticket.objects.filter(state=State.ARCHIVED)
        assert archived.exists()
        assert not archived.filter(Q(outcome="") | Q(cause="") | Q(archived_at=None) | ~Q(holds={})).exists()
        assert not archived.filter(due_at__isnull=False).exists()
        assert not SLATimer.objects.filter(ticket__in=archived, stopped_at=None).exists()
        assert set(Event.objects.filter(kind="archived").values_list("ticket_id", flat=True)) == set(
            archived.values_list("pk", flat=True)
        )

    def test_whoever_handled_a_ticket_never_called_back(self, now):
        for attempt in Attempt.objects.select_related("callback__resolution"):
            assert attempt.by_id != attempt.callback.resolution.actor_id

    def test_the_machinery_finds_nothing_left_to_do(self, now):
        assert not Outbox.objects.filter(state__in=["queued", "sending"]).exists()
        assert not Message.objects.unrouted().exists()
        with transaction.atomic():
            tick = escalation.escalate_due(now=now)
            assert (tick.breached, tick.escalated) == (0, 0)
            assert callbacks.plan_due(now=now) == 0
            assert sheets.open_due(now=now) == 0
            assert ledger.credit_due(now=now) == 0
            assert care.queue_birthdays(now=now) == 0

    def test_a_process_waits_another_is_at_work_and_tickets_are_bound(self, now):
        states = set(Process.objects.values_list("state", "template__kind"))
        assert {("waiting", "service"), ("running", "service"), ("running", "onboarding")} <= states
        assert Step.objects.filter(stage="execution", done_at=None, started_at__isnull=False).exists()
        assert Todo.objects.open().filter(due_at__lt=now).exists()
        assert Todo.objects.open().filter(due_at__gt=now).exists()
        assert {"parent", "related"} == set(Link.objects.values_list("kind", flat=True))
        assert Tagging.objects.exists() and Watch.objects.exists() and RoutingRule.objects.count() == 3
        assert {"12315", "12345"} <= set(Ticket.objects.values_list("channel", flat=True))
        assert Outgoing.objects.exclude(result="").exists()
        for rows, field in ((Tagging, "at"), (Link, "at"), (Todo, "made_at"), (Watch, "since"), (Step, "done_at")):
            assert not rows.objects.filter(**{f"{field}__gt": now}).exists()
        assert not Link.objects.filter(Q(at__lt=F("source__opened_at")) | Q(at__lt=F("target__opened_at"))).exists()

    def test_odd_mails_are_there_too(self, now):
        actions = set(Message.objects.values_list("action", flat=True))
        assert {"opened", "duplicate", "quarantined", "bounce", "auto_reply"} <= actions


@pytest.fixture(scope="class")
def printed(tmp_path_factory, django_db_setup, django_db_blocker):
    """What `manage.py demo` printed; its data folder is the class's own."""
    with override_settings(DATA_DIR=tmp_path_factory.mktemp("data")):
        yield from _undone(django_db_blocker, _run)


@pytest.fixture
def installed(printed):
    """The same, and the file as it was written, whatever another test made of it."""
    text = credentials.path().read_bytes()
    yield printed
    credentials.path().write_bytes(text)


def _run() -> str:
    out = StringIO()
    call_command("demo", scale=0.1, stdout=out)
    return out.getvalue()


def _counts() -> tuple[int, ...]:
    return tuple(rows.objects.count() for rows in (User, Customer, Ticket, Event, Post, Outbox, Message, PointsEntry))


@pytest.mark.django_db
class TestTheCommand:
    def test_the_file_opens_every_user_and_nobody_else_reads_it(self, installed):
        assert credentials.path().stat().st_mode & 0o777 == 0o600
        entries = json.loads(credentials.path().read_text())
        assert list(entries) == ["agent", "specialist", "lead", "supervisor", "admin", "technician", "outsider"]
        for username, entry in entries.items():
            user = User.objects.get(username=username)
            assert user.check_password(entry["password"])
            assert (entry["username"], entry["role"], entry["name"]) == (username, user.role, user.display_name)
            assert entry["password"] not in installed

    def test_colleagues_cannot_sign_in(self, installed):
        named = json.loads(credentials.path().read_text())
        colleagues = User.objects.exclude(username__in=named)
        assert colleagues.count() > 4
        assert not any(user.has_usable_password() for user in colleagues)

    def test_a_second_run_doubles_nothing_and_keeps_the_passwords(self, installed):
        before, text = _counts(), credentials.path().read_bytes()
        _run()
        assert _counts() == before
        assert credentials.path().read_bytes() == text

    def test_a_lost_file_is_written_anew_with_passwords_that_open(self, installed):
        old = credentials.kept()
        credentials.path().unlink()
        before = _counts()
        printed = _run()
        fresh = credentials.kept()
        assert _counts() == before
        assert fresh.keys() == old.keys() and not set(fresh.values()) & set(old.values())
        assert all(User.objects.get(username=name).check_password(word) for name, word in fresh.items())
        assert not any(word in printed for word in fresh.values())

    def test_only_the_password_that_no_longer_opens_is_renewed(self, installed):
        _run()
        old = credentials.kept()
        User.objects.filter(username="lead").update(password="!")
        _run()
        fresh = credentials.kept()
        assert {name for name in old if old[name] != fresh[name]} == {"lead"}


@pytest.mark.parametrize("words", [words_zh, words_en])
def test_every_situation_is_whole_and_its_blanks_are_known(words):
    known = dict.fromkeys(("product", "order", "amount", "points", "time", "place", "name"), "x")
    for case in words.CASES:
        whole = cases.filled(case, known)
        assert all((whole.subject, whole.words, whole.wish, whole.first, whole.done, whole.after, whole.cause))
        assert bool(case.ask) == bool(case.decision)
        if isinstance(case, cases.Special):
            assert all((case.ground, case.about, case.manner, case.nature, case.finding, case.known, case.why))
            assert classification.suggest(f"{case.subject}\n{case.words}").level == "special"
        elif case.kind == Kind.COMPLAINT:
            assert classification.suggest(f"{case.subject}\n{case.words}").level != "special"


def test_the_story_spans_two_weeks_up_to_now():
    clock = story.Timetable(timezone.now(), story.Random(1))
    assert len(clock.days()) == story.DAYS
    for midnight in clock.days():
        assert all(midnight <= at <= timezone.now() for at in clock.arrivals(midnight, 20))
