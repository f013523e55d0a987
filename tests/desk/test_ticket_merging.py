"""A ticket with a visit, a process or a feedback record under way is the one that stays when two become one."""

import pytest
from django.urls import reverse

from core.management.commands.defaults import fill_all
from desk import ticket_merging
from followups import feedback
from processes import running
from processes.models import Template
from tests.factories import CustomerFactory, TicketFactory
from tickets import joining
from visits import flow


@pytest.fixture
def pair(team, agent):
    fill_all()
    customer = CustomerFactory(team=team)
    return [TicketFactory(customer=customer, owner=agent, by=agent, kind="service") for _ in range(2)]


def with_visit(ticket, by):
    return flow.request(ticket, kind="repair", address="张江路 88 号", by=by).number


def with_process(ticket, by):
    return running.start(ticket, template=Template.objects.get(kind="service"), by=by) and "process"


def with_record(ticket, by):
    return feedback.open_record(ticket, by=by).number


@pytest.mark.parametrize("begin", [with_visit, with_process, with_record])
def test_what_is_under_way_keeps_its_ticket_and_says_so(signed_in, agent, pair, begin):
    plain, busy = pair
    named = begin(busy, agent)
    client, url = signed_in(agent), reverse("desk:ticket_merge", args=[plain.pk])
    shown = client.get(url, {"other": busy.number}).content.decode()
    assert named in shown and busy.number in shown
    refused = client.post(url, {"other": busy.number, "stays": plain.pk})
    assert refused.status_code == 422
    with pytest.raises(joining.JoinRefused, match=busy.number):
        ticket_merging.merge(plain, other=busy, by=agent)
    busy.refresh_from_db()
    assert not busy.is_archived
    assert client.post(url, {"other": busy.number, "stays": busy.pk}).status_code == 302
    assert joining.survivor_of(plain) == busy
    assert ticket_merging.merge(busy, other=plain, by=agent).joined == plain  # sent twice
