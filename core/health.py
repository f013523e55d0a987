"""What `GET /healthz` reports: each part of the desk, asked directly and quickly."""

import functools
import time
from collections.abc import Callable
from datetime import UTC, datetime

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.backoff import NoBackoff
from redis.retry import Retry

OK = "ok"
# Six heartbeats: one lost message is no outage.
FRESH_SECONDS = 30
SCHEMA_SECONDS = 30
_schema_seen_at: dict[str, float] = {}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when database, broker, worker, beat and schema are all well, else 503 with a word on each."""
    parts = report()
    well = all(word == OK for word in parts.values())
    answer = JsonResponse({"ok": well, **parts}, status=200 if well else 503)
    answer._has_been_logged = True  # type: ignore[attr-defined]  # an outage is asked about every few seconds
    return answer


def report() -> dict[str, str]:
    """Part → `ok`, or what is wrong with it; never raises, takes at most a second."""
    return {
        "database": _asked(_database),
        "broker": _asked(_broker),
        "worker": _asked(functools.partial(_seen, "worker", "no task has run")),
        "beat": _asked(functools.partial(_seen, "beat", "beat has not ticked")),
        "schema": _asked(_schema),
    }


def mark(part: str) -> None:
    """Note that `part` is alive now; the note fades by itself. Raises redis.RedisError."""
    broker().set(_key(part), datetime.now(UTC).isoformat(timespec="seconds"), ex=FRESH_SECONDS)


def forget() -> None:
    """Drop the notes, so that only what runs from now on counts."""
    broker().delete(_key("worker"), _key("beat"))


@functools.cache
def broker() -> redis.Redis:
    """A client of its own that gives up at once: a probe must answer while the broker does not."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=0.3, socket_timeout=0.3, retry=Retry(NoBackoff(), 0)
    )


def _asked(question: Callable[[], str]) -> str:
    try:
        return question()
    except (DatabaseError, InterfaceError, redis.RedisError, OSError) as error:
        # The class alone: messages may hold addresses and passwords.
        return f"no answer ({type(error).__name__})"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


def _broker() -> str:
    broker().ping()
    return OK


def _seen(part: str, otherwise: str) -> str:
    return OK if broker().exists(_key(part)) else f"{otherwise} in the last {FRESH_SECONDS} s"


def _schema() -> str:
    """Reading all migrations takes a moment, so a good answer is kept for a while."""
    if time.monotonic() - _schema_seen_at.get(connection.alias, -SCHEMA_SECONDS) < SCHEMA_SECONDS:
        return OK
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        return f"{len(waiting)} migrations have not run"
    _schema_seen_at[connection.alias] = time.monotonic()
    return OK


def _key(part: str) -> str:
    return f"{settings.REDIS_PREFIX}health:{part}"
