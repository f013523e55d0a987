"""Kept figures are those of the tickets, whatever became of these meanwhile and whoever counts."""

import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count, Q
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics import dashboard, definitions, rollups, standing
from metrics.definitions import Percentile, Spread, local_midnight
from metrics.models import DaySum, Standing, Touch
from tests.factories import CustomerFactory
from tickets.models import Channel, Kind, State, Ticket

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
GONE = {"state": "archived", "outcome": "spam", "cause": "customer"}


def opened(customer, at, **more):
    facts = {"team": customer.team, "kind": "service", "channel": "mail", "opened_at": at, "subject": "漏水"} | more
    return Ticket.objects.bulk_create([Ticket(customer=customer, **facts)])[0]


def days_to(now, n=7):
    return [timezone.localdate(now) - DAY * back for back in range(n - 1, -1, -1)]


def plain(board):
    """Everything on the page that is counted."""
    wall, load = board["wall"], [(row.user.pk, row.open, row.over, row.closed) for row in board["load"]]
    figures = {name: board[name] for name in ("opened", "closed", "first_response", "resolution")}
    charts = board["charts"]
    channels = dict(zip(charts["channels"]["labels"], charts["channels"]["series"][0]["data"], strict=True))
    return figures, wall, sorted(load), charts["volume"], charts["reply"], channels


def by_hand(tickets, since):
    """The same figures by plain queries, each for itself."""
    lately, took = tickets.filter(opened_at__gte=since), definitions._seconds
    written = lately.exclude(channel__in=["phone", "import"]).exclude(first_response_at=None)
    solved = lately.exclude(channel="import").exclude(resolved_at=None)
    ask = {"n": Count("pk")}
    replies = written.aggregate(**ask, **{f"p{n}0": Percentile(took("first_response_at"), n / 10) for n in (5, 9)})
    solutions = solved.aggregate(**ask, **{f"p{n}0": Percentile(took("resolved_at"), n / 10) for n in (5, 9)})
    return {
        "opened": lately.count(), "closed": tickets.filter(state="archived", archived_at__gte=since).count(),
        "first_response": Spread(**replies), "resolution": Spread(**solutions),
    }


def change(data, now, customers, people):
    """Something that becomes of a ticket, as a service, a bulk action or somebody with psql would write it."""
    at = now - timedelta(minutes=data.draw(st.integers(0, 9 * 24 * 60)))
    found = list(Ticket.objects.order_by("pk"))
    what = data.draw(st.sampled_from(["open", "reply", "solve", "archive", "reopen", "edit", "delete", "fill", "fold"]))
    if what == "fill":
        rollups.fill(now=now, limit=data.draw(st.sampled_from([2, 30, 300])))
    elif what == "fold":
        standing.compact()
    elif what == "open" or not found:
        kind, channel = data.draw(st.sampled_from(Kind.values)), data.draw(st.sampled_from(Channel.values))
        person = data.draw(st.sampled_from(people))
        opened(data.draw(st.sampled_from(customers)), at, kind=kind, channel=channel, owner=person)
    else:
        ticket = data.draw(st.sampled_from(found))
        one = Ticket.objects.filter(pk=ticket.pk)
        later = min(now, ticket.opened_at + timedelta(minutes=data.draw(st.integers(0, 3000))))
        edit = {
            "kind": st.sampled_from(Kind.values), "owner": st.sampled_from(people), "opened_at": st.just(at),
            "team": st.sampled_from([one.team for one in customers]), "waiting_customer": st.booleans(),
            "channel": st.sampled_from(Channel.values), "due_at": st.just(at + 2 * HOUR),
        }
        field = data.draw(st.sampled_from(list(edit)))
        changed = {
            "reply": {"first_response_at": later}, "solve": {"resolved_at": later, "state": "answered"},
            "archive": GONE | {"archived_at": later, "due_at": None},
            "reopen": {"state": "received", "outcome": "", "cause": "", "archived_at": None},
            "edit": {field: data.draw(edit[field])},
        }
        one.delete() if what == "delete" else one.update(**changed[what])


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_after_any_history_a_board_of_kept_figures_is_that_of_the_tickets(
    team, other_team, agent, lead, outsider, data, monkeypatch
):
    monkeypatch.setattr(rollups, "DAYS", 5)
    monkeypatch.setattr(standing, "SURPLUS", 3)
    now = timezone.now()
    Ticket.objects.all().delete()
    customers, people = [CustomerFactory(team=one) for one in (team, other_team)], [None, agent, lead]
    outsider.role = "lead"
    for _step in range(data.draw(st.integers(1, 25))):
        change(data, now, customers, people)
    for viewer in (lead, outsider):
        period = data.draw(st.sampled_from(list(dashboard.PERIODS)))
        board = plain(dashboard.board(viewer, period=period, team_id=None, now=now))
        mine = Ticket.objects.filter(team=viewer.team)
        since = local_midnight(days_to(now, dashboard.PERIODS[period])[0])
        assert board[0] == by_hand(mine, since)
        wall = mine.exclude(state="archived").aggregate(
            open=Count("pk"), late=Count("pk", filter=Q(due_at__lt=now)),
            waiting=Count("pk", filter=Q(waiting_customer=True)), free=Count("pk", filter=Q(owner=None)),
        )
        assert wall == {
            "open": board[1].open, "late": board[1].breached, "waiting": board[1].waiting, "free": board[1].unassigned
        }
        with transaction.atomic():
            DaySum.objects.all().delete()
            standing.recount()
            assert plain(dashboard.board(viewer, period=period, team_id=None, now=now)) == board
            transaction.set_rollback(True)


def test_past_days_are_added_up_and_the_hour_that_goes_on_is_counted(team):
    now, customer = timezone.now(), CustomerFactory(team=team)
    for back in range(3):
        opened(customer, now - back * DAY)
    assert rollups.fill_all(now=now) == rollups.DAYS + timezone.localtime(now).hour  # of one team
    assert not Touch.objects.exists() and rollups.fill(now=now) == 0
    DaySum.objects.filter(begins_at=local_midnight(days_to(now)[-2])).update(opened=[["service", "mail", 70]])
    volume = definitions.volume_by_day(rollups.of_days([team.pk], days_to(now), now=now), days=days_to(now))
    assert volume["service"][-3:] == [1, 70, 1]
    call_command("rebuild_figures")
    volume = definitions.volume_by_day(rollups.of_days([team.pk], days_to(now), now=now), days=days_to(now))
    assert volume["service"][-3:] == [1, 1, 1]


def test_days_of_another_zone_are_not_taken_for_ours_and_old_ones_are_dropped(team):
    now = timezone.now()
    opened(CustomerFactory(team=team), now - DAY)
    rollups.fill_all(now=now)
    with override_settings(TIME_ZONE="America/New_York"):
        found = rollups.of_days([team.pk], days_to(now), now=now)
        assert definitions.opened(found) == 1
        assert rollups.fill_all(now=now) >= rollups.DAYS
    rollups.fill_all(now=now + 100 * DAY)
    assert DaySum.objects.filter(begins_at__lt=now + 60 * DAY).count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_change_that_commits_while_its_day_is_counted_is_not_lost(team):
    now, customer = timezone.now(), CustomerFactory(team=team)
    ticket = opened(customer, now - DAY)
    rollups.fill_all(now=now)
    begun, go = threading.Event(), threading.Event()

    def write():
        with transaction.atomic():
            Ticket.objects.filter(pk=ticket.pk).update(first_response_at=now - DAY + HOUR)
            begun.set()
            go.wait(10)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert begun.wait(10)
    opened(customer, now - DAY)  # touches the same day, so that it is counted beside the open transaction
    assert rollups.fill(now=now) == 1
    go.set()
    writer.join()
    assert definitions.first_response(rollups.of_days([team.pk], days_to(now), now=now)) == Spread(1, 3600, 3600)
    assert rollups.fill(now=now) == 1
    assert definitions.first_response(rollups.of_days([team.pk], days_to(now), now=now)).n == 1


@pytest.mark.django_db(transaction=True)
def test_workers_that_fill_and_fold_at_once_change_no_figure(team, monkeypatch):
    monkeypatch.setattr(standing, "SURPLUS", 0)
    now, customer = timezone.now(), CustomerFactory(team=team)
    for back in range(5):
        opened(customer, now - back * DAY)

    def work(back):
        for _turn in range(4):
            opened(customer, now - back * DAY)
            rollups.fill(now=now, limit=3)
            standing.compact()
        connection.close()

    threads = [threading.Thread(target=work, args=[back]) for back in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    volume = definitions.volume_by_day(rollups.of_days([team.pk], days_to(now), now=now), days=days_to(now))
    assert volume["service"] == [0, 0, 1, 5, 5, 5, 5]
    assert standing.by_state([team.pk]) == {(team.pk, "service", State.RECEIVED): 21}
    assert Standing.objects.count() <= 5


def test_each_change_that_a_past_day_can_suffer_is_seen_at_once(team, other_team, agent, lead):
    now, day = timezone.now(), timezone.now() - 2 * DAY
    done = GONE | {"archived_at": day + HOUR, "owner": agent}
    changes = [
        {}, {"kind": "complaint"}, {"channel": "web"}, {"opened_at": now - 3 * DAY}, {"first_response_at": now - DAY},
        {"resolved_at": now - DAY}, {"team": other_team}, done, {"owner": lead}, {"archived_at": now - DAY},
        {"state": "received", "outcome": "", "cause": "", "archived_at": None},
    ]
    ticket, before = Ticket.objects.filter(pk=opened(CustomerFactory(team=team), day).pk), None
    both, span = [team.pk, other_team.pk], definitions.Span(local_midnight(days_to(now)[0]))
    for change in [*changes, None]:
        if change:
            ticket.update(**change)
        elif change is None:
            ticket.delete()
        found = [one for one in rollups.of_days(both, days_to(now), now=now) if one.opened or one.closed]
        assert sorted(found, key=str) == sorted(definitions.counted(Ticket.objects.all(), [span]), key=str), change
        assert found != before, change
        rollups.fill_all(now=now)
        before = found
