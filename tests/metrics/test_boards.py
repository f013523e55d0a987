"""The boards of the tiers: classes over time, movement and values, counted within sight."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from customers import scoring
from customers.models import Customer, Order, Tier
from metrics import boards
from tests.factories import CustomerFactory

DAY = timedelta(days=1)
NOW = timezone.now()


@pytest.fixture
def crowd(team):
    made = [CustomerFactory(team=team, spend=1000 * n) for n in range(1, 21)]
    scoring.assign(now=NOW - 70 * DAY)
    return made


def of(user, **changed):
    return boards.board(user, **({"period": "90", "team_id": None, "now": NOW} | changed))


def test_classes_stand_at_the_end_of_each_month_as_they_were_then(crowd, supervisor):
    Customer.objects.filter(pk=crowd[0].pk).update(spend=90_000)
    scoring.assign(now=NOW)
    found = of(supervisor)["classes"]
    by_name = {series["name"]: series["data"] for series in found["series"]}
    months = len(found["labels"])
    assert months == boards.MONTHS and [sum(column) for column in zip(*by_name.values(), strict=True)][-1] == 20
    assert by_name["VIP"][0] == 0 and by_name["VIP"][-2] == 1


def test_movement_is_told_from_tier_to_tier_within_the_period(crowd, supervisor):
    Customer.objects.filter(pk=crowd[0].pk).update(spend=90_000)
    scoring.assign(now=NOW)
    cells = {
        (row["tier"].code, cell["tier"].code): cell["n"] for row in of(supervisor)["moves"] for cell in row["cells"]
    }
    assert cells["ordinary", "vip"] == 1
    assert sum(cells.values()) == 1  # the others wait in their grace
    cache.clear()
    assert sum(row["n"] for row in of(supervisor, now=NOW + 200 * DAY)["moves"]) == 0


def test_the_four_fields_hold_every_buyer_once_and_lead_to_their_customers(crowd, supervisor, signed_in):
    found = of(supervisor)["values"]
    assert sum(field["n"] for field in found) == 20
    client = signed_in(supervisor)
    seen = []
    for field in found:
        page = client.get(reverse("metrics:tier_value", args=[field["code"]]))
        assert len(page.context["rows"]) == field["n"]
        seen += page.context["rows"]
    assert {customer.pk for customer in seen} == {customer.pk for customer in crowd}


def test_current_and_lasting_value_are_told_apart(crowd, supervisor):
    short = crowd[-1]  # spends much in a year, yet declines
    at = NOW - 10 * DAY
    Order.objects.create(customer=short, code="S", amount=50_000, state="confirmed", placed_at=at, confirmed_at=at)
    from customers.models import LifecycleRule

    LifecycleRule.objects.update(years_formation="0.1")
    scoring.assign(now=NOW)
    rows, _onward = boards.held(supervisor, "iron", team_id=None, before=None)
    assert short in rows


def test_the_drill_down_pages_by_key(crowd, supervisor, monkeypatch):
    monkeypatch.setattr(boards, "ROWS", 4)
    code = max(of(supervisor)["values"], key=lambda field: field["n"])["code"]
    seen, before = [], None
    while True:
        rows, before = boards.held(supervisor, code, team_id=None, before=before)
        seen += rows
        if before is None:
            break
    assert len(seen) == len({customer.pk for customer in seen}) > 4


def test_another_team_counts_for_nothing_and_shows_nobody(crowd, outsider, signed_in):
    outsider.role = "lead"
    outsider.save()
    found = of(outsider)
    assert found["classes"]["total"] == 0 and sum(field["n"] for field in found["values"]) == 0
    for code in boards.QUADRANTS:
        assert not signed_in(outsider).get(reverse("metrics:tier_value", args=[code])).context["rows"]


def test_the_boards_are_for_heads_and_unknown_fields_are_404(crowd, agent, lead, signed_in):
    assert signed_in(agent).get(reverse("metrics:tiers")).status_code == 403
    assert signed_in(agent).get(reverse("metrics:tier_value", args=["gold"])).status_code == 403
    client = signed_in(lead)
    assert client.get(reverse("metrics:tiers"), {"period": "x", "team": "999"}).status_code == 200
    assert client.get(reverse("metrics:tier_value", args=["silver"])).status_code == 404


def test_the_board_takes_few_queries_at_any_size(crowd, lead, signed_in, django_assert_max_num_queries):
    client = signed_in(lead)
    client.get("/help/")  # a person's first page reads their announcements once
    with django_assert_max_num_queries(16):
        client.get(reverse("metrics:tiers"))
    CustomerFactory.create_batch(10, team=lead.team, spend=5, tier=Tier.objects.get(code="vip"))
    with django_assert_max_num_queries(12):
        client.get(reverse("metrics:tiers"))


def test_before_the_first_night_the_board_says_so(team, lead, signed_in):
    assert "Not scored yet" in signed_in(lead).get(reverse("metrics:tiers")).content.decode()
