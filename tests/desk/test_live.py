"""The live connection, over the real message channel."""

import json

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from core import live
from desk.live import LiveConsumer
from tests.factories import CustomerFactory, TicketFactory
from tickets import viewers

pytestmark = pytest.mark.django_db(transaction=True)


def connection(user) -> ApplicationCommunicator:
    scope = {"type": "websocket", "path": "/ws/live/", "headers": [], "subprotocols": [], "user": user}
    return ApplicationCommunicator(LiveConsumer.as_asgi(), scope)


async def opened(page) -> bool:
    await page.send_input({"type": "websocket.connect"})
    return (await page.receive_output(timeout=5))["type"] == "websocket.accept"


async def heard(page) -> list[dict]:
    if await page.receive_nothing(timeout=0.5):
        return []
    return [json.loads((await page.receive_output())["text"])]


def told(*users, publish) -> list[list[dict]]:
    """What the open page of each user is told when `publish` runs."""

    async def listen():
        pages = [connection(user) for user in users]
        assert all([await opened(page) for page in pages])
        await sync_to_async(publish)()
        lines = [await heard(page) for page in pages]
        for page in pages:
            await page.send_input({"type": "websocket.disconnect", "code": 1000})
            await page.wait()
        return lines

    return async_to_sync(listen)()


def test_a_stranger_is_let_in_only_to_be_told_to_sign_in():
    async def knock():
        page = connection(AnonymousUser())
        return await opened(page), await page.receive_output()

    accepted, answer = async_to_sync(knock)()
    assert accepted
    assert (answer["type"], answer["code"]) == ("websocket.close", 4401)


def test_a_team_hears_of_its_tickets_and_no_other_team_does(agent, outsider):
    heard = told(agent, outsider, publish=lambda: live.publish("ticket", team_id=agent.team_id, ticket=5))
    assert heard == [[{"topic": "ticket", "ticket": 5}], []]


def test_a_bell_rings_for_one_person_only(agent, lead):
    heard = told(agent, lead, publish=lambda: live.publish("bell", user_id=lead.pk))
    assert heard == [[], [{"topic": "bell"}]]


def test_a_supervisor_hears_every_team_of_the_department(supervisor, agent, outsider):
    own, other = agent.team_id, outsider.team_id
    assert told(supervisor, publish=lambda: live.publish("breach", team_id=own)) == [[{"topic": "breach"}]]
    assert told(supervisor, publish=lambda: live.publish("breach", team_id=other)) == [[]]


def test_nothing_is_told_of_a_change_that_was_taken_back(agent):
    def taken_back():
        with transaction.atomic():
            live.publish("ticket", team_id=agent.team_id, ticket=5)
            transaction.set_rollback(True)

    assert told(agent, publish=taken_back) == [[]]


def said(*lines) -> list[list[dict]]:
    """What each page hears; `lines` are (user, [what that user's page says])."""

    async def talk():
        pages = [connection(user) for user, _words in lines]
        for page in pages:
            assert await opened(page)
        for page, (_user, words) in zip(pages, lines, strict=True):
            for word in words:
                await page.send_input({"type": "websocket.receive", "text": word})
        heard_now = []
        for page in pages:
            mine = []
            while line := await heard(page):
                mine += line if isinstance(line, list) else [line]
            heard_now.append(mine)
        for page in pages:
            await page.send_input({"type": "websocket.disconnect", "code": 1000})
            await page.wait()
        return heard_now

    return async_to_sync(talk)()


def test_pages_of_one_ticket_are_told_of_each_other_and_a_stranger_is_not(agent, lead, outsider):
    ticket = TicketFactory(customer=CustomerFactory(team=agent.team))
    watch = json.dumps({"watch": ticket.pk})
    first, second, stranger = said((agent, [watch]), (lead, [watch]), (outsider, [watch]))
    assert {"topic": f"viewers-{ticket.pk}"} in first
    assert {"topic": f"viewers-{ticket.pk}"} in second
    assert stranger == []
    assert viewers.present(ticket.pk) == {}


@pytest.mark.parametrize(
    "word", ["", "nonsense", "[]", '{"watch": "5"}', '{"watch": -1}', '{"watch": true}', "x" * 5000]
)
def test_what_a_page_should_not_say_is_dropped_and_the_connection_stays(agent, word):
    ticket = TicketFactory(customer=CustomerFactory(team=agent.team))
    watch = json.dumps({"watch": ticket.pk})
    assert said((agent, [word, watch])) == [[{"topic": f"viewers-{ticket.pk}"}]]
