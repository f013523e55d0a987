import pytest

from core.models import Event
from customers import registry, reveal
from customers.models import Reveal
from tests.factories import CustomerFactory


@pytest.fixture
def contact(team):
    return CustomerFactory(team=team, phone="13812341234").contacts.get()


def test_a_number_is_shown_for_a_reason_and_logged(agent, contact):
    assert reveal.reveal(contact=contact, by=agent, reason=" 回访 ") == "+8613812341234"
    row = Reveal.objects.get()
    assert (row.user, row.customer_id, row.field, row.reason) == (agent, contact.customer_id, "phone", "回访")
    event = Event.objects.get(kind="revealed")
    assert event.customer_id == contact.customer_id
    assert "13812341234" not in str(event.data)


def test_nothing_is_shown_without_a_reason(agent, contact):
    with pytest.raises(reveal.ReasonMissing):
        reveal.reveal(contact=contact, by=agent, reason="  ")
    assert not Reveal.objects.exists()


def test_nobody_looks_at_customers_out_of_sight(outsider, contact):
    with pytest.raises(reveal.RevealForbidden):
        reveal.reveal(contact=contact, by=outsider, reason="好奇")
    assert not Reveal.objects.exists()


def test_where_somebody_lives_is_for_the_service_centre(agent, specialist, contact):
    address = registry.add_contact(contact.customer, kind="address", value="上海市浦东新区世纪大道1号", source="call")
    with pytest.raises(reveal.RevealForbidden):
        reveal.reveal(contact=address, by=agent, reason="上门")
    assert reveal.reveal(contact=address, by=specialist, reason="上门") == "上海市浦东新区世纪大道1号"


def test_the_hours_share_is_used_up_and_the_refusal_is_on_record(agent, specialist, contact):
    for _ in range(reveal.PER_HOUR):
        reveal.reveal(contact=contact, by=agent, reason="回访")
    with pytest.raises(reveal.TooManyReveals):
        reveal.reveal(contact=contact, by=agent, reason="回访")
    assert Reveal.objects.count() == reveal.PER_HOUR
    assert Event.objects.filter(kind="reveal_refused", actor_id=agent.pk).count() == 1
    assert reveal.reveal(contact=contact, by=specialist, reason="回访")
