from datetime import UTC, date, datetime

from customers import consent
from loyalty import care
from messaging import outbox
from messaging.models import Outbox
from tests.factories import CustomerFactory

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)  # noon in Shanghai


def born(team, day=date(1990, 11, 20), agreed=True, **more):
    customer = CustomerFactory(team=team, birthday=day, email="wang@example.com", **more)
    if agreed is not None:
        consent.record(customer=customer, purpose="care", given=agreed, wording="生日问候", way="电话", now=NOON)
    return customer


def test_a_consenting_customer_is_greeted_once_a_year(team):
    customer = born(team)
    assert care.queue_birthdays(now=NOON) == 1
    assert care.queue_birthdays(now=NOON) == 0
    row = Outbox.objects.get()
    assert customer.name in row.body
    assert "退订" in row.body


def test_nobody_is_greeted_without_consent_or_after_withdrawing_it(team):
    born(team, agreed=None)
    born(team, agreed=False)
    assert care.queue_birthdays(now=NOON) == 0


def test_consent_withdrawn_after_queueing_stops_the_mail_at_the_gate(team, mailoutbox):
    customer = born(team)
    care.queue_birthdays(now=NOON)
    consent.record(customer=customer, purpose="care", given=False, wording="退订", way="邮件")
    outbox.send_due()
    assert mailoutbox == []
    assert Outbox.objects.get().state == "cancelled"


def test_those_born_on_29_february_are_greeted_on_the_28th_of_other_years(team):
    born(team, day=date(1992, 2, 29))
    assert care.queue_birthdays(now=datetime(2027, 2, 28, 4, tzinfo=UTC)) == 1
    assert care.queue_birthdays(now=datetime(2028, 2, 28, 4, tzinfo=UTC)) == 0
    assert care.queue_birthdays(now=datetime(2028, 2, 29, 4, tzinfo=UTC)) == 1
