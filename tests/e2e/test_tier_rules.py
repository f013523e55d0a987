"""The admin changes the rules by hand: refused, previewed, activated; the head reads the board and sets a tier."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from customers import scoring
from customers.models import Customer, ScoringVersion
from tests.factories import CustomerFactory


@pytest.fixture
def crowd(desk, team):
    made = [CustomerFactory(team=team, name=f"欧阳小雨{n}", spend=1000 * n) for n in range(21)]
    scoring.assign(now=timezone.now() - timedelta(days=40))
    return made


def test_rules_are_drafted_refused_previewed_and_activated(crowd, browse, admin):
    tab = browse(admin)
    page = tab.open(reverse("admin:customers_scoringversion_changelist"))
    page.get_by_role("button", name="New draft from the rules in force").click()
    page.locator("#id_rules-0-weight").fill("99")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("not to 100.").first).to_be_visible()
    assert ScoringVersion.objects.get(state="draft").rules.get(dimension="frequency").weight == 20
    page.locator("#id_rules-0-weight").fill("20")
    page.locator("#id_cut").select_option("score")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_role("button", name="Activate")).to_have_count(0)  # nothing is put in force unseen
    page.get_by_role("button", name="Preview", exact=True).click()
    moves = page.locator("#moves details").first
    moves.locator("summary").click()
    expect(moves.locator("li").first).to_contain_text("欧阳*")
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("In force.")).to_be_visible()
    assert ScoringVersion.objects.get(state="active").number == 2
    expect(page.locator("#id_grace_days")).to_have_count(0)
    assert tab.problems == []


def test_a_head_goes_from_the_board_to_a_customer_and_sets_the_tier_by_hand(crowd, browse, lead):
    Customer.objects.filter(pk=crowd[1].pk).update(spend=90_000)
    scoring.assign()
    tab = browse(lead)
    page = tab.open(reverse("metrics:tiers"))
    expect(page.locator("#chart-classes svg")).to_be_visible()
    expect(page.locator("[data-move=ordinary-vip]")).to_contain_text("1")
    page.locator("[data-value=platinum]").click()
    page.get_by_role("link", name="欧阳小雨20").click()
    panel = page.locator("#customer-tier")
    expect(panel).to_contain_text("Satisfaction")
    panel.get_by_text("Set the tier by hand").click()
    panel.get_by_role("button", name="Set the tier").click()
    expect(panel).to_contain_text("Say why the score does not count.")
    panel.get_by_label("Reason").fill("战略客户")
    panel.get_by_label("Until").fill((timezone.localdate() + timedelta(days=30)).isoformat())
    panel.get_by_label("Tier", exact=True).select_option(label="Ordinary")
    panel.get_by_role("button", name="Set the tier").click()
    expect(panel).to_contain_text("Set by hand")
    expect(panel).to_contain_text("Tier: Ordinary")
    panel.get_by_role("button", name="Let the score count again").click()
    expect(panel).to_contain_text("Tier: Important")  # who spends more came in between
    assert tab.accessible() == []
