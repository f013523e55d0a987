"""The health report: honest about each part, quick, and silent about addresses."""

import time

import pytest
import redis
from django.db import DatabaseError
from django.test import Client

from core import health, tasks


@pytest.fixture(autouse=True)
def fresh_notes():
    health._schema_seen_at.clear()
    health.forget()
    yield
    health.forget()


@pytest.fixture
def dead_broker(monkeypatch):
    nowhere = redis.Redis.from_url(
        "redis://:topsecret@127.0.0.1:1/0", socket_connect_timeout=0.3, socket_timeout=0.3, retry=None
    )
    with monkeypatch.context() as patch:
        patch.setattr(health, "broker", lambda: nowhere)
        yield


@pytest.mark.django_db
def test_all_is_well_when_a_worker_ran_the_heartbeat_that_beat_sent():
    tasks.note_tick()
    tasks.heartbeat()
    answer = Client().get("/healthz")
    assert answer.status_code == 200
    expected = {"ok": True, **dict.fromkeys(["database", "broker", "worker", "beat", "schema"], "ok")}
    assert answer.json() == expected


@pytest.mark.django_db
def test_a_silent_worker_is_named_although_beat_ticks():
    tasks.note_tick()
    answer = Client().get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["beat"] == "ok"
    assert answer.json()["worker"] == "no task has run in the last 30 s"


@pytest.mark.django_db
def test_a_silent_beat_is_named_although_the_worker_runs():
    tasks.heartbeat()
    assert health.report()["beat"] == "beat has not ticked in the last 30 s"
    assert health.report()["worker"] == "ok"


@pytest.mark.django_db
def test_a_note_of_life_fades_by_itself():
    tasks.heartbeat()
    assert 0 < health.broker().ttl(health._key("worker")) <= health.FRESH_SECONDS


@pytest.mark.django_db
def test_a_dead_broker_is_reported_within_a_second_and_without_its_password(dead_broker):
    begun = time.monotonic()
    answer = Client().get("/healthz")
    assert time.monotonic() - begun < 10
    assert answer.status_code == 503
    assert answer.json()["broker"].startswith("no answer")
    assert answer.json()["database"] == "ok"
    assert "topsecret" not in answer.content.decode()


@pytest.mark.django_db
def test_a_dead_database_is_reported_and_raises_nothing(monkeypatch):
    def refuse(*args, **kwargs):
        raise DatabaseError("password=topsecret host=10.0.0.1")

    monkeypatch.setattr(health.connection, "cursor", refuse)
    monkeypatch.setattr(health, "MigrationExecutor", refuse)
    answer = Client().get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "no answer (DatabaseError)"
    assert answer.json()["schema"] == "no answer (DatabaseError)"
    assert "topsecret" not in answer.content.decode()


@pytest.mark.django_db
def test_a_migration_that_has_not_run_is_counted(monkeypatch):
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: ["one", "two"])
    assert health.report()["schema"] == "2 migrations have not run"


@pytest.mark.django_db
def test_beat_survives_a_dead_broker(dead_broker, caplog):
    tasks.note_tick()
    assert "Beat cannot reach the broker" in caplog.text


def test_the_report_only_answers_safe_methods():
    assert Client().post("/healthz").status_code == 405
