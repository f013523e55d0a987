"""Numbers that stand masked in free text are shown like contacts: for a reason, by those who may, logged."""

import pytest
from django.urls import reverse

from core import events
from core.models import Event
from customers import reveal
from customers.models import Reveal
from desk import words
from tests.factories import CustomerFactory, TicketFactory
from tickets import conversation

HX = {"headers": {"HX-Request": "true"}}
TEXT = "请回电 138-1234-1234，身份证11010519491231002X"


@pytest.fixture
def ticket(team):
    return TicketFactory(customer=CustomerFactory(team=team, name="王小雨"), subject="改地址")


@pytest.fixture
def post(ticket, agent):
    return conversation.note(ticket, body=TEXT, by=agent)


def ask(client, what, pk, reason="回电"):
    return client.post(reverse("desk:words", args=[what, pk]), {"reason": reason}, **HX)


def test_the_numbers_of_a_post_are_shown_and_written_down(signed_in, specialist, post, ticket):
    page = ask(signed_in(specialist), "post", post.pk).content.decode()
    assert "138-1234-1234" in page and "11010519491231002X" in page
    row = Reveal.objects.get()
    assert (row.user, row.customer_id, row.field, row.reason) == (
        specialist, ticket.customer_id, f"post:{post.pk}", "回电",
    )  # fmt: skip
    assert Event.objects.get(kind="revealed").customer_id == ticket.customer_id


def test_an_agent_sees_the_number_and_not_the_document(signed_in, agent, post):
    page = ask(signed_in(agent), "post", post.pk).content.decode()
    assert "138-1234-1234" in page and "11010519491231002X" not in page


def test_without_a_reason_nothing_is_shown(signed_in, specialist, post):
    answer = ask(signed_in(specialist), "post", post.pk, reason=" ")
    assert answer.status_code == 422 and "138-1234-1234" not in answer.content.decode()
    assert not Reveal.objects.exists()


def test_texts_of_another_team_do_not_exist(signed_in, outsider, post):
    assert ask(signed_in(outsider), "post", post.pk).status_code == 404
    assert not Reveal.objects.exists()


@pytest.mark.parametrize("what", ["nothing", "user", "POST"])
def test_what_is_no_text_of_ours_does_not_exist(signed_in, specialist, post, what):
    assert ask(signed_in(specialist), what, post.pk).status_code == 404


def test_words_share_the_hours_limit_with_contacts(signed_in, specialist, post):
    client = signed_in(specialist)
    for _n in range(reveal.PER_HOUR):
        assert ask(client, "post", post.pk).status_code == 200
    assert ask(client, "post", post.pk).status_code == 429


def test_the_words_of_an_event_and_of_a_ticket_are_found_by_their_names(specialist, ticket):
    ticket.wish = "打 13912341234"
    ticket.save()
    event = events.record("moved", ticket, ticket_id=ticket.pk, customer_id=ticket.customer_id, note="打 13712341234")
    for what, pk, original in (("ticket", ticket.pk, "13912341234"), ("event", event.pk, "13712341234")):
        row, customer = words.find(what, pk, specialist)
        shown = reveal.reveal_words(row=row, what=what, customer=customer, by=specialist, reason="回电")
        assert list(shown.values()) == [original]


def test_every_kind_of_text_is_found_through_sight_without_an_error(specialist, team):
    for what in sorted(words.NAMES):
        assert words.find(what, 0, specialist) is None


def test_the_ticket_page_offers_to_show_only_where_something_is_masked(signed_in, agent, ticket, post):
    conversation.note(ticket, body="没有号码", by=agent)
    page = signed_in(agent).get(reverse("desk:ticket", args=[ticket.pk])).content.decode()
    assert page.count("Show the masked numbers") == 1
    assert "⟨138****1234⟩" in page and "138-1234-1234" not in page
