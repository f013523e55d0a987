"""Tickets over REST: opened through intake, seen by team, contacts masked."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from staff.models import ApiToken
from tests.factories import CustomerFactory, TicketFactory
from tickets import workflow
from tickets.models import Ticket

NEW = {"subject": "净水机漏水", "body": "请上门维修", "customer": {"name": "王小雨", "phone": "138 1234 5678"}}
LIST = "/api/v1/tickets/"


@pytest.fixture
def call(client):
    def send(user, path=LIST, data=None, **headers):
        headers["Authorization"] = f"Bearer {ApiToken.issue(user)}"
        if data is None:
            return client.get(path, headers=headers)
        return client.post(path, json.dumps(data), content_type="application/json", headers=headers)

    return send


def test_a_post_opens_a_ticket_through_intake_for_the_callers_team(call, agent):
    answer = call(agent, data=NEW)
    ticket = Ticket.objects.get()
    assert answer.status_code == 201
    assert (ticket.team, ticket.opened_by, ticket.channel, ticket.kind) == (agent.team, agent, "api", "service")
    assert set(ticket.timers.values_list("metric", flat=True)) == {"first_response", "proposal", "resolution"}
    assert (answer.json()["id"], answer.json()["number"]) == (ticket.pk, ticket.number)


def test_a_repeated_key_answers_200_with_the_first_ticket(call, agent, lead):
    headers = {"Idempotency-Key": "order-77"}
    first, again = call(agent, data=NEW, **headers), call(agent, data=NEW, **headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert call(lead, data=NEW, **headers).status_code == 201
    assert Ticket.objects.count() == 2


def test_the_api_masks_names_contacts_and_numbers_in_texts(call, agent):
    data = {**NEW, "body": "回电 13812345678 或 yu@mail.example"}
    answer = call(agent, reverse("api:ticket", args=[call(agent, data=data).json()["id"]]))
    shown = answer.content.decode()
    assert "13812345678" not in shown
    assert "yu@mail" not in shown
    assert answer.json()["customer"]["name"] == "王*"
    assert answer.json()["contacts"] == [{"kind": "phone", "masked": "138****5678", "preferred": True}]
    assert "138****5678" in answer.json()["posts"][0]["body"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"subject": ""}, "subject"),
        ({"subject": "x" * 201}, "subject"),
        ({"kind": "wish"}, "kind"),
        ({"urgency": 9}, "urgency"),
        ({"category": "none"}, "category"),
        ({"customer": {"name": "x"}}, "customer"),
        ({"customer": {"phone": "12"}}, "customer"),
        ({"customer_id": 1}, "customer_id"),
        ({"customer": None}, "customer"),
        ({"body": "a\u0000b"}, "body"),
    ],
)
def test_a_bad_post_is_refused_by_field_and_writes_nothing(call, agent, change, field):
    answer = call(agent, data={**NEW, **change})
    assert answer.status_code == 400
    assert field in answer.json()
    assert not Ticket.objects.exists()


def test_another_teams_customer_cannot_be_named(call, agent, outsider):
    customer = CustomerFactory(team=outsider.team)
    data = {"subject": "x", "customer_id": customer.pk}
    assert call(agent, data=data).status_code == 400
    assert call(outsider, data=data).status_code == 201


def test_an_outsider_finds_an_empty_list_and_404(call, agent, outsider):
    ticket = call(agent, data=NEW).json()["id"]
    path = reverse("api:ticket", args=[ticket])
    assert call(outsider).json()["results"] == []
    assert call(outsider, path).status_code == 404
    assert [row["id"] for row in call(agent).json()["results"]] == [ticket]
    assert call(agent, path).status_code == 200


def test_a_missing_wrong_or_switched_off_token_opens_nothing(client, call, agent):
    assert client.get(LIST).status_code == 401
    assert client.get(LIST, headers={"Authorization": "Bearer wrong"}).status_code == 401
    token = ApiToken.issue(agent)
    agent.is_active = False
    agent.save()
    assert client.get(LIST, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_browser_session_is_no_way_into_the_api(signed_in, agent):
    assert signed_in(agent).get(LIST).status_code == 401


def test_the_list_pages_by_cursor_and_filters(call, agent):
    for number in range(5):
        call(agent, data={**NEW, "kind": "consult" if number % 2 else "complaint"})
    first = call(agent, f"{LIST}?page_size=2").json()
    second = call(agent, first["next"].removeprefix("http://testserver")).json()
    ids = [row["id"] for row in first["results"] + second["results"]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 4
    assert len(call(agent, f"{LIST}?kind=consult").json()["results"]) == 2
    assert call(agent, f"{LIST}?kind=none").status_code == 400
    assert call(agent, f"{LIST}?customer_id=x").json()["results"] == []


def test_words_of_the_customer_and_replies_go_into_the_conversation_once(call, agent, team):
    ticket = TicketFactory(customer=CustomerFactory(team=team, email="yu@mail.example"), owner=agent, by=agent)
    said, answered = (reverse(f"api:ticket_{name}", args=[ticket.pk]) for name in ("messages", "replies"))
    words, key = {"body": "还是漏，回电 13812345678"}, {"Idempotency-Key": "m-1"}
    first, again = call(agent, said, words, **key), call(agent, said, words, **key)
    assert (first.status_code, again.status_code) == (201, 200) and first.json() == again.json()
    assert first.json()["ticket"]["number"] == ticket.number and "138****5678" in first.json()["body"]
    assert call(agent, answered, {"body": "您好，已安排"}).status_code == 422  # and when do they hear again?
    reply = {"body": "您好，已安排", "next_update_at": (timezone.now() + timedelta(hours=4)).isoformat()}
    assert [call(agent, answered, reply, **key).status_code for _twice in range(2)] == [201, 200]
    assert list(ticket.posts.values_list("kind", flat=True)) == ["inbound", "inbound", "reply"]
    assert ticket.posts.get(kind="reply").outgoing.body == "您好，已安排"
    assert call(agent, said, {"body": ""}).status_code == 400


def test_an_archived_ticket_goes_on_as_its_next_cycle_over_the_api(call, agent, specialist, team):
    def decided():
        made = TicketFactory(customer=CustomerFactory(team=team), owner=agent, by=agent)
        workflow.move(made, "archived", by=agent, outcome="withdrawn", cause="customer", note="客户撤回")
        return made

    ticket, key = decided(), {"Idempotency-Key": "m-2"}
    said, reopen = (reverse(f"api:ticket_{name}", args=[ticket.pk]) for name in ("messages", "reopen"))
    answers = [call(agent, said, {"body": "又漏了"}, **key).json()["ticket"]["id"] for _twice in range(2)]
    cycle = Ticket.objects.get(cycle_of=ticket)
    assert answers == [cycle.pk, cycle.pk] and cycle.unread
    assert call(agent, said, {"body": "请尽快"}).json()["ticket"]["id"] == cycle.pk
    refused = call(specialist, reopen, {"reason": "客户来电"})
    assert refused.status_code == 422 and cycle.number in refused.json()["detail"]

    other = reverse("api:ticket_reopen", args=[decided().pk])
    assert call(agent, other, {"reason": "客户来电"}).status_code == 422  # the service centre reopens
    taken_up = call(specialist, other, {"reason": "客户来电"})
    assert taken_up.status_code == 201 and taken_up.json()["cycle"] == 2


def test_the_number_of_queries_does_not_grow_with_the_list(call, agent, django_assert_max_num_queries):
    for number in range(12):
        TicketFactory(customer=CustomerFactory(team=agent.team, phone=f"1391234{number:04}"), owner=agent)
    with django_assert_max_num_queries(5):
        assert len(call(agent).json()["results"]) == 12
