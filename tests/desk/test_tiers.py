"""Tiers where they are seen and felt: the panel of the 360° page, the form of heads, tickets, and the night."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from customers import overrides, scoring
from customers.models import Customer, ScoringRun, Tier, TierOverride
from desk import tasks
from staff.models import Notification
from tests.factories import CustomerFactory, TicketFactory

HX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def rain(team):
    rain = CustomerFactory(team=team, spend=21_640)
    CustomerFactory.create_batch(4, team=team, spend=10)
    scoring.assign()
    return Customer.objects.get(pk=rain.pk)


def page_of(client, customer):
    return client.get(reverse("desk:customer", args=[customer.pk])).content.decode()


def until(days=30):
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def set_tier(client, customer, **changed):
    data = {"tier": Tier.objects.get(code="vip").pk, "reason": "战略客户", "expires_on": until()} | changed
    return client.post(reverse("desk:customer_tier", args=[customer.pk]), data, **HX)


def test_the_panel_explains_every_dimension_the_cut_and_the_lifetime_value(signed_in, agent, rain):
    text = page_of(signed_in(agent), rain)
    for part in ("Recency", "Frequency", "Spent", "Tenure", "Satisfaction", "Payment", "¥21,640", "80 × 35 %"):
        assert part in text
    assert "Rules v1" in text and "30 % margin × ¥21,640 a year × 1 years" in text
    assert "Set the tier by hand" not in text


def test_the_grace_is_told_with_its_day(signed_in, agent, rain):
    overrides_none = TierOverride.objects.count()
    Tier.objects.filter(code="vip").update(share=30)
    Tier.objects.filter(code="ordinary").update(share=55)
    scoring.assign()
    Customer.objects.filter(pk=rain.pk).update(spend=1)
    scoring.assign(now=timezone.now() + timedelta(days=1))
    assert overrides_none == 0 and "moves down on" in page_of(signed_in(agent), rain)


def test_a_head_sets_a_tier_by_hand_and_ends_it(signed_in, lead, rain):
    client = signed_in(lead)
    answer = set_tier(client, rain)
    assert answer.status_code == 200 and "战略客户" in answer.content.decode()
    assert Customer.objects.get(pk=rain.pk).tier.code == "vip"
    client.post(reverse("desk:customer_tier_end", args=[rain.pk]), **HX)
    assert not TierOverride.objects.filter(ended_at=None).exists()


def test_a_refused_tier_answers_422_and_keeps_what_was_typed(signed_in, lead, rain):
    answer = set_tier(signed_in(lead), rain, expires_on=until(-1))
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "The end lies in the future." in text and "战略客户" in text
    assert not TierOverride.objects.exists()


def test_agents_may_not_and_outsiders_find_nothing(signed_in, agent, outsider, rain):
    assert set_tier(signed_in(agent), rain).status_code == 403
    assert set_tier(signed_in(outsider), rain).status_code == 404
    end = reverse("desk:customer_tier_end", args=[rain.pk])
    assert signed_in(outsider).post(end).status_code == 404
    assert not TierOverride.objects.exists()


# --- The manager's tickets ----------------------------------------------------------------------------------


def test_a_vips_ticket_goes_to_its_account_manager_who_is_told(team, agent):
    vip = CustomerFactory(team=team, vip=True, account_manager=agent)
    ticket = TicketFactory(customer=vip)
    assert ticket.owner == agent
    assert Notification.objects.get(user=agent).kind == "managed"


def test_an_owner_who_is_named_keeps_the_ticket(team, agent, lead):
    vip = CustomerFactory(team=team, vip=True, account_manager=agent)
    assert TicketFactory(customer=vip, owner=lead).owner == lead


def test_a_manager_who_left_or_cannot_see_the_team_gets_none(team, agent, outsider):
    agent.is_active = False
    agent.save()
    for manager in (agent, outsider):
        vip = CustomerFactory(team=team, vip=True, account_manager=manager)
        assert TicketFactory(customer=vip).owner is None


def test_a_tier_without_managers_goes_to_the_team(team, agent):
    assert TicketFactory(customer=CustomerFactory(team=team, account_manager=agent)).owner is None


# --- The night ----------------------------------------------------------------------------------------------


def test_the_night_ends_old_hands_counts_scores_and_runs_once(team, lead, rain):
    now = timezone.now()
    overrides.set_tier(
        customer=rain, tier=Tier.objects.get(code="important"), reason="x", by=lead,
        expires_on=timezone.localdate(now), now=now - timedelta(days=3),
    )
    ScoringRun.objects.all().delete()
    tasks.score_customers()
    assert not TierOverride.objects.filter(ended_at=None).exists()
    run = ScoringRun.objects.get()
    assert run.finished_at and run.scored == 5
    tasks.score_customers()
    assert ScoringRun.objects.count() == 1
