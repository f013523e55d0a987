"""The list of tasks about customers, planned contacts on the 360° page, and needs over time."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from core.models import Event
from customers import needs
from customers.models import CommunicationPlan, Customer, Need, Task
from desk import customer_tasks
from tests.factories import CustomerFactory

URL = reverse("desk:customer_tasks")
DAY = timedelta(days=1)


@pytest.fixture
def rain(team, agent):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234", vip=True, account_manager=agent)


@pytest.fixture
def call(rain, agent):
    plan = CommunicationPlan.objects.get(tier__code="vip", method="phone")
    return planned(rain, "call", plan=plan, assignee=agent, reason={"method": "phone", "period": "2026-11"})


def planned(customer, key, *, days=3, kind="contact", **fields):
    due = timezone.localdate() + DAY * days
    return Task.objects.create(customer=customer, kind=kind, key=key, due_on=due, **fields)


def shown(answer):
    return [line.pk for line in answer.context["lines"]]


def test_a_planned_contact_stands_on_the_page_with_goal_method_and_masked_number(call, signed_in, agent):
    page = signed_in(agent).get(reverse("desk:customer", args=[call.customer_id])).content.decode()
    for words in ("Planned contact", call.plan.goal_en, "Phone call", "138****1234"):
        assert words in page
    assert "13812341234" not in page


def test_it_is_closed_with_a_note_that_the_timeline_tells_and_leads_back_to_the_list(call, signed_in, agent):
    client = signed_in(agent)
    url = reverse("desk:customer_task", args=[call.customer_id, call.pk])
    answer = client.post(url, {"note": "使用正常，想加一台", "next": f"{URL}?whose=mine"})
    assert answer.url == f"{URL}?whose=mine"
    page = client.get(reverse("desk:customer", args=[call.customer_id])).content.decode()
    assert "李娜 finished a task: planned contact" in page and "使用正常，想加一台" in page
    assert Event.objects.filter(kind="task_done", subject_id=call.pk).count() == 1
    assert not shown(client.get(URL))


def test_the_way_back_never_leaves_the_site(call, signed_in, agent):
    url = reverse("desk:customer_task", args=[call.customer_id, call.pk])
    answer = signed_in(agent).post(url, {"next": "https://elsewhere.example/"})
    assert answer.url == reverse("desk:customer", args=[call.customer_id])


def test_the_list_shows_mine_or_all_by_kind_the_earliest_first_and_marks_the_late(
    call, rain, signed_in, agent, lead
):
    late = planned(rain, "late", days=-2, kind="retention", assignee=agent)
    free = planned(rain, "free", days=9, kind="update")
    mine = signed_in(agent).get(URL)
    assert shown(mine) == [late.pk, call.pk]
    assert mine.content.decode().count(">late<") == 1
    assert shown(signed_in(agent).get(URL, {"whose": "all"})) == [late.pk, call.pk, free.pk]
    assert shown(signed_in(lead).get(URL)) == [late.pk, call.pk, free.pk]
    assert shown(signed_in(lead).get(URL, {"kind": "contact"})) == [call.pk]
    assert shown(signed_in(lead).get(URL, {"kind": "x", "whose": "y", "after": "2026-99-99.z"})) == shown(
        signed_in(lead).get(URL)
    )


def test_the_head_tells_how_far_the_planned_contacts_have_come(rain, signed_in, lead):
    today = timezone.localdate()
    for key, day, done in (("a", today, None), ("b", today.replace(day=1), timezone.now())):
        Task.objects.create(customer=rain, kind="contact", key=key, due_on=day, done_at=done)
    found = signed_in(lead).get(URL).context["coverage"]
    assert (found.due, found.done, found.late) == (2, 1, 0)


def test_the_list_pages_by_key_without_gaps(rain, signed_in, lead, monkeypatch):
    monkeypatch.setattr(customer_tasks, "ROWS", 3)
    made = [planned(rain, str(n), days=n // 4, kind="update").pk for n in range(10)]
    seen, url, client = [], URL, signed_in(lead)
    while url:
        answer = client.get(url)
        seen += shown(answer)
        url = URL + answer.context["next_url"] if answer.context["next_url"] else ""
    assert seen == made


def test_another_teams_tasks_are_not_seen_but_those_of_ones_own_customers_are(call, signed_in, outsider):
    client = signed_in(outsider)
    everybodys = {"whose": "all"}
    assert shown(client.get(URL, everybodys)) == []
    assert client.get(URL, everybodys).context["coverage"].due == 0
    url = reverse("desk:customer_task", args=[call.customer_id, call.pk])
    assert client.post(url, {"note": "x"}).status_code == 404
    Customer.objects.update(account_manager=outsider)
    assert shown(signed_in(outsider).get(URL, everybodys)) == [call.pk]


def test_merged_and_erased_customers_have_no_tasks_to_do(call, signed_in, agent):
    Customer.objects.filter(pk=call.customer_id).update(erased_at=timezone.now())
    assert shown(signed_in(agent).get(URL)) == []


def test_the_list_takes_as_many_queries_for_many_as_for_few(
    call, rain, team, signed_in, lead, django_assert_max_num_queries
):
    client = signed_in(lead)
    client.get(URL)
    with django_assert_max_num_queries(9) as few:
        client.get(URL)
    for number in range(20):
        planned(CustomerFactory(team=team, phone=f"138999900{number:02d}"), f"n{number}", plan=call.plan)
    with django_assert_max_num_queries(9) as many:
        client.get(URL)
    assert len(many) == len(few)


def test_the_goal_is_told_in_the_readers_language(call, signed_in, agent):
    agent.language = "zh-hans"
    agent.save()
    with translation.override("zh-hans"):
        page = signed_in(agent).get(URL, headers={"Accept-Language": "zh-hans"}).content.decode()
    assert call.plan.goal_zh in page


def test_the_list_is_reached_from_the_archive_and_by_the_palette(signed_in, agent, team):
    page = signed_in(agent).get(reverse("desk:customers")).content.decode()
    assert page.count(f'href="{URL}"') >= 1 and "Customer tasks" in page


# --- Needs over time --------------------------------------------------------------------------------------


def test_the_profile_page_shows_the_customers_needs_by_topic_and_month(rain, signed_in, agent):
    for days, topic in ((0, "噪声"), (0, "噪声"), (40, "噪声"), (0, "水质"), (400, "旧事")):
        needs.note(customer=rain, text="要静音", topic=topic, by=agent, now=timezone.now() - DAY * days)
    found = signed_in(agent).get(reverse("desk:customer_edit", args=[rain.pk])).context["trend"]
    assert [(row.topic, row.total) for row in found.rows] == [("噪声", 3), ("水质", 1)]
    assert found.rows[0].counts[-1] == 2 and len(found.months) == needs.MONTHS


def test_topics_beyond_the_first_are_one_row_and_nothing_is_lost(rain, monkeypatch):
    monkeypatch.setattr(needs, "TOPICS", 2)
    for number in range(5):
        needs.note(customer=rain, text="x", topic=f"t{number}")
    found = needs.trend(Need.objects.all())
    assert [row.topic for row in found.rows] == ["t0", "t1", None] and found.rows[-1].total == 3 and found.total == 5
