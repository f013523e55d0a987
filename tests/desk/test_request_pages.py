"""The pages of data requests: opened from the customer, answered once, taken out as a file, erased with certificate."""

import json

import pytest
from django.urls import reverse

from core.models import Event
from customers import requests
from customers.models import Customer, DataRequest, LegalHold
from tests.factories import CustomerFactory, TicketFactory


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
