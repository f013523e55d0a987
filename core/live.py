"""Tells open pages that something changed, after commit; pages then ask for what they may see."""

import logging

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

log = logging.getLogger(__name__)


def publish(topic: str, *, team_id: int | None = None, user_id: int | None = None, **payload) -> None:
    """Sends `{"topic": topic, **payload}` to one user's or one team's open pages once the transaction commits.

    Carries ids only, never personal data. A lost message costs a page one refresh interval, nothing else.
    """
    group = f"user.{user_id}" if user_id else f"team.{team_id}"
    transaction.on_commit(lambda: _send(group, {"type": "changed", "topic": topic, **payload}))


def _send(group: str, message: dict) -> None:
    try:
        async_to_sync(get_channel_layer().group_send)(group, message)
    except Exception as error:  # the write has been committed; a silent page must not undo it
        log.warning("live message not sent: %s", type(error).__name__)
