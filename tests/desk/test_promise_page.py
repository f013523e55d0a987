from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from core.models import WorkCalendar
from tests.factories import CustomerFactory, TicketFactory
from tickets import escalation, sla
from tickets.models import SLAPolicy

FRIDAY = datetime(2026, 11, 20, 0, 30, tzinfo=UTC)  # 08:30 in Shanghai
HOUR = timedelta(hours=1)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ticket(team, agent):
    SLAPolicy.objects.filter(metric="resolution", kind="", channel="", tier=None).update(
        target_seconds=6 * 3600, calendar=WorkCalendar.objects.standard()
    )
    ticket = TicketFactory(customer=CustomerFactory(team=team), owner=agent, now=FRIDAY)
    sla.pause(ticket, by=agent, reason="等客户确认型号", now=FRIDAY + 2 * HOUR)
    sla.resume(ticket, now=FRIDAY + 3 * HOUR)  # 11:30: half an hour to lunch
    return ticket


def of(ticket, metric="resolution"):
    return reverse("desk:ticket_timer", args=[ticket.pk, ticket.timers.get(metric=metric).pk])


def test_a_breach_is_explained_to_the_second(ticket, supervisor, django_assert_max_num_queries):
    due = ticket.timers.get(metric="resolution").due_at
    assert due == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # 2 h + 30 min before lunch + 3 h 30 min after = 17:00
    escalation.escalate_due(now=due + timedelta(seconds=2))
    sla.stop(ticket, "resolution", now=due + timedelta(minutes=10))
    client = signed_in(supervisor)
    client.get(of(ticket))
    with django_assert_max_num_queries(18):
        page = client.get(of(ticket)).content.decode()
    assert "等客户确认型号" in page
    assert "6 h 10 min of 6 h" in " ".join(page.split())
    assert "10 min over" in page
    assert "2026-11-20 17:00:00" in page  # the true due time
    assert "2026-11-20 17:00:02" in page  # when it was recorded
    assert page.count("c-timeline__open") == 3  # two stretches of office hours, and the key
    assert "c-timeline__late" in page
    assert "none that names more" in page


def test_a_supervisor_comes_to_why_from_dashboard_list_ticket_escalations_and_hand_over(ticket, lead, supervisor):
    escalation.escalate_due(now=FRIDAY + 48 * HOUR)
    client, why = signed_in(supervisor), of(ticket)

    def leads(page, address):
        assert f'href="{address}' in client.get(page).content.decode(), (page, address)
        return address

    breaches = leads(reverse("metrics:dashboard"), reverse("desk:breaches"))
    missed = ticket.breaches.get(metric="resolution")
    row = leads(f"{breaches}?period=all&open=1", reverse("desk:breach", args=[missed.pk]))
    assert client.get(row).url == why
    leads(reverse("desk:ticket", args=[ticket.pk]), why)
    leads(f"{reverse('desk:escalations')}?whose=all", why)
    floor = f"{reverse('desk:floor')}?team={ticket.team_id}&whose=team"
    due = leads(floor, reverse("desk:ticket_due", args=[ticket.pk]))
    assert client.get(due).url == why
    assert "Because" in client.get(why).content.decode()


def test_what_still_runs_is_counted_up_to_now_and_an_edited_policy_is_said(team, agent):
    ticket = TicketFactory(customer=CustomerFactory(team=team))
    client, policy = signed_in(agent), ticket.timers.get(metric="resolution").policy
    page = client.get(of(ticket)).content.decode()
    assert ">now<" in "".join(page.split())
    assert "edited since" not in page
    policy.target_seconds = 60
    policy.save()
    page = client.get(of(ticket)).content.decode()
    assert "edited since" in page
    assert "24 hours" in page  # what was promised then
    assert of(ticket) in client.get(reverse("desk:ticket", args=[ticket.pk])).content.decode()


def test_a_timer_of_another_ticket_is_not_shown_under_this_one(ticket, agent, team):
    other = TicketFactory(customer=CustomerFactory(team=team))
    wrong = reverse("desk:ticket_timer", args=[other.pk, ticket.timers.get(metric="resolution").pk])
    assert signed_in(agent).get(wrong).status_code == 404


def test_the_investigation_of_a_general_complaint_is_finished_from_its_page(team, agent):
    complaint = TicketFactory(customer=CustomerFactory(team=team), kind="complaint")
    client = signed_in(agent)
    assert "Investigation finished" in client.get(of(complaint, "investigation")).content.decode()
    answer = client.post(reverse("desk:ticket_investigated", args=[complaint.pk]), follow=True)
    assert "The investigation is finished." in answer.content.decode()
    assert complaint.timers.get(metric="investigation").state == "met"
    assert client.post(reverse("desk:ticket_investigated", args=[complaint.pk])).status_code == 302
