"""A real server on a real port, and Debian's Chromium driven by Playwright."""

import os
import threading
import time
from pathlib import Path

import pytest
import uvicorn
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.db import connections
from playwright.sync_api import expect, sync_playwright

from crm_project.launch.verification import SHELL, find_browser

# Playwright keeps an event loop in the test's thread; the ORM is used there by the tests alone.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]
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
# What htmx logs of a request that the page gave up for a newer one; of one that failed it says more.
GIVEN_UP = ("htmx:afterRequest", "htmx:sendAbort")
PATIENCE = 30  # seconds, on a machine that has much else to do
expect.set_options(timeout=15_000)


class Site:
    """The product behind a real port, one server for the worker's whole run."""

    def __init__(self):
        from crm_project.asgi import application

        config = uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error", lifespan="off")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def start(self) -> None:
        self.thread.start()
        self._await(lambda: self.server.started, "the server did not start")
        self.address = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    def rest(self) -> None:
        """Return when all that was asked is answered: a page that was closed may still have been sending its draft."""
        state = self.server.server_state
        self._await(lambda: not state.tasks and not state.connections, "the server still works for a closed page")

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)

    def _await(self, true, otherwise) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            assert self.thread.is_alive() and time.monotonic() < end, otherwise
            time.sleep(0.005)


@pytest.fixture(scope="session")
def site(django_db_setup):
    site = Site()
    site.start()
    yield site
    site.stop()


@pytest.fixture(scope="session")
def browser(django_db_setup):
    program = os.environ.get("BROWSER_PATH") or find_browser()
    assert program, f"no Chromium found: apt-get install {SHELL}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=SWITCHES)
        yield browser
        browser.close()
        # Beside the browser's event loop this thread has connections of its own, which nobody finds after it.
        connections.close_all()


@pytest.fixture
def desk(transactional_db):
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
        self.page.on("console", lambda line: line.type == "error" and self._complain(line.text))

    def _complain(self, text: str) -> None:
        if not text.startswith(GIVEN_UP):
            self.problems.append(text)

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
def browse(desk, browser, site):
    """browse(user, language=…, theme=…, size=…) → a Tab in which that user is signed in."""
    with Visits(browser, site) as visits:
        yield visits.enter


class Visits:
    """Browser contexts that are closed in the end, each the machine of one person."""

    def __init__(self, browser, site):
        self.browser, self.site, self.address, self.contexts = browser, site, site.address, []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for context in self.contexts:
            context.close()
        self.site.rest()

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
