"""`make screenshots`: the documentation's pictures, taken of a demo desk on throw-away services.

`python -m tests.screenshots --all DIR` takes every page in both languages, both themes and both sizes instead.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

from crm_project.launch.preparation import compile_translations
from crm_project.launch.servers import free_port
from crm_project.launch.verification import ensure_browser, ensure_chinese_font
from tests.services import Throwaway

ROOT = Path(__file__).resolve().parent.parent
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]  # fmt: skip
DESKTOP, PHONE = (1440, 900), (390, 844)
CUSTOMER = "[data-row] a[href^='/customers/']"
# page → (who looks, address, the link on that address to follow, what to go on to from there)
PAGES = {
    "login": (None, "/sign-in/", ""),
    "workbench": ("agent", "/", ""),
    "ticket": ("agent", "/", "[data-row] a[href*='/tickets/']"),
    "ticket_merge": ("agent", "/", "[data-row] a[href*='/tickets/']", "merge/"),
    "ticket_split": ("agent", "/", "[data-row] a[href*='/tickets/']", "split/"),
    "intake": ("agent", "/intake/", ""),
    "customers": ("agent", "/customers/", ""),
    "customer": ("agent", "/customers/", CUSTOMER),
    "customer_edit": ("agent", "/customers/", CUSTOMER, "edit/"),
    "customer_orders": ("agent", "/customers/", CUSTOMER, "orders/"),
    "order_form": ("agent", "/customers/", CUSTOMER, "orders/new/"),
    "privacy": ("specialist", "/customers/", CUSTOMER, "privacy/"),
    "merge_with": ("specialist", "/customers/", CUSTOMER, "merge/"),
    "steps": ("lead", "/steps/", ""),
    "escalations": ("lead", "/escalations/", ""),
    "breaches": ("lead", "/breaches/?period=all", ""),
    "orders": ("agent", "/orders/", ""),
    "order": ("agent", "/orders/", "main a[href^='/orders/']:not([href='/orders/'])"),
    "duplicates": ("lead", "/duplicates/", ""),
    "duplicate": ("lead", "/duplicates/", "main a[href^='/duplicates/']:not([href='/duplicates/'])"),
    "requests": ("lead", "/requests/", ""),
    "request": ("lead", "/requests/", "main a[href^='/requests/']:not([href='/requests/'])"),
    "access_log": ("supervisor", "/reveals/", ""),
    "imports": ("supervisor", "/imports/", ""),
    "callbacks": ("specialist", "/callbacks/", ""),
    "callback": ("specialist", "/callbacks/", "main a[href^='/callbacks/'][href$='/']:not([href='/callbacks/'])"),
    "feedback_list": ("agent", "/feedback/", ""),
    "feedback": ("agent", "/feedback/", "[data-row] a[href^='/feedback/']"),
    "visits": ("lead", "/visits/", ""),
    "complaints": ("lead", "/complaints/", ""),
    "complaint": ("lead", "/complaints/", "main a[href^='/complaints/']:not([href='/complaints/'])"),
    "floor": ("lead", "/floor/handover/", ""),
    "hand_over": ("lead", "/floor/handover/", "#past a[href^='/floor/handover/']"),
    "roster": ("lead", "/floor/roster/", ""),
    "absences": ("lead", "/floor/absences/", ""),
    "transfer": ("lead", "/floor/absences/", "main a[href^='/floor/transfers/']"),
    "announcements": ("lead", "/floor/announcements/", ""),
    "announcement": ("lead", "/floor/announcements/", "main a[href^='/floor/announcements/']"),
    "dashboard": ("supervisor", "/dashboard/", ""),
    "stages": ("supervisor", "/dashboard/stages/", ""),
    "tiers": ("supervisor", "/dashboard/tiers/", ""),
    "tier_value": ("supervisor", "/dashboard/tiers/", "main a[href^='/dashboard/tiers/platinum']"),
    "tier_rules": ("admin", "/admin/customers/scoringversion/", "#result_list tbody a"),
    "tier_admin": ("admin", "/admin/customers/tier/", "#result_list tbody a"),
    "notifications": ("lead", "/staff/notifications/", ""),
    "preferences": ("agent", "/staff/preferences/", ""),
    "my_notices": ("lead", "/me/notices/", ""),
    "webhooks": ("admin", "/admin/staff/webhook/add/", ""),
    "admin": ("admin", "/admin/", ""),
}
DOCUMENTED = [
    ("workbench", "en", "light", DESKTOP), ("workbench", "zh", "light", DESKTOP), ("workbench", "zh", "dark", DESKTOP),
    ("workbench", "zh", "light", PHONE), ("ticket", "en", "light", DESKTOP), ("intake", "zh", "light", DESKTOP),
    ("callbacks", "en", "light", DESKTOP), ("complaint", "zh", "light", DESKTOP), ("customer", "en", "light", DESKTOP),
    ("dashboard", "en", "light", DESKTOP), ("dashboard", "zh", "dark", DESKTOP),
]  # fmt: skip


class Desk:
    """A demo desk that answers on a port of its own, and ends with the `with` block."""

    def __enter__(self):
        self.services = Throwaway()
        self.env = {**os.environ, **self.services.start(), "DEMO": "1"}
        for command in (["migrate", "-v0"], ["collectstatic", "--noinput", "-v0"], ["demo"]):
            subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=self.env, check=True)
        self.address = f"http://127.0.0.1:{free_port()}"
        self.server = subprocess.Popen(
            [sys.executable, "-m", "crm_project.serve", "--port", self.address.rsplit(":", 1)[1], "--workers", "1"],
            cwd=ROOT, env=self.env,
        )
        self._wait()
        found = json.loads((Path(self.env["DATA_DIR"]) / "demo-credentials.json").read_text())
        self.sign_ins = found.get("users", found)
        return self

    def _wait(self) -> None:
        for _attempt in range(200):
            try:
                urllib.request.urlopen(f"{self.address}/sign-in/", timeout=5)
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        raise SystemExit("the desk did not answer")

    def __exit__(self, *error):
        self.server.terminate()
        self.server.wait(10)
        self.services.stop()


class Photographer:
    def __init__(self, browser, desk: Desk, folder: Path):
        self.browser, self.desk, self.folder = browser, desk, folder
        self.contexts: dict = {}
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, name: str, language: str, theme: str, size: tuple[int, int]) -> None:
        who, address, link, *further = PAGES[name]
        page = self._context(who, language, theme, size).new_page()
        page.goto(self.desk.address + address)
        if link:
            found = page.locator(link).first
            if not found.count():
                print(f"  {name}: nothing to follow on {address}")
                page.close()
                return
            page.goto("".join([self.desk.address, found.get_attribute("href"), *further]))
        page.wait_for_load_state("networkidle")
        parts = [name, language, *(["dark"] if theme == "dark" else []), *(["390"] if size == PHONE else [])]
        page.screenshot(path=self.folder / f"{'.'.join(parts)}.png")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        print(f"  {'.'.join(parts)}{f' scrolls sideways by {wide} px' if wide > 0 else ''}", flush=True)
        page.close()

    def _context(self, who, language, theme, size):
        key = (who, language, theme, size)
        if key not in self.contexts:
            context = self.browser.new_context(
                locale={"en": "en-US", "zh": "zh-CN"}[language], color_scheme=theme, timezone_id="Asia/Shanghai",
                viewport={"width": size[0], "height": size[1]},
            )
            context.add_cookies([
                {"name": "theme", "value": theme, "url": self.desk.address},
                {"name": "django_language", "value": {"en": "en", "zh": "zh-hans"}[language], "url": self.desk.address},
            ])  # fmt: skip
            if who:
                self._sign_in(context, who)
            self.contexts[key] = context
        return self.contexts[key]

    def _sign_in(self, context, who) -> None:
        page = context.new_page()
        page.goto(f"{self.desk.address}/sign-in/")
        page.locator("input[name=username]").fill(self.desk.sign_ins[who]["username"])
        page.locator("input[name=password]").fill(self.desk.sign_ins[who]["password"])
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "sign-in" not in url)
        page.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", metavar="DIR", help="every page, language, theme and size, into this folder")
    parser.add_argument("--only", nargs="*", default=list(PAGES), help="names of pages")
    options = parser.parse_args()
    compile_translations()
    ensure_chinese_font()
    shots = DOCUMENTED
    if options.all:
        shots = [
            (name, language, theme, size)
            for name in PAGES for language in ("zh", "en") for theme in ("light", "dark") for size in (DESKTOP, PHONE)
        ]  # fmt: skip
    with Desk() as desk, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=ensure_browser(), args=SWITCHES)
        photographer = Photographer(browser, desk, Path(options.all or ROOT / "docs" / "screenshots"))
        for shot in shots:
            if shot[0] in options.only:
                photographer.take(*shot)
        browser.close()


if __name__ == "__main__":
    main()
