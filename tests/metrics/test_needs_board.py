"""Needs by topic and month for those who lead, counted within sight."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from customers import needs
from staff.models import Role
from tests.factories import CustomerFactory

URL = reverse("metrics:needs")


@pytest.fixture
def said(team, agent):
    customer = CustomerFactory(team=team)
    for days, topic in ((0, "噪声"), (0, "噪声"), (70, "水质"), (0, "")):
        needs.note(customer=customer, text="要静音", topic=topic, by=agent, now=timezone.now() - timedelta(days=days))
    return customer


def test_the_board_counts_topics_by_month(said, signed_in, lead):
    answer = signed_in(lead).get(URL)
    found = answer.context["trend"]
    assert [(row.topic, row.total) for row in found.rows] == [("噪声", 2), ("", 1), ("水质", 1)]
    assert found.rows[0].counts[-1] == 2 and found.rows[2].counts[-1] == 0
    assert "no topic" in answer.content.decode()


def test_another_teams_needs_are_not_counted(said, signed_in, outsider):
    outsider.role = Role.LEAD
    outsider.save()
    answer = signed_in(outsider).get(URL, {"team": said.team_id})
    assert answer.context["trend"].total == 0 and "No needs noted" in answer.content.decode()


def test_the_board_is_for_heads_and_leads_there_from_the_dashboard(said, signed_in, agent, lead):
    assert signed_in(agent).get(URL).status_code == 403
    assert URL in signed_in(lead).get(reverse("metrics:dashboard")).content.decode()


def test_the_board_takes_few_queries(said, signed_in, lead, django_assert_max_num_queries):
    client = signed_in(lead)
    client.get(URL)
    with django_assert_max_num_queries(8):
        client.get(URL)
