"""No page, list, answer of the API, export or administration screen shows a number or an address."""

import io
import re
from html import unescape
from zipfile import ZipFile

import pytest
from django.urls import reverse

from core.management.commands.defaults import fill_all
from customers.transfer import out
from staff.models import ApiToken
from tests import leaks
from tests.leaks import leaked

LINK = re.compile(r'(?:href|hx-get|action)="(/[^"#]*|\?[^"#]*)"')
# A file that a customer sent is handed out as it is: it is a download, no page of ours.
SKIPPED = re.compile(r"/static/|/sign-out|/i18n|/admin/logout|/admin/jsi18n|/tickets/\d+/attachments/")
MOST = 400


@pytest.fixture
def filled(db, team, agent, specialist, lead, supervisor):
    return leaks.fill(team=team, agent=agent, specialist=specialist, lead=lead, supervisor=supervisor)


@pytest.fixture
def ground(db):
    fill_all()


def walk(client, *starts) -> dict[str, set[str]]:
    """Every page that links lead to, each kind of address three times; {address: what it leaks}."""
    waiting, seen, leaks_at, per_kind = list(starts), set(), {}, {}
    while waiting and len(seen) < MOST:
        path = waiting.pop(0)
        kind = re.sub(r"\d+", "0", path.partition("?")[0])
        if path in seen or SKIPPED.match(path) or per_kind.get(kind, 0) >= 3:
            continue
        seen.add(path)
        per_kind[kind] = per_kind.get(kind, 0) + 1
        answer = client.get(path)
        assert answer.status_code < 500, path
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if found := leaked(content):
            leaks_at[path] = found
        if "html" in answer.get("Content-Type", ""):
            base = path.partition("?")[0]
            links = [unescape(link) for link in LINK.findall(content.decode())]
            waiting += [base + link if link.startswith("?") else link for link in links]
    assert len(seen) > 20
    return leaks_at


def test_the_pages_of_an_agent_show_none(filled, signed_in, agent):
    assert walk(signed_in(agent), "/", reverse("desk:ticket", args=[filled.pk])) == {}


def test_the_pages_of_a_supervisor_show_none(filled, signed_in, supervisor):
    assert walk(signed_in(supervisor), "/", reverse("desk:reveals"), reverse("metrics:dashboard")) == {}


def test_the_pages_of_an_administrator_and_the_administration_show_none(filled, signed_in, admin):
    assert walk(signed_in(admin), reverse("admin:index"), "/") == {}


@pytest.mark.parametrize("path", ["/api/v1/tickets/", "/api/v1/orders/"])
def test_the_api_shows_none(filled, client, agent, path):
    headers = {"Authorization": f"Bearer {ApiToken.issue(agent)}"}
    answer = client.get(path, headers=headers)
    assert answer.status_code in (200, 405) and leaked(answer.content) == set()
    one = client.get(f"/api/v1/tickets/{filled.pk}/", headers=headers)
    assert one.status_code == 200 and leaked(one.content) == set()


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_an_export_shows_none(filled, lead, format):
    rows = out.chosen(lead)
    export = out.note(rows=rows, by=lead, format=format, filters={})
    data = b"".join(out.written(export, rows, language="zh-hans"))
    if format == "xlsx":
        with ZipFile(io.BytesIO(data)) as book:
            data = b"".join(book.read(name) for name in book.namelist())
    assert rows.count() > 1 and b"****" in data and leaked(data) == set()
