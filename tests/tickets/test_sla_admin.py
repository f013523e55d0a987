from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import CustomerFactory, TicketFactory
from tickets import escalation
from tickets.models import SLAPolicy


@pytest.fixture
def client(admin):
    client = Client()
    client.force_login(admin)
    return client


def edit(client, policy, **fields):
    facts = {"name": policy.name, "metric": policy.metric, "is_active": "on", "kind": policy.kind, "warn_at": "80",
             "channel": policy.channel, "target_seconds": policy.target_seconds or "", "supervisor_after": "1800",
             "on_reclassify": policy.on_reclassify}  # fmt: skip
    return client.post(reverse("admin:tickets_slapolicy_change", args=[policy.pk]), facts | fields)


def test_overlaps_and_missing_defaults_are_told_above_the_policies(client, team):
    vip = CustomerFactory(team=team, vip=True).tier
    SLAPolicy.objects.create(name="贵宾方案", metric="resolution", tier=vip, target_seconds=3600)
    SLAPolicy.objects.filter(metric="first_response").update(is_default=False)
    page = client.get(reverse("admin:tickets_slapolicy_changelist")).content.decode()
    assert "贵宾方案 and " in page
    assert "First response has no default policy" in page


def test_what_a_clock_waits_for_is_chosen_or_left_to_the_standard(client, team):
    policy = SLAPolicy.objects.get(metric="resolution", is_default=True)
    assert edit(client, policy, pauses_for=["visit", "supplier"]).status_code == 302
    policy.refresh_from_db()
    assert policy.pause_causes == ["visit", "supplier"]
    edit(client, policy, pauses_for=["nothing"])
    policy.refresh_from_db()
    assert (policy.pauses_for, policy.pause_causes) == ([], [])
    assert "Either nothing" in edit(client, policy, pauses_for=["nothing", "visit"]).content.decode()
    edit(client, policy)
    policy.refresh_from_db()
    assert policy.pauses_for is None
    assert "customer" in policy.pause_causes
    assert edit(client, policy, warn_at="101").status_code == 200


def test_a_breach_leads_to_its_stretches(client, team):
    ticket = TicketFactory(customer=CustomerFactory(team=team), now=timezone.now() - timedelta(days=3))
    escalation.escalate_due()
    page = client.get(reverse("admin:tickets_breach_changelist")).content.decode()
    timer = ticket.timers.get(metric="resolution")
    assert reverse("desk:ticket_timer", args=[ticket.pk, timer.pk]) in page
