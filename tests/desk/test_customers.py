import pytest
from django.urls import reverse

from customers import reveal
from customers.models import Consent, Reveal
from desk import customer_page, customer_story
from loyalty import ledger
from messaging import calls
from tests.factories import CustomerFactory, TicketFactory
from tickets import conversation

HX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def rain(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234", vip=True)


@pytest.fixture
def client(signed_in, agent):
    return signed_in(agent)


def page_of(client, customer, query=""):
    return client.get(reverse("desk:customer", args=[customer.pk]) + query)


# --- The list ---------------------------------------------------------------------------------------------


def test_the_list_shows_ones_own_customers_masked(client, rain, other_team):
    CustomerFactory(team=other_team, name="陌生人")
    page = client.get(reverse("desk:customers")).content.decode()
    assert "王小雨" in page and "138****1234" in page
    assert "陌生人" not in page and "13812341234" not in page


def test_the_search_answers_with_the_rows_alone(client, rain, team):
    CustomerFactory(team=team, name="李四")
    page = client.get(reverse("desk:customers"), {"q": "1234"}, **HX).content.decode()
    assert "王小雨" in page and "李四" not in page and "<html" not in page


def test_tier_and_stage_narrow_the_list_and_the_search(client, rain, team):
    CustomerFactory(team=team, name="王大")
    for asked in ({"tier": "vip"}, {"tier": "vip", "q": "王"}):
        page = client.get(reverse("desk:customers"), asked).content.decode()
        assert "王小雨" in page and "王大" not in page
    assert "王小雨" not in client.get(reverse("desk:customers"), {"stage": "decline"}).content.decode()


def test_the_list_pages_by_key_and_shows_everybody_once(client, team, agent):
    made = {CustomerFactory(team=team).pk for _ in range(customer_page.ROWS + 3)}
    first, onward = customer_page.listed(agent)
    second, end = customer_page.listed(agent, before=onward)
    assert len(first) == customer_page.ROWS and end is None
    assert {row.customer.pk for row in [*first, *second]} == made
    assert "before=" in client.get(reverse("desk:customers")).content.decode()


@pytest.mark.parametrize(
    "query", ["before=abc", "before=-1", "before=99999999999999999999", "tier=none", "q=%00", "stage=%00"]
)
def test_odd_queries_of_the_list_are_harmless(client, rain, query):
    assert client.get(f"{reverse('desk:customers')}?{query}").status_code == 200


def test_the_list_takes_few_queries_at_any_length(client, team, django_assert_max_num_queries):
    for n in range(customer_page.ROWS + 1):
        TicketFactory(customer=CustomerFactory(team=team, phone=f"1380000{n:04d}"))
    client.get(reverse("desk:customers"))
    with django_assert_max_num_queries(12):
        client.get(reverse("desk:customers"))
    with django_assert_max_num_queries(12):
        client.get(reverse("desk:customers"), {"q": "王小雨"})


# --- The 360° page ----------------------------------------------------------------------------------------


def test_customers_of_another_team_do_not_exist(signed_in, outsider, rain):
    browser = signed_in(outsider)
    contact = rain.contacts.get()
    assert page_of(browser, rain).status_code == 404
    assert browser.post(reverse("desk:customer_consent", args=[rain.pk])).status_code == 404
    reveal_url = reverse("desk:customer_reveal", args=[rain.pk, contact.pk])
    assert browser.post(reveal_url, {"reason": "好奇"}).status_code == 404
    assert not Reveal.objects.exists()


def history(customer, agent, team, times):
    for n in range(times):
        ticket = TicketFactory(customer=customer)
        conversation.note(ticket, body="记一笔", by=agent)
        call = calls.start(team=team, agent=agent, number="13812341234")
        calls.attach_customer(call, customer, by=agent)
        calls.finish(call, outcome="answered")
        ledger.post(customer=customer, points=10, reason="gift", key=f"gift:{customer.pk}:{n}:{times}")


def test_the_page_takes_no_more_queries_for_a_long_history(
    client, rain, agent, team, django_assert_num_queries, django_assert_max_num_queries
):
    history(rain, agent, team, 2)
    page_of(client, rain)
    with django_assert_max_num_queries(20) as short:
        page_of(client, rain)
    history(rain, agent, team, 15)
    with django_assert_num_queries(len(short)):
        page_of(client, rain)


def test_one_timeline_tells_tickets_calls_and_consent_newest_first(client, rain, agent, team):
    history(rain, agent, team, 1)
    page = page_of(client, rain).content.decode()
    told = ["+10 points", "Call with 李娜: Answered", "opened the ticket"]
    places = [page.index(text) for text in told]
    assert places == sorted(places)
    calls_only = page_of(client, rain, "?show=calls").content.decode()
    assert "Call with 李娜" in calls_only and "opened the ticket" not in calls_only


def test_the_timeline_pages_by_key_without_gap_or_double(rain, agent, team):
    history(rain, agent, team, 12)
    seen, before = [], None
    while True:
        moments, before = customer_story.story(rain, agent, before=before)
        seen += moments
        if before is None:
            break
    assert len(seen) == len({(m.at, m.text, m.note) for m in seen}) == 36
    assert [m.at for m in seen] == sorted((m.at for m in seen), reverse=True)


def test_the_page_shows_open_tickets_points_and_a_masked_number(client, rain, agent, team):
    history(rain, agent, team, 2)
    page = page_of(client, rain).content.decode()
    assert "净水机滤芯接口漏水" in page and "<b class=\"u-num\">20</b>" in page
    assert "138****1234" in page and "13812341234" not in page


def test_the_access_log_is_for_heads(client, signed_in, lead, rain, agent):
    reveal.reveal(contact=rain.contacts.get(), by=agent, reason="核对号码")
    assert "Access log" not in page_of(client, rain).content.decode()
    assert "核对号码" in page_of(signed_in(lead), rain).content.decode()


# --- Showing a contact ------------------------------------------------------------------------------------


def show(client, customer, reason):
    url = reverse("desk:customer_reveal", args=[customer.pk, customer.contacts.get().pk])
    return client.post(url, {"reason": reason})


def test_a_number_is_shown_once_for_a_reason_and_never_cached(client, rain, agent):
    response = show(client, rain, "回访")
    assert "+8613812341234" in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    assert Reveal.objects.get().user == agent
    assert "13812341234" not in page_of(client, rain).content.decode()


def test_no_reason_no_number(client, rain):
    response = show(client, rain, " ")
    assert response.status_code == 422
    assert "Say why you need it." in response.content.decode() and "13812341234" not in response.content.decode()


def test_beyond_the_hours_share_nothing_is_shown(client, rain):
    for _ in range(reveal.PER_HOUR):
        assert show(client, rain, "回访").status_code == 200
    response = show(client, rain, "回访")
    assert response.status_code == 429 and "13812341234" not in response.content.decode()


def test_a_contact_of_another_customer_is_404(client, rain, other_team):
    stranger = CustomerFactory(team=other_team, phone="13900000000").contacts.get()
    url = reverse("desk:customer_reveal", args=[rain.pk, stranger.pk])
    assert client.post(url, {"reason": "回访"}).status_code == 404


# --- Consent ----------------------------------------------------------------------------------------------


def say(client, customer, **changed):
    data = {"purpose": "care", "channel": "any", "given": "1", "wording": "可以", "way": "phone"} | changed
    return client.post(reverse("desk:customer_consent", args=[customer.pk]), data, **HX)


def test_consent_is_given_and_withdrawn_by_the_same_form(client, rain):
    assert "Withdraw: customer care" in say(client, rain).content.decode()
    say(client, rain, given="0", wording="不要再发了")
    latest = Consent.objects.first()
    assert (latest.given, latest.wording, latest.way) == (False, "不要再发了", "On the phone")
    assert [word.given for word in customer_page.consents(rain) if word.purpose == "care"] == [False]


def test_consent_without_its_words_is_no_consent(client, rain):
    response = say(client, rain, wording=" ")
    assert response.status_code == 422
    assert not Consent.objects.exists()
