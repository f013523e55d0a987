"""Asking for a longer wait on the ticket, and deciding about it from the list and from the ticket."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import CustomerFactory, TicketFactory
from tickets import sla
from tickets.models import FlowRules, Pause, PauseRequest

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ticket(team, agent):
    """Its pauses by hand are used up."""
    FlowRules.objects.update(pause_days=1)
    ticket = TicketFactory(customer=CustomerFactory(team=team), owner=agent)
    sla.pause(ticket, by=agent, reason="等照片")
    long_ago = timezone.now() - timedelta(days=30)
    Pause.objects.update(began_at=long_ago)
    sla.resume(ticket, by=agent)
    return ticket


def test_an_agent_asks_where_the_cap_is_used_up_and_the_lead_decides_in_the_list_and_on_the_ticket(
    ticket, agent, lead, outsider, signed_in, django_assert_max_num_queries
):
    mine, leads = signed_in(agent), signed_in(lead)
    full = mine.post(reverse("desk:ticket_pause", args=[ticket.pk]), {"reason": "等客户回电", "cause": "other"},
                     headers=HTMX)  # fmt: skip
    ask = reverse("desk:ticket_pause_ask", args=[ticket.pk])
    assert full.status_code == 422 and f'hx-post="{ask}"' in full.content.decode()
    assert "等客户回电" in full.content.decode()  # what was typed is kept
    assert mine.post(ask, {"reason": "", "cause": "other"}, headers=HTMX).status_code == 422
    assert mine.post(ask, {"reason": "等客户回电", "cause": "other", "days": "1"}, headers=HTMX).status_code == 200
    request = PauseRequest.objects.get()

    work = reverse("desk:ticket_work", args=[ticket.pk])
    decide = reverse("desk:pause_decide", args=[request.pk])
    own = mine.get(work).content.decode()
    assert "等客户回电" in own and decide not in own  # whoever asked does not decide
    with django_assert_max_num_queries(14):
        page = leads.get(reverse("desk:escalations")).content.decode()
    assert decide in page and "等客户回电" in page
    assert decide in leads.get(work).content.decode()
    assert decide not in mine.get(reverse("desk:escalations")).content.decode()
    assert signed_in(outsider).post(decide, {"consent": "1"}).status_code == 404

    refused = leads.post(decide, {"reason": ""}, headers=HTMX)
    assert refused.status_code == 422 and "Say why not" in refused.content.decode()
    denied = mine.post(decide, {"consent": "1"}, headers=HTMX)
    assert denied.status_code == 422 and "team lead decides" in denied.content.decode()
    back = leads.post(decide, {"consent": "1", "next": reverse("desk:escalations")})
    assert back.status_code == 302 and back.url == reverse("desk:escalations")
    assert Pause.objects.get(ended_at=None).consent_by == lead
    told = mine.get(reverse("desk:ticket", args=[ticket.pk])).content.decode()
    assert "asked for a longer wait" in told and "consented to a longer wait" in told
    late = leads.post(decide, {"reason": "不行"}, headers=HTMX)
    assert late.status_code == 422 and "was faster" in late.content.decode()
