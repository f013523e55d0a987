"""A real server on a real port, and Debian's Chromium driven by Playwright."""

import os
import shutil
import threading
import time
from pathlib import Path

import pytest
import uvicorn
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import TransactionTestCase
from playwright.sync_api import expect, sync_playwright

# Playwright keeps an event loop in the test's thread; the ORM is used there by the tests alone.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TRIES = 5
# Rows of migrations and of the frame, which no test changes; writing them anew would double the time of the suite.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}
# Live connections of a page stand in window.sockets, where a test can cut them;
# <html data-live-connection="open"> tells that one of them carries.
WATCH_SOCKETS = """
  window.sockets = [];
  window.WebSocket = class extends window.WebSocket {
    constructor(...args) {
      super(...args);
      window.sockets.push(this);
      const tell = () => {
        const open = window.sockets.some((socket) => socket.readyState === 1);
        document.documentElement.dataset.liveConnection = open ? "open" : "lost";
      };
      this.addEventListener("open", tell);
      this.addEventListener("close", tell);
    }
  };
"""
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def address():
    """Where the product answers; one server for the worker's whole run."""
    from crm_project.asgi import application

    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def browser():
    program = os.environ.get("BROWSER_PATH") or next((path for name in BROWSERS if (path := shutil.which(name))), None)
    assert program, "no Chromium found: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def flushing(monkeypatch):
    monkeypatch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: empty_tables())


def empty_tables() -> None:
    """What Django's flush does; small tables are deleted from in a tenth of the time that truncating them takes."""
    names = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    deletes = [f"DELETE FROM {connection.ops.quote_name(name)};" for name in sorted(names)]
    # A page that was closed may still be sending its draft: whoever of the two is refused, the tables end empty.
    for attempt in range(TRIES):
        try:
            # Foreign keys are looked at when the transaction ends, so the order does not matter.
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("\n".join(deletes))
            return
        except (OperationalError, IntegrityError):
            if attempt == TRIES - 1:
                raise


@pytest.fixture
def desk(flushing, transactional_db):
    """Rows that the server can see: committed, and gone after the test."""


class Tab:
    """One person at one browser: `tab.open("/")`, then Playwright's own words through `tab.page`."""

    def __init__(self, context, address):
        self.context, self.address = context, address
        context.set_default_timeout(15_000)
        context.add_init_script(WATCH_SOCKETS)
        self.page = context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda line: line.type == "error" and self.problems.append(line.text))

    def open(self, path: str):
        self.page.goto(self.address + path)
        return self.page

    def open_live(self, path: str):
        """Opens a page and waits until it hears of changes."""
        page = self.open(path)
        self.connected()
        return page

    def connected(self) -> None:
        expect(self.page.locator("html")).to_have_attribute("data-live-connection", "open")

    def cut(self) -> None:
        """Ends the live connection as a fallen network would."""
        self.page.evaluate("window.sockets.forEach((socket) => socket.close())")

    def accessible(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 A and AA on the page as it stands."""
        self.page.evaluate(AXE)
        found = self.page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
        )
        return [
            f"{rule['id']}: {node['target'][0]} {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]


@pytest.fixture
def browse(desk, browser, address):
    """browse(user, language=…, theme=…, size=…) → a Tab in which that user is signed in."""
    with Visits(browser, address) as visits:
        yield visits.enter


class Visits:
    """Browser contexts that are closed in the end, each the machine of one person."""

    def __init__(self, browser, address):
        self.browser, self.address, self.contexts = browser, address, []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for context in self.contexts:
            context.close()

    def enter(self, user=None, *, language="en", theme="light", size=(1440, 900)) -> Tab:
        context = self.browser.new_context(
            locale={"en": "en-US", "zh-hans": "zh-CN"}[language], color_scheme=theme, timezone_id="Asia/Shanghai",
            viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce",
        )
        self.contexts.append(context)
        if user is not None:
            name, key = settings.SESSION_COOKIE_NAME, session_of(user)
            context.add_cookies([{"name": name, "value": key, "url": self.address}])
        return Tab(context, self.address)


def session_of(user) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.create()
    return session.session_key
