"""The list of missed promises: within sight, by key, each opening to why it was missed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging import calls
from messaging.models import CallStep
from tests.factories import CustomerFactory, TicketFactory
from tickets import escalation, sla, sla_calls
from tickets.models import Breach

SECOND = timedelta(seconds=1)


@pytest.fixture
def missed(team, lead, agent):
    """Three tickets whose solution is late, the second solved meanwhile, and a call picked up and greeted late."""
    tickets = [TicketFactory(customer=CustomerFactory(team=team), owner=agent, late=True) for _ in range(3)]
    escalation.escalate_due()
    sla.stop(tickets[1], "resolution")
    noon = timezone.now().replace(microsecond=0) - timedelta(hours=3)
    call = calls.start(team=team, agent=agent, ringing_at=noon, now=noon + 20 * SECOND)
    calls.stamp(call, CallStep.LISTEN, now=noon + 60 * SECOND)
    sla_calls.follow(now=noon + 61 * SECOND)
    return tickets, call


def listed(page):
    return [row.breach for row in page.context["rows"]]


def test_whoever_supervises_finds_every_breach_and_opens_it_to_its_stretches(
    missed, lead, supervisor, agent, outsider, signed_in, django_assert_max_num_queries
):
    tickets, call = missed
    client = signed_in(supervisor)
    with django_assert_max_num_queries(8):
        page = client.get("/breaches/")
    assert listed(page) == list(Breach.objects.order_by("-due_at", "-pk")) and len(listed(page)) == 5
    for breach in listed(page):
        opened = client.get(f"/breaches/{breach.pk}/", follow=True)
        assert opened.status_code == 200 and opened.context["timer"] == breach.timer
        assert breach.due_at in (opened.context["timer"].due_at, opened.context["timer"].breach.due_at)
    assert signed_in(outsider).get(f"/breaches/{Breach.objects.get(call=call, metric='ring').pk}/").status_code == 404
    assert signed_in(agent).get("/breaches/").status_code == 403
    assert len(listed(client.get("/breaches/?metric=resolution"))) == 3
    still = listed(client.get("/breaches/?metric=resolution&open=1&period=all"))
    assert {breach.ticket for breach in still} == {tickets[0], tickets[2]}
    assert listed(client.get("/breaches/?team=999&period=30")) == []
    policy = still[0].timer.policy_id
    assert {breach.timer.policy_id for breach in listed(client.get(f"/breaches/?policy={policy}"))} == {policy}
    board = signed_in(lead).get("/dashboard/").content.decode()
    assert "/breaches/?period=all&amp;open=1" in board


def test_the_list_goes_on_by_key_and_stays_within_the_teams_in_sight(missed, lead, other_team, signed_in, monkeypatch):
    monkeypatch.setattr("desk.breach_list.ROWS", 2)
    TicketFactory(customer=CustomerFactory(team=other_team), late=True)
    escalation.escalate_due()
    client, found, query = signed_in(lead), [], "?period=all"
    while query:
        page = client.get(f"/breaches/{query}")
        found += listed(page)
        query = page.context["next_url"]
    assert found == list(Breach.objects.exclude(ticket__team=other_team).order_by("-due_at", "-pk"))
    assert client.get("/breaches/?after=x&period=never&metric=none&team=%27").status_code == 200
