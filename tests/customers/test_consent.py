from datetime import timedelta

import pytest
from django.utils import timezone

from core.models import Event
from customers import consent
from customers.models import Consent
from tests.factories import CustomerFactory

NOW = timezone.now()


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team)


def say(customer, given, *, purpose="marketing", channel="any", at=NOW, by=None):
    return consent.record(
        customer=customer, purpose=purpose, channel=channel, given=given, wording="可以", way="电话", by=by, now=at
    )


def allowed(customer, purpose="marketing", channel="email"):
    return consent.allows(customer, purpose=purpose, channel=channel)


def test_service_needs_no_consent_and_marketing_does(customer):
    assert allowed(customer, "service")
    assert not allowed(customer, "marketing")
    assert not allowed(customer, "care")


def test_the_latest_word_counts(customer):
    say(customer, True, at=NOW)
    assert allowed(customer)
    say(customer, False, at=NOW + timedelta(minutes=1))
    assert not allowed(customer)
    say(customer, True, at=NOW + timedelta(minutes=2))
    assert allowed(customer)


def test_of_two_words_in_the_same_moment_the_later_row_counts(customer):
    say(customer, True)
    say(customer, False)
    assert not allowed(customer)


def test_a_word_about_any_channel_covers_each_and_a_word_about_one_covers_that_one(customer):
    say(customer, True, channel="any", at=NOW)
    say(customer, False, channel="sms", at=NOW + timedelta(minutes=1))
    assert allowed(customer, channel="email")
    assert not allowed(customer, channel="sms")


def test_purposes_do_not_speak_for_one_another(customer):
    say(customer, True, purpose="care")
    assert allowed(customer, "care")
    assert not allowed(customer, "marketing")


def test_a_withdrawal_stops_even_what_needs_no_consent(customer):
    say(customer, False, purpose="callback")
    assert not allowed(customer, "callback", "phone")


def test_the_proof_is_kept_and_the_event_written(customer, agent):
    row = say(customer, True, by=agent)
    say(customer, False, by=agent)
    assert (row.wording, row.way, row.recorded_by_id) == ("可以", "电话", agent.pk)
    assert Consent.objects.count() == 2
    kinds = Event.objects.filter(customer_id=customer.pk).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["consent_given", "consent_withdrawn"]
