"""What is published after commit reaches the pages that listen through the channel layer."""

import asyncio
import threading

import pytest
from channels.layers import get_channel_layer
from django.db import transaction

from core import live


def heard(group, publish):
    """What a page in `group` hears while `publish` runs in another thread, as a request does."""

    async def listen():
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
        worker = threading.Thread(target=publish)
        worker.start()
        try:
            return await asyncio.wait_for(layer.receive(channel), 10)
        finally:
            worker.join()

    return asyncio.run(listen())


@pytest.mark.django_db(transaction=True)
def test_a_page_of_the_team_hears_what_changed():
    assert heard("team.7", lambda: live.publish("ticket", team_id=7, ticket=5)) == {
        "type": "changed", "topic": "ticket", "ticket": 5,
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_nothing_is_told_of_a_write_that_was_rolled_back(monkeypatch):
    told = []
    monkeypatch.setattr("core.live._send", lambda *args: told.append(args))
    with transaction.atomic():
        live.publish("ticket", team_id=7)
        transaction.set_rollback(True)
    assert told == []
    live.publish("bell", user_id=3)
    assert told == [("user.3", {"type": "changed", "topic": "bell"})]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_never_undoes_the_write(settings, caplog):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    live.publish("ticket", team_id=7)
    assert "live message not sent" in caplog.text
