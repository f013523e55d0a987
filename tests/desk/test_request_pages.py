"""The pages of data requests: opened from the customer, answered once, taken out as a file, erased with certificate."""

import json

import pytest
from django.urls import reverse

from core.models import Event
from customers import profile, requests
from customers.models import Customer, DataRequest, LegalHold
from tests.factories import CustomerFactory, TicketFactory, UserFactory


@pytest.fixture
def rain(team):
    customer = CustomerFactory(team=team, name="王小雨", phone="13812341234", email="rain@example.com")
    TicketFactory(customer=customer, subject="滤芯漏水", body="请打 13812341234")
    return customer


@pytest.fixture
def client(signed_in, specialist):
    return signed_in(specialist)


def opened(rain, specialist, kind="access"):
    return requests.open_request(customer=rain, kind=kind, way="mail", by=specialist)


def test_a_request_is_taken_down_from_the_customer(client, rain):
    url = reverse("desk:customer_request", args=[rain.pk])
    assert client.post(url, {"kind": "erase", "way": "nonsense"}).status_code == 422
    answer = client.post(url, {"kind": "erase", "way": "mail"})
    row = DataRequest.objects.get()
    assert answer.url == reverse("desk:request", args=[row.pk]) and row.customer == rain
    for page in (answer.url, reverse("desk:requests"), reverse("desk:customer_privacy", args=[rain.pk])):
        assert row.number in client.get(page).content.decode()


def test_the_file_holds_everything_in_the_clear_and_is_logged(client, rain, specialist):
    row = opened(rain, specialist)
    url = reverse("desk:request_file", args=[row.pk, "json"])
    assert client.get(url).status_code == 405
    answer = client.post(url)
    found = json.loads(answer.content)
    assert "attachment" in answer["Content-Disposition"] and found["customer"] == rain.number
    text = answer.content.decode()
    assert all(word in text for word in ("王小雨", "13812341234", "rain@example.com", "滤芯漏水"))
    page = client.post(reverse("desk:request_file", args=[row.pk, "html"])).content.decode()
    assert "王小雨" in page and "滤芯漏水" in page and "⟨" not in page
    assert Event.objects.filter(kind="access_file", customer_id=rain.pk).count() == 2


def test_refusing_needs_a_reason_and_keeps_the_page(client, rain, specialist):
    row = opened(rain, specialist)
    url = reverse("desk:request_answer", args=[row.pk])
    assert client.post(url, {"act": "refuse", "answer": ""}).status_code == 422
    assert client.post(url, {"act": "refuse", "answer": "not the person"}).status_code == 302
    assert client.post(url, {"act": "close", "answer": "x"}).status_code == 422
    row.refresh_from_db()
    assert row.state == "refused"


def test_an_erasure_leaves_its_certificate(client, rain, specialist):
    row = opened(rain, specialist, "erase")
    url = reverse("desk:request_answer", args=[row.pk])
    assert client.get(reverse("desk:request_certificate", args=[row.pk])).status_code == 404
    assert client.post(url, {"act": "close", "answer": "done"}).status_code == 422
    assert client.post(url, {"act": "erase"}).status_code == 302
    page = client.get(reverse("desk:request_certificate", args=[row.pk])).content.decode()
    assert row.number in page and rain.number in page and "tickets.Post" in page and "王小雨" not in page
    assert client.get(reverse("desk:customer", args=[rain.pk])).status_code == 404
    assert "王小雨" not in client.get(reverse("desk:customers")).content.decode()
    assert client.get(reverse("desk:request", args=[row.pk])).status_code == 200


def test_a_hold_is_placed_and_released_by_leads_and_stops_erasing(signed_in, client, rain, specialist, lead):
    url = reverse("desk:customer_hold", args=[rain.pk])
    assert client.post(url, {"reason": "court"}).status_code == 403
    leads = signed_in(lead)
    assert leads.post(url, {"reason": ""}).status_code == 422
    leads.post(url, {"reason": "仲裁"})
    row = opened(rain, specialist, "erase")
    refused = client.post(reverse("desk:request_answer", args=[row.pk]), {"act": "erase"})
    assert refused.status_code == 422 and "仲裁" in refused.content.decode()
    leads.post(reverse("desk:hold_release", args=[LegalHold.objects.get().pk]))
    assert client.post(reverse("desk:request_answer", args=[row.pk]), {"act": "erase"}).status_code == 302
    assert Customer.objects.get().erased_at


def test_agents_are_refused_and_others_see_nothing(signed_in, agent, outsider, rain, specialist):
    row = opened(rain, specialist)
    outsider.role = "supervisor"
    outsider.save()
    views = [("request", row.pk), ("customer_privacy", rain.pk), ("request_certificate", row.pk)]
    posts = [("request_answer", [row.pk]), ("request_file", [row.pk, "json"]), ("customer_request", [rain.pk])]
    for user, status in ((agent, 403), (outsider, 404)):
        client = signed_in(user)
        assert {client.get(reverse(f"desk:{view}", args=[key])).status_code for view, key in views} == {status}
        assert {client.post(reverse(f"desk:{view}", args=args)).status_code for view, args in posts} == {status}


def test_the_list_takes_as_many_queries_for_many(client, team, specialist, django_assert_max_num_queries):
    for _ in range(33):
        opened(CustomerFactory(team=team), specialist)
    with django_assert_max_num_queries(10):
        first = client.get(reverse("desk:requests"))
    second = client.get(reverse("desk:requests") + first.context["next_url"])
    seen = [row.pk for page in (first, second) for row in page.context["rows"]]
    assert len(seen) == len(set(seen)) == 33


# --- Correcting -------------------------------------------------------------------------------------------


@pytest.fixture
def wrong(rain, specialist):
    return requests.open_request(customer=rain, kind="correct", way="mail", asked="名字少一个字", by=specialist)


def typed(client, row, **more):
    """The form as the page offers it, with changes."""
    form = client.get(reverse("desk:request_correct", args=[row.pk])).context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in (values | more).items() if value not in (None, False)}


def test_a_correction_is_walked_from_the_request_to_its_certificate(client, rain, wrong):
    page = reverse("desk:request", args=[wrong.pk])
    html = client.get(page).content.decode()
    assert "名字少一个字" in html and reverse("desk:request_correct", args=[wrong.pk]) in html
    assert client.post(reverse("desk:request_answer", args=[wrong.pk]), {"act": "close"}).status_code == 422
    saved = client.post(reverse("desk:request_correct", args=[wrong.pk]), typed(client, wrong, name="王小雨晴"))
    assert saved.url == page
    sent = {"wrong": rain.contacts.get(kind="phone").pk, "kind": "phone", "value": "139 8765 1234"}
    assert client.post(reverse("desk:request_correct_contact", args=[wrong.pk]), sent).url == page
    assert client.post(reverse("desk:request_answer", args=[wrong.pk]), {"act": "close"}).status_code == 302
    wrong.refresh_from_db()
    assert wrong.summary == {"fields": ["name", "phone"]}
    certificate = client.get(reverse("desk:request_certificate", args=[wrong.pk])).content.decode()
    assert wrong.number in certificate and rain.number in certificate and certificate.count("<tbody><tr>") == 1
    assert "王小雨晴" not in certificate and "8765" not in certificate
    assert client.get(reverse("desk:request_correct", args=[wrong.pk])).url == page, "answered: nothing to correct"


def test_a_request_to_correct_says_what(client, rain):
    url = reverse("desk:customer_request", args=[rain.pk])
    assert client.post(url, {"kind": "correct", "way": "mail"}).status_code == 422
    assert client.post(url, {"kind": "correct", "way": "mail", "asked": "生日错了"}).status_code == 302


def test_a_bad_correction_keeps_what_was_typed(client, rain, wrong):
    sent = typed(client, wrong, name="", company="华东机械")
    bad = client.post(reverse("desk:request_correct", args=[wrong.pk]), sent)
    assert bad.status_code == 422 and "华东机械" in bad.content.decode()
    url = reverse("desk:request_correct_contact", args=[wrong.pk])
    for sent in ({"kind": "phone", "value": "12"}, {"kind": "email", "value": "none"}, {"kind": "phone", "value": ""}):
        answer = client.post(url, sent)
        assert answer.status_code == 422 and "invalid-feedback" in answer.content.decode()
    wrong.refresh_from_db()
    assert requests.corrected(wrong) == []


def test_two_who_correct_at_once_see_both_versions(client, rain, wrong, lead):
    mine = typed(client, wrong, name="王小雨晴")
    profile.edit(rain, seen=profile.snapshot(rain), given={"name": "王小宇"}, by=lead)
    answer = client.post(reverse("desk:request_correct", args=[wrong.pk]), mine)
    html = answer.content.decode()
    assert answer.status_code == 409 and "王小宇" in html and "王小雨晴" in html
    wrong.refresh_from_db()
    assert requests.corrected(wrong) == []


def test_agents_and_other_teams_correct_nothing(signed_in, agent, other_team, wrong):
    foreign = UserFactory(role="specialist", team=other_team)
    for user, status in ((agent, 403), (foreign, 404)):
        for name in ("request_correct", "request_correct_contact"):
            assert signed_in(user).post(reverse(f"desk:{name}", args=[wrong.pk]), {}).status_code == status
