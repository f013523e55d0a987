"""The pages of duplicates: the queue, two archives side by side, undoing, and the warning while typing."""

import pytest
from django.urls import reverse

from customers import duplicates
from customers.models import Customer, DuplicatePair, Merge
from desk import merging
from messaging import calls
from tests.factories import CustomerFactory


@pytest.fixture
def pair(team):
    first = CustomerFactory(team=team, name="王小雨", phone="13812341234")
    CustomerFactory(team=team, name="王晓雨", phone="13812341234", company="北方")
    duplicates.search(team=team)
    return DuplicatePair.objects.get(first=first)


def test_the_queue_shows_the_likeliest_first_masked(signed_in, specialist, pair, team):
    page = signed_in(specialist).get(reverse("desk:duplicates")).content.decode()
    assert "王小雨" in page and "王晓雨" in page and "13812341234" not in page


def test_the_queue_takes_as_many_queries_for_many_pairs(
    signed_in, specialist, team, django_assert_max_num_queries, pair
):
    for n in range(12):
        for _ in range(2):
            CustomerFactory(team=team, name=f"李{n}", company="南方")
    duplicates.search(team=team)
    client = signed_in(specialist)
    with django_assert_max_num_queries(12):
        assert client.get(reverse("desk:duplicates")).status_code == 200


def test_the_queue_pages_by_key_and_shows_every_pair_once(signed_in, specialist, team):
    for n in range(33):
        for _ in range(2):
            CustomerFactory(team=team, name=f"李{n}号", company="南方")
    duplicates.search(team=team)
    first = signed_in(specialist).get(reverse("desk:duplicates"))
    second = signed_in(specialist).get(reverse("desk:duplicates") + first.context["next_url"])
    seen = [pair.pk for page in (first, second) for pair, _both, _why in page.context["rows"]]
    assert len(seen) == len(set(seen)) == 33 and not second.context["next_url"]


def test_fields_are_chosen_and_posted(signed_in, specialist, pair):
    client = signed_in(specialist)
    url = reverse("desk:duplicate", args=[pair.pk])
    assert "北方" in client.get(url).content.decode()
    answer = client.post(url, {"winner": pair.second_id, "name": "loser"})
    assert answer.url == reverse("desk:customer", args=[pair.second_id])
    assert Customer.objects.present().get().name == "王小雨"
    gone = client.get(reverse("desk:customer", args=[pair.first_id]))
    assert gone.status_code == 302 and gone.url == answer.url
    assert client.post(url, {"winner": pair.second_id}).status_code == 404  # decided already
    assert Merge.objects.count() == 1


def test_a_person_may_name_the_other_by_number(signed_in, specialist, pair, other_team):
    client = signed_in(specialist)
    url = reverse("desk:customer_merge", args=[pair.first_id])
    assert client.get(url).status_code == 200
    assert client.get(url, {"other": "K-999999"}).status_code == 422
    assert client.get(url, {"other": CustomerFactory(team=other_team).number}).status_code == 422
    other = Customer.objects.get(pk=pair.second_id).number
    assert "王晓雨" in client.get(url, {"other": other}).content.decode()
    client.post(f"{url}?other={other}", {"winner": pair.first_id})
    assert Customer.objects.present().filter(team=pair.team).get().pk == pair.first_id


def test_two_customers_stay_two(signed_in, specialist, pair):
    signed_in(specialist).post(reverse("desk:duplicate_dismiss", args=[pair.pk]))
    pair.refresh_from_db()
    assert pair.state == "distinct" and Customer.objects.present().count() == 2


def test_agents_may_not_merge_and_others_see_nothing(signed_in, agent, outsider, pair):
    assert signed_in(agent).get(reverse("desk:duplicates")).status_code == 403
    outsider.role = "lead"
    outsider.save()
    client = signed_in(outsider)
    for view, key in (("duplicate", pair.pk), ("customer_merge", pair.first_id), ("customer_privacy", pair.first_id)):
        assert client.get(reverse(f"desk:{view}", args=[key])).status_code == 404
    assert client.post(reverse("desk:duplicate_dismiss", args=[pair.pk])).status_code == 404
    assert "王小雨" not in client.get(reverse("desk:duplicates")).content.decode()


def test_leads_undo_and_specialists_do_not(signed_in, specialist, lead, pair, outsider):
    row = merging.merge(winner=pair.first, loser=pair.second, by=specialist)
    url = reverse("desk:merge_undo", args=[row.pk])
    assert signed_in(specialist).post(url).status_code == 403
    outsider.role = "lead"
    outsider.save()
    assert signed_in(outsider).post(url).status_code == 404
    page = signed_in(lead).get(reverse("desk:customer_privacy", args=[pair.first_id])).content.decode()
    assert url in page
    signed_in(lead).post(url)
    assert Customer.objects.present().count() == 2


def test_suspects_are_shown_while_typing_with_one_click_to_choose(signed_in, agent, pair, outsider):
    call = calls.start(team=agent.team, agent=agent, number="13812341234")
    url = reverse("desk:suspects")
    page = signed_in(agent).get(url, {"call": call.pk, "name": "王"}).content.decode()
    assert "王小雨" in page and reverse("desk:intake_customer", args=[call.pk]) in page
    assert "王小雨" not in signed_in(outsider).get(url, {"phone": "13812341234"}).content.decode()
    assert url in signed_in(agent).get(reverse("desk:intake_call", args=[call.pk])).content.decode()


def test_the_profile_warns_by_its_own_contacts(signed_in, agent, pair):
    page = signed_in(agent).get(reverse("desk:suspects"), {"customer": pair.first_id, "name": "王小雨"})
    assert "王晓雨" in page.content.decode() and "王小雨" not in page.content.decode()
