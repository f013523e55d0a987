"""Supervisors see who looked at what, and whose looking is unusual."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from customers.models import Export, Reveal
from desk import reveal_log
from tests.factories import CustomerFactory, TicketFactory

URL = reverse("desk:reveals")


@pytest.fixture
def now():
    return timezone.localtime().replace(hour=20, minute=0, second=0, microsecond=0)


@pytest.fixture
def busy(team, now):
    """A customer with an open ticket."""
    customer = CustomerFactory(team=team, name="王小雨")
    TicketFactory(customer=customer, now=now - timedelta(days=60))
    return customer


def look(user, customer, n, at):
    Reveal.objects.bulk_create(
        Reveal(user=user, customer=customer, field="phone", reason="回电", at=at) for _n in range(n)
    )


def flagged(viewer, now, period="today"):
    return {(one.user.username, tuple(one.reasons)) for one in reveal_log.unusual(viewer, period=period, now=now)}


def test_a_usual_day_is_not_flagged(agent, supervisor, busy, now):
    look(agent, busy, 5, now)
    assert flagged(supervisor, now) == set()


def test_more_than_the_limit_is_flagged(agent, supervisor, busy, now):
    look(agent, busy, reveal_log.MANY + 1, now)
    assert flagged(supervisor, now) == {("agent", ("41 in a day",))}


def test_three_times_the_usual_day_is_flagged(agent, supervisor, busy, now):
    for day in range(1, 6):
        look(agent, busy, 2, now - timedelta(days=day))
    look(agent, busy, 6, now)
    assert flagged(supervisor, now) == {("agent", ("6 in a day, usually 2",))}


def test_a_customer_with_whom_nothing_is_going_on_is_flagged(agent, supervisor, team, now):
    look(agent, CustomerFactory(team=team), 1, now)
    assert flagged(supervisor, now) == {("agent", ("1 of a customer without an open ticket, call or order",))}


def test_supervisors_see_their_people_and_others_nothing(agent, outsider, supervisor, busy, other_team, now):
    look(agent, busy, 1, now)
    look(outsider, CustomerFactory(team=other_team), 1, now)
    other_lead = type(agent).objects.create(username="other", role="lead", team=other_team)
    assert {row.user_id for row in reveal_log.seen(supervisor)} == {agent.pk}
    assert {row.user_id for row in reveal_log.seen(other_lead)} == {outsider.pk}


def test_the_page_is_for_those_who_supervise(signed_in, agent, specialist, lead):
    assert [signed_in(user).get(URL).status_code for user in (agent, specialist, lead)] == [403, 403, 200]


def test_the_page_filters_pages_by_key_and_lists_exports(signed_in, lead, agent, specialist, busy):
    now = timezone.now()
    look(agent, busy, reveal_log.ROWS + 3, now)
    look(specialist, busy, 1, now)
    Export.objects.create(by=agent, what="customers", format="csv", filters={"tier": "vip"}, rows=12)
    client = signed_in(lead)
    page = client.get(URL).content.decode()
    assert page.count('id="reveal-') == reveal_log.ROWS and "before=" in page and "tier: vip" in page
    alone = client.get(URL, {"user": specialist.pk, "period": "today"}).content.decode()
    assert alone.count('id="reveal-') == 1
    assert client.get(URL, {"user": "x", "period": "?", "before": "-1"}).status_code == 200


def test_the_page_takes_few_queries_at_any_length(signed_in, lead, agent, busy, django_assert_max_num_queries):
    look(agent, busy, 45, timezone.now())
    client = signed_in(lead)
    client.get(URL)
    with django_assert_max_num_queries(15):
        client.get(URL)
