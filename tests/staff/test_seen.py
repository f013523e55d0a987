"""A closed browser ends presence, so that no rule gives a ticket to somebody who has gone home."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.db import connections
from django.utils import timezone

from desk.live import LiveConsumer
from staff import seen
from staff.models import Presence, User
from tests.factories import CustomerFactory, TicketFactory, UserFactory
from tickets.routing_models import RoutingRule


@pytest.mark.django_db
def test_whose_pages_have_long_been_closed_goes_offline_once_and_gets_no_more_tickets(team):
    now = timezone.now()
    gone, here = (UserFactory(team=team, presence=Presence.READY) for _person in range(2))
    by_phone = UserFactory(team=team, presence=Presence.READY, capacity=0)  # never had a page open
    seen.note(gone.pk, now=now - timedelta(hours=1))
    seen.note(gone.pk, now=now - timedelta(minutes=11))
    seen.note(here.pk, now=now - timedelta(minutes=2))
    RoutingRule.objects.create(position=1, name="全部")
    assert (seen.fade(now=now), seen.fade(now=now)) == (1, 0)
    held = dict(User.objects.filter(team=team).values_list("pk", "presence"))
    assert (held[gone.pk], held[here.pk], held[by_phone.pk]) == ("offline", "ready", "ready")
    assert User.objects.get(pk=gone.pk).presence_since == now
    assert [TicketFactory(customer=CustomerFactory(team=team)).owner for _two in range(2)] == [here, here]


@pytest.mark.django_db(transaction=True)
def test_an_open_page_says_that_its_reader_is_here(agent):
    async def open_and_close():
        scope = {"type": "websocket", "path": "/ws/live/", "user": agent}
        page = ApplicationCommunicator(LiveConsumer.as_asgi(), scope)
        await page.send_input({"type": "websocket.connect"})
        assert (await page.receive_output(10))["type"] == "websocket.accept"
        for _try in range(100):
            if await database_sync_to_async(User.objects.filter(seen__user=agent).exists)():
                break
        await page.send_input({"type": "websocket.disconnect", "code": 1000})
        await page.wait(10)

    def in_a_thread():
        try:
            async_to_sync(open_and_close)()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as apart:  # a browser test may have left an event loop in this thread
        apart.submit(in_a_thread).result()
    assert timezone.now() - User.objects.get(pk=agent.pk).seen.at < timedelta(minutes=1)
