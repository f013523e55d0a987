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
from playwright.sync_api import expect, sync_playwright

# Playwright keeps an event loop in the test's thread; the ORM is used there by the tests alone.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
expect.set_options(timeout=10_000)


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
def desk(transactional_db):
    """Rows that the server can see: committed, and gone after the test."""


class Tab:
    """One person at one browser: `tab.open("/")`, then Playwright's own words through `tab.page`."""

    def __init__(self, context, address):
        self.context, self.address = context, address
        self.page = context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda line: line.type == "error" and self.problems.append(line.text))

    def open(self, path: str):
        self.page.goto(self.address + path)
        return self.page

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
    contexts = []

    def enter(user=None, *, language="en", theme="light", size=(1440, 900)) -> Tab:
        context = browser.new_context(
            locale={"en": "en-US", "zh-hans": "zh-CN"}[language], color_scheme=theme, timezone_id="Asia/Shanghai",
            viewport={"width": size[0], "height": size[1]},
        )
        contexts.append(context)
        if user is not None:
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session_of(user), "url": address}])
        return Tab(context, address)

    yield enter
    for context in contexts:
        context.close()


def session_of(user) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.create()
    return session.session_key
