"""Tells open pages that something changed, after commit; pages then ask for what they may see."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

import redis
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)
_muted = ContextVar("muted", default=False)


def publish(topic: str, *, team_id: int | None = None, user_id: int | None = None, **payload) -> None:
    """Sends `{"topic": topic, **payload}` to one user's or one team's open pages once the transaction commits.

    Carries ids only, never personal data. A lost message costs a page one refresh interval, nothing else.
    """
    if _muted.get():
        return
    group = f"user.{user_id}" if user_id else f"team.{team_id}"
    transaction.on_commit(lambda: _send(group, {"type": "changed", "topic": topic, **payload}))


@contextmanager
def quiet() -> Iterator[None]:
    """Within it nothing is published: for bulk loads, whose thousands of messages no open page needs."""
    token = _muted.set(True)
    try:
        yield
    finally:
        _muted.reset(token)


def _send(group: str, message: dict) -> None:
    try:
        # What the layer's own group_send does, which outside an event loop would connect anew for every message.
        _client(settings.REDIS_URL).publish(
            f"{settings.REDIS_PREFIX}live__group__{group}", get_channel_layer().serialize(message)
        )
    except Exception as error:  # the write has been committed; a silent page must not undo it
        log.warning("live message not sent: %s", type(error).__name__)


def memory() -> redis.Redis:
    """The store of what lives only while pages are open; callers choose keys under REDIS_PREFIX, with an end."""
    return _client(settings.REDIS_URL)


@lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis:
    # Once more for a connection that was closed meanwhile, then without it: somebody waits for the page.
    return redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2, retry=Retry(NoBackoff(), 1))
