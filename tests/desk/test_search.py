"""The palette's search: what it finds, for whom, and what it never shows."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from desk.search import find
from tests.factories import CustomerFactory, TicketFactory

URL = "/search/"


def titles(text, user) -> list[str]:
    return [row["title"] for group in find(text, user) for row in group["rows"]]


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234", email="wang@mail.example")


@pytest.fixture
def ticket(customer):
    return TicketFactory(customer=customer, subject="净水机滤芯接口漏水")


@pytest.mark.parametrize(
    "text", ["王", "王小", "小雨", "wxy", "WXY", "13812341234", "138 1234 1234", "+86 13812341234", "1234",
             "wang@mail.example", "WANG@mail.example"]
)
def test_a_customer_is_found_by_name_initials_number_and_address(agent, ticket, text):
    assert titles(text, agent) == ["王小雨", "净水机滤芯接口漏水"]


@pytest.mark.parametrize("text", ["1381234", "wang@", "mail.example", "2341234", "zzz", "4321"])
def test_parts_of_contacts_find_nobody(agent, ticket, text):
    assert titles(text, agent) == []


def test_a_latin_name_is_found_by_either_word_in_any_case(agent, team):
    CustomerFactory(team=team, name="Emma Clarke")
    for text in ("emma", "Emma C", "clarke", "ec"):
        assert titles(text, agent) == ["Emma Clarke"]


def test_numbers_find_their_record(agent, customer, ticket):
    for text in (ticket.number, f"#{ticket.pk}", f"t{ticket.pk}", str(ticket.pk)):
        assert "净水机滤芯接口漏水" in titles(text, agent)
    assert titles(customer.number, agent)[0] == "王小雨"


def test_the_ticket_whose_number_was_typed_comes_first(agent, team):
    named = TicketFactory(customer=CustomerFactory(team=team), subject="exact")
    for _ in range(8):
        TicketFactory(customer=CustomerFactory(team=team), subject=f"order {named.pk} is late")
    assert titles(str(named.pk), agent)[0] == "exact"


def test_words_of_a_summary_find_its_ticket(agent, ticket):
    assert titles("滤芯", agent) == ["净水机滤芯接口漏水"]
    assert titles("滤网", agent) == []


@pytest.mark.parametrize("text", ["", " ", "#", "\0", "%", "_", "' OR 1=1 --", "9" * 40, "K-" + "9" * 18, "x" * 500])
def test_odd_input_finds_nothing_and_breaks_nothing(agent, ticket, text):
    assert titles(text, agent) == []


def test_results_never_show_a_whole_number(signed_in, agent, ticket):
    html = signed_in(agent).get(URL, {"q": "13812341234"}, headers={"HX-Request": "true"}).content.decode()
    assert "138****1234" in html
    assert "13812341234" not in html


def test_the_palette_gets_options_and_a_visitor_a_page(signed_in, agent, ticket):
    client = signed_in(agent)
    assert 'role="option"' in client.get(URL, {"q": "王"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" in client.get(URL, {"q": "王"}).content.decode()


def test_a_search_costs_a_few_queries_however_much_there_is(agent, team):
    for number in range(30):
        TicketFactory(customer=CustomerFactory(team=team, name=f"王{number}", phone=f"1380000{number:04}"))
    with CaptureQueriesContext(connection) as asked:
        assert len(titles("王", agent)) == 12
    assert len(asked) <= 14


@pytest.mark.parametrize("text", ["王小雨", "wxy", "13812341234", "1234", "wang@mail.example", "滤芯"])
def test_another_team_finds_nothing(outsider, ticket, text):
    assert titles(text, outsider) == []


def test_another_team_finds_nothing_by_number(outsider, ticket, customer):
    assert titles(ticket.number, outsider) == []
    assert titles(customer.number, outsider) == []


def test_the_keyboard_has_its_page(signed_in, agent):
    assert "Ctrl" in signed_in(agent).get(reverse("desk:help")).content.decode()


def test_search_and_help_need_a_sign_in(client, db):
    assert client.get(URL).status_code == 302
    assert client.get(reverse("desk:help")).status_code == 302
