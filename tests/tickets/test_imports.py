"""Requests of another desk: the closed ones judged and archived, the open ones running, nothing doubled."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.models import Event
from customers.models import Customer
from messaging.models import Outbox
from staff.models import Notification
from tickets import escalation, routing
from tickets.models import Breach, Category, Escalation, SLATimer, Ticket

COLUMNS = [
    "Unique Key", "Created Date", "Closed Date", "Agency", "Agency Name", "Complaint Type", "Descriptor",
    "Location Type", "Incident Zip", "Incident Address", "Cross Street 1", "Cross Street 2", "City", "Landmark",
    "Status", "Community Board", "Borough",
]  # fmt: skip


def request_row(number, created="3/3/2025 8:20", closed="3/3/2025 20:20", topic="Dead Animal", **more):
    row = {
        "Unique Key": number, "Created Date": created, "Closed Date": closed, "Agency": "DSNY",
        "Complaint Type": topic, "Descriptor": "Cat", "Incident Zip": "11207", "Borough": "BROOKLYN",
        "Status": "Closed" if closed else "In Progress",
    }  # fmt: skip
    row |= {name.replace("_", " "): text for name, text in more.items()}
    return ",".join(str(row.get(name, "")) for name in COLUMNS)


@pytest.fixture
def load(tmp_path, team, capsys):
    def run(*rows, mapping="nyc311", **options):
        path = tmp_path / "in.csv"
        path.write_text("\n".join([",".join(COLUMNS), *rows]) + "\n")
        call_command("import_tickets", str(path), map=mapping, rejects=run.rejects, **options)
        return capsys.readouterr().out

    run.rejects = tmp_path / "rejected.csv"
    return run


def kinds_of(ticket):
    return list(Event.objects.filter(ticket_id=ticket.pk).order_by("id").values_list("kind", flat=True))


def test_a_closed_request_is_archived_with_its_own_times_and_a_promise_that_was_met(load, team):
    said = load(request_row(64345465))
    ticket = Ticket.objects.get()
    assert said.startswith("1 read: 1 new, 0 changed, 0 unchanged, 0 rejected")
    assert (ticket.team, ticket.kind, ticket.channel) == (team, "service", "import")
    assert (ticket.state, ticket.outcome, ticket.cause) == ("archived", "unverified", "environment")
    assert ticket.opened_at == datetime(2025, 3, 3, 13, 20, tzinfo=UTC)
    assert ticket.archived_at == ticket.resolved_at == datetime(2025, 3, 4, 1, 20, tzinfo=UTC)
    timer = ticket.timers.get()
    assert (timer.metric, timer.state, timer.consumed_seconds) == ("resolution", "met", 12 * 3600)
    assert ticket.due_at is None
    assert kinds_of(ticket) == ["opened", "moved", "archived", "imported"]
    assert ticket.history.count() == 1
    assert ticket.subject == "Dead Animal: Cat"
    assert "11207" in ticket.posts.get().body


def test_a_late_one_is_breached_at_its_true_due_time_and_tells_nobody(load, lead):
    load(request_row(1, closed="3/5/2025 8:20"))
    timer = SLATimer.objects.get()
    breach = Breach.objects.get()
    assert (timer.state, timer.next_escalation_at) == ("breached", None)
    assert breach.due_at == timer.due_at == datetime(2025, 3, 4, 13, 20, tzinfo=UTC)
    told = Event.objects.get(kind="breached")
    assert told.at == breach.due_at
    escalation.escalate_due()
    assert not Notification.objects.exists()
    assert not Escalation.objects.exists()
    assert not Outbox.objects.exists()


def test_elapsed_hours_count_the_summer_change(load):
    # 24 hours on the clock face of that night are 23 real ones.
    load(request_row(1, created="3/8/2025 12:00", closed="3/9/2025 12:30"))
    timer = SLATimer.objects.get()
    assert (timer.state, timer.consumed_seconds) == ("met", 23 * 3600 + 1800)


def test_a_closing_in_the_repeated_hour_of_autumn_is_not_before_its_opening(load):
    load(request_row(1, created="11/2/2025 1:50", closed="11/2/2025 1:10"))
    ticket = Ticket.objects.get()
    assert ticket.resolved_at - ticket.opened_at == timedelta(minutes=20)


def test_an_open_request_runs_from_its_creation_and_the_next_tick_records_and_escalates_it(load, lead):
    load(request_row(1, closed="", topic="Animal-Abuse"))
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.kind, ticket.level) == ("classified", "complaint", "general")
    timers = dict(ticket.timers.values_list("metric", "state"))
    assert timers == {"first_response": "running", "resolution": "running"}
    assert ticket.due_at == ticket.timers.get(metric="first_response").due_at < timezone.now()
    tick = escalation.escalate_due()
    assert (tick.breached, tick.escalated) == (2, 2)
    assert Notification.objects.filter(user=lead).exists()


def test_timers_may_run_from_the_import_instead(load, tmp_path):
    from tickets.imports import SHIPPED

    text = (SHIPPED / "nyc311.toml").read_text("utf-8").replace('timers_from = "created"', 'timers_from = "import"')
    path = tmp_path / "map.toml"
    path.write_text(text, encoding="utf-8")
    load(request_row(1, closed=""), mapping=str(path))
    assert Ticket.objects.get().due_at > timezone.now()
    path.write_text(text.replace('"import"', '"never"'), encoding="utf-8")
    with pytest.raises(CommandError, match="timers_from"):
        load(request_row(2, closed=""), mapping=str(path))


def test_requests_of_one_zip_code_share_one_made_up_customer(load):
    later = request_row(2, created="3/4/2025 9:00", closed="3/4/2025 9:30")
    load(request_row(1), later, request_row(3, Incident_Zip=""))
    customers = Customer.objects.order_by("name")
    assert [customer.name for customer in customers] == ["311 caller, BROOKLYN", "311 caller, BROOKLYN 11207"]
    assert customers[1].last_contact_at == datetime(2025, 3, 4, 14, 0, tzinfo=UTC)
    assert customers[1].tickets.count() == 2
    load(request_row(4))
    assert Customer.objects.count() == 2


def test_topics_are_made_once_and_inactive(load):
    load(request_row(1), request_row(2))
    topic = Category.objects.get(code="dead-animal")
    assert (topic.name_en, topic.name_zh, topic.is_active) == ("Dead Animal", "动物尸体", False)


def test_a_second_run_doubles_nothing(load):
    rows = [request_row(number, closed="" if number % 2 else "3/3/2025 20:20") for number in range(6)]
    load(*rows)
    counts = Ticket.objects.count(), SLATimer.objects.count(), Event.objects.count(), Ticket.history.count()
    assert load(*rows).startswith("6 read: 0 new, 0 changed, 6 unchanged")
    assert (Ticket.objects.count(), SLATimer.objects.count(), Event.objects.count(), Ticket.history.count()) == counts


def test_a_request_closed_since_the_last_run_is_closed_here_with_its_promises_judged(load):
    load(request_row(1, closed=""))
    assert load(request_row(1)).startswith("1 read: 0 new, 1 changed")
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.outcome, ticket.due_at) == ("archived", "unverified", None)
    assert set(ticket.timers.values_list("metric", "state")) == {("first_response", "cancelled"), ("resolution", "met")}
    assert kinds_of(ticket)[-3:] == ["moved", "archived", "imported"]


def test_what_somebody_here_works_on_is_not_closed_over_their_head(load, agent):
    load(request_row(1, closed=""))
    routing.claim(Ticket.objects.get(), by=agent)
    load(request_row(1, Descriptor="Dog"))
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.subject) == ("classified", "Dead Animal: Dog")


def test_impossible_rows_are_set_aside(load):
    said = load(
        request_row(1, closed="3/2/2025 8:00"), request_row(2, created="yesterday"),
        request_row(3, closed="", Status="Closed"), request_row(4, created="1/1/2999 0:00", closed=""), request_row(5),
    )
    assert said.startswith("5 read: 1 new, 0 changed, 0 unchanged, 4 rejected")
    lines = load.rejects.read_text("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["2", "3", "4", "5"]
    assert "before the opening" in lines[1]
    assert "written as %m/%d/%Y %H:%M" in lines[2]


def test_another_team_does_not_see_the_imported_tickets(load, team, agent, outsider):
    load(request_row(1), team=team.name)
    assert Ticket.objects.visible_to(agent).count() == 1
    assert not Ticket.objects.visible_to(outsider).exists()


def test_many_rows_take_few_statements(load, django_assert_max_num_queries):
    load(request_row(0))
    with django_assert_max_num_queries(60):
        load(*[request_row(number) for number in range(1, 200)])
