"""The heartbeat: proof for `/healthz` that beat ticks and that a worker really runs tasks."""

import logging
from typing import Any

import redis
from celery import shared_task
from celery.signals import before_task_publish

from core import health

logger = logging.getLogger(__name__)
HEARTBEAT = "core.tasks.heartbeat"


@shared_task(name=HEARTBEAT)
def heartbeat() -> None:
    """Run by a worker: note that it did."""
    health.mark("worker")


@before_task_publish.connect(sender=HEARTBEAT)
def note_tick(**kwargs: Any) -> None:
    """Run where the heartbeat is sent, which only beat does: note that it ticked."""
    try:
        health.mark("beat")
    except redis.RedisError:
        # Beat goes on trying; /healthz shows the silence.
        logger.warning("Beat cannot reach the broker")
