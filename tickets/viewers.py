"""Who has a ticket open and who is writing on it: told by their open pages, forgotten when those fall silent.

One Redis hash a ticket, a field for every open page: "user|seen until|writing until". Nothing touches the database.
"""

import logging
import time
from collections.abc import Callable
from typing import cast

import redis
from django.conf import settings

from core import live
from staff.models import User

log = logging.getLogger(__name__)
SEEN = 45.0  # seconds; a page says that it is still open every 20
WRITING = 8.0  # a page says so every 4 seconds of typing
TOLD = "told"

Clock = Callable[[], float]


def stay(ticket_id: int, user_id: int, page: str, *, writing: bool = False, clock: Clock = time.time) -> bool:
    """This page of `user_id` is open, and `writing` or not. True where the others see it otherwise than they did."""
    now = clock()
    return _settle(ticket_id, page, f"{user_id}|{now + SEEN}|{now + WRITING if writing else 0}", now)


def leave(ticket_id: int, page: str, *, clock: Clock = time.time) -> bool:
    """This page is closed or hidden; True where the others see it otherwise than they did."""
    return _settle(ticket_id, page, None, clock())


def present(ticket_id: int, *, clock: Clock = time.time) -> dict[int, bool]:
    """{user id: writes just now}; empty while Redis does not answer, since nobody works worse without it."""
    try:
        kept = cast(dict[bytes, bytes], live.memory().hgetall(_key(ticket_id)))
        return _present(kept, clock())
    except redis.RedisError as error:
        log.warning("viewers not read: %s", type(error).__name__)
        return {}


def others(ticket_id: int, user: User, *, clock: Clock = time.time) -> list[tuple[User, bool]]:
    """The colleagues who have the ticket open beside `user`, writers first, with whether they write."""
    found = present(ticket_id, clock=clock)
    found.pop(user.pk, None)
    people = User.objects.filter(pk__in=found, is_active=True).only("display_name", "username") if found else []
    return sorted(((person, found[person.pk]) for person in people), key=lambda pair: (not pair[1], pair[0].pk))


def _key(ticket_id: int) -> str:
    return f"{settings.REDIS_PREFIX}viewers:{ticket_id}"


def _settle(ticket_id: int, page: str, value: str | None, now: float) -> bool:
    """Writes one page's line, drops what has gone stale, and says whether what was last told still holds."""
    key, memory = _key(ticket_id), live.memory()
    try:
        with memory.pipeline() as line:
            if value:
                line.hset(key, page, value)
            else:
                line.hdel(key, page)
            line.expire(key, int(SEEN) + 15)
            line.hgetall(key)
            kept = line.execute()[-1]
        gone = [name for name, one in kept.items() if name != TOLD.encode() and _parts(one)[1] <= now]
        told = ",".join(f"{person}:{int(writes)}" for person, writes in sorted(_present(kept, now).items()))
        if gone:
            memory.hdel(key, *gone)
        if kept.get(TOLD.encode(), b"").decode() == told:
            return False
        memory.hset(key, TOLD, told)
        memory.expire(key, int(SEEN) + 15)
        return True
    except redis.RedisError as error:
        log.warning("viewers not written: %s", type(error).__name__)
        return False


def _parts(line: bytes) -> tuple[int, float, float]:
    person, seen, writing = line.decode().split("|")
    return int(person), float(seen), float(writing)


def _present(kept: dict[bytes, bytes], now: float) -> dict[int, bool]:
    found: dict[int, bool] = {}
    for page, line in kept.items():
        if page == TOLD.encode():
            continue
        person, seen, writing = _parts(line)
        if seen > now:
            found[person] = found.get(person, False) or writing > now
    return found
