"""The tasks of the beat: each fetches and calls its service, and every name in the schedule exists."""

from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.utils import timezone

from desk import tasks
from messaging import inbound
from messaging.models import Message
from tests.desk.test_mail_intake import raw_mail


def test_every_scheduled_task_is_known_to_the_worker():
    current_app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(current_app.tasks)


@pytest.mark.parametrize(
    "task", [tasks.route_mail, tasks.open_sheets, tasks.plan_callbacks, tasks.queue_birthday_care, tasks.credit_points]
)
def test_a_task_with_nothing_to_do_does_nothing(team, task):
    assert task() is None


def test_the_mail_task_empties_what_was_left(team):
    for number in range(3):
        inbound.store(raw_mail(Message_ID=f"<{number}@mail.example>"), now=timezone.now() - timedelta(minutes=1))
    tasks.route_mail()
    assert not Message.objects.unrouted().exists()
