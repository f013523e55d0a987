from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from core.models import Event
from customers import consent
from customers.models import Consent, ConsentWording
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


def test_care_never_goes_to_somebody_unknown():
    assert not consent.allows(None, purpose="care", channel="email")
    assert consent.allows(None, purpose="service", channel="email")


def at(hour, minute=0):
    return datetime(2026, 11, 20, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_calls_for_offers_need_consent_and_the_customers_daytime(team):
    customer = CustomerFactory(team=team, phone="13812341234")
    assert not consent.may_call(customer, purpose="marketing", now=at(10))
    say(customer, True, channel="phone", at=at(8))
    times = (at(8, 59), at(9), at(19, 59), at(20))
    assert [consent.may_call(customer, purpose="marketing", now=one) for one in times] == [False, True, True, False]
    say(customer, False, channel="phone", at=at(11))
    with pytest.raises(consent.CallRefused, match="not agreed"):
        consent.check_call(customer, purpose="marketing", now=at(12))


def test_the_day_of_a_customer_abroad_is_their_own(team):
    london = CustomerFactory(team=team, phone="+44 20 7946 0958")
    say(london, True, purpose="care", at=at(8))
    assert not consent.may_call(london, purpose="care", now=at(10))
    assert consent.may_call(london, purpose="care", now=at(17, 30))


def test_service_calls_are_answered_at_any_hour(customer):
    assert consent.may_call(customer, purpose="service", now=at(22))


def test_the_proof_names_the_version_whose_words_were_read(customer):
    wording = ConsentWording.objects.get(purpose="care", language="zh-hans")
    row = consent.record(customer=customer, purpose="care", given=True, wording=f" {wording.text} ", way="电话")
    assert row.version == wording.version == "1"
    assert say(customer, True, purpose="care").version == ""


def test_the_sentence_is_asked_in_the_customers_language(ground):
    assert consent.wordings("en")["care"].startswith("May we")
    assert "生日" in consent.wordings("zh-hans")["care"]


def test_nothing_is_sent_but_through_the_gate():
    """`mailout.deliver` has one caller for customers, which asks for consent; the other writes to staff alone."""
    root = Path(consent.__file__).parent.parent
    callers = [
        path for path in root.rglob("*.py")
        if "tests" not in path.parts and ".venv" not in path.parts and "mailout.deliver(" in path.read_text()
    ]
    assert sorted(path.name for path in callers) == ["notice_mail.py", "outbox.py"]
