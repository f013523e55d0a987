"""The feedback record 信息反馈单: six sections, filled in from what is known, and handed on in four stages."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.urls import reverse

from core.models import Event
from customers import ordering
from customers.ordering import Line
from followups import feedback
from followups.models import Feedback, HandOff
from staff.models import Role
from tests.factories import TicketFactory, UserFactory
from tickets import conversation

WHOLE = {
    "customer_name": "王小雨", "contact": "138****1234", "company": "", "product": "净水机 M3", "serial": "SN-1",
    "warranty_until": "2027-05-01", "use": "good", "service": "更换滤芯接口", "served_on": "2026-11-16",
    "charge": "charged", "amount": "80", "extras_offered": "yes", "extras": "年度滤芯套餐",
    "opinion_kind": "suggestion", "opinion": "希望提前一天电话通知", "satisfaction": "5",
}  # fmt: skip


@pytest.fixture
def ticket(customer, agent):
    ordering.take_in(
        customer=customer, source="shop", code="SO-1", lines=[Line("净水机 M3", 1, 999, serial="SN-1")],
        address="望京街七号", payment="prepaid", state="delivered", by=agent,
    )  # fmt: skip
    made = TicketFactory(customer=customer, by=agent, owner=agent)
    conversation.note(made, body="已更换接口，回电 13800001234", by=agent)
    return made


@pytest.fixture
def record(ticket, agent):
    return feedback.open_record(ticket, by=agent)


def send(client, user, record, step="record", **changes):
    client.force_login(user)
    record.refresh_from_db()
    data = {**WHOLE, "version": record.version, "stage": record.stage, **changes}
    return client.post(reverse(f"feedback:{step}", args=[record.pk]), data)


def test_a_record_opens_once_and_is_filled_in_from_archive_order_and_conversation(client, ticket, agent, customer):
    client.force_login(agent)
    for _twice in range(2):
        assert client.post(reverse("feedback:open", args=[ticket.pk])).status_code == 302
    record = Feedback.objects.get()
    assert (record.customer_name, record.contact, record.product, record.serial, record.holder) == (
        customer.name, "138****1234", "净水机 M3", "SN-1", agent
    )  # fmt: skip
    assert "已更换接口" in record.service and "13800001234" not in record.service
    page = client.get(reverse("feedback:record", args=[record.pk])).content.decode()
    assert "净水机 M3" in page and "13800001234" not in page and "left before it goes on" in page
    panel = client.get(reverse("desk:ticket_work", args=[ticket.pk])).content.decode()
    assert record.number in panel
    assert "opened the feedback record" in client.get(reverse("desk:ticket_thread", args=[ticket.pk])).content.decode()


def test_the_record_goes_from_agent_to_specialist_to_reviewer_to_the_centre_and_back_with_a_reason(
    client, record, agent, specialist, lead, team
):
    reviewer = UserFactory(team=team, role=Role.SPECIALIST, display_name="孙洁")
    refused = send(client, agent, record, "hand_on", use="", satisfaction="", amount="")
    page = refused.content.decode()
    assert refused.status_code == 422 and "How it works, Satisfaction, Amount" in page and "更换滤芯接口" in page
    record.refresh_from_db()
    assert (record.stage, record.service) == ("agent", "更换滤芯接口")  # the draft is kept
    assert send(client, agent, record, "hand_on", to=specialist.pk, remark="请核对").status_code == 302
    assert "The record is with" in send(client, agent, record).content.decode()
    send(client, specialist, record, "hand_on")
    assert send(client, specialist, record, "hand_on").status_code == 422  # who filled it in does not review it
    assert send(client, reviewer, record, "give_back").status_code == 422  # without a reason
    assert send(client, reviewer, record, "give_back", remark="收费金额不对").status_code == 302
    record.refresh_from_db()
    assert (record.stage, record.holder) == ("specialist", specialist)
    told = specialist.notifications.order_by("pk").values_list("kind", flat=True)
    assert list(told) == ["feedback", "feedback_back"]
    assert send(client, specialist, record, "hand_on", amount="90").status_code == 302
    assert Feedback.objects.get().amount == 90
    send(client, reviewer, record, "hand_on", amount="90")
    assert send(client, reviewer, record, "hand_on").status_code == 422  # the centre's head files it
    assert send(client, lead, record, "hand_on").status_code == 302  # with his own correction
    record.refresh_from_db()
    assert (record.stage, record.amount) == ("filed", 80)
    ways = [(row.number, row.was, row.now, row.by) for row in HandOff.objects.all()]
    assert ways == [
        (1, "agent", "specialist", agent), (2, "specialist", "reviewer", specialist),
        (3, "reviewer", "specialist", reviewer), (4, "specialist", "reviewer", specialist),
        (5, "reviewer", "centre", reviewer), (6, "centre", "filed", lead),
    ]  # fmt: skip
    assert Event.objects.filter(kind__startswith="feedback_").count() == 7
    assert send(client, lead, record).status_code == 422


def test_the_second_of_two_editors_sees_both_versions_and_overwrites_nothing(client, record, agent, lead):
    seen = record.version
    assert send(client, agent, record, product="净水机 M4").status_code == 302
    late = send(client, agent, record, version=seen, product="净水机 M5")
    page = late.content.decode()
    assert late.status_code == 409 and "净水机 M4" in page and "净水机 M5" in page
    record.refresh_from_db()
    assert record.product == "净水机 M4"
    assert send(client, agent, record, served_on="morgen", product="净水机 M6").status_code == 422


def test_the_list_shows_what_is_in_sight_by_stage_and_what_waits_for_me(client, record, agent, specialist, other_team):
    def listed(user, query=""):
        client.force_login(user)
        return record.number in client.get(reverse("feedback:list") + query).content.decode()

    assert listed(agent) and listed(agent, "?mine=1") and listed(specialist) and not listed(specialist, "?mine=1")
    assert listed(agent, "?stage=agent") and not listed(agent, "?stage=filed")
    stranger = UserFactory(team=other_team, role=Role.SUPERVISOR)
    assert not listed(stranger)
    assert client.get(reverse("feedback:record", args=[record.pk])).status_code == 404


def test_the_list_costs_the_same_for_many(client, agent, customer, django_assert_max_num_queries):
    for _n in range(35):
        feedback.open_record(TicketFactory(customer=customer, by=agent), by=agent)
    client.force_login(agent)
    with django_assert_max_num_queries(10):
        page = client.get(reverse("feedback:list"))
    assert page.content.decode().count("data-row") == 30 and "before=" in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_hand_on_at_once_one_does(record, lead, admin):
    Feedback.objects.filter(pk=record.pk).update(
        product="x", use="good", service="x", served_on="2026-11-16", charge="free", extras_offered=False,
        opinion_kind="none", satisfaction=4,
    )  # fmt: skip

    def act(user):
        try:
            return feedback.hand_on(record, by=user, stage="agent")
        except feedback.FeedbackRefused:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(act, [lead, admin]))
    assert [row is None for row in done].count(True) == 1
    record.refresh_from_db()
    assert record.stage == "specialist" and record.handoffs.count() == 1
