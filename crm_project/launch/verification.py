"""`make test`: every check in turn on throw-away services, a summary at the end."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .errors import LaunchError
from .places import ROOT
from .preparation import compile_translations

# The shell first: the same engine without the windows of a desktop, which take a fifth of the browser tests' time.
SHELL = "chromium-headless-shell"
BROWSERS = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHINESE_FONT = "fonts-noto-cjk"
PACKAGES = {"browser": SHELL, "font": CHINESE_FONT}


@dataclass(frozen=True)
class Step:
    """One check: what it is called and the command that makes it."""

    name: str
    command: list[str]


def steps(arguments: list[str]) -> list[Step]:
    """All checks in the order of their price."""
    tools, python = ROOT / ".venv" / "bin", sys.executable
    manage = [python, "manage.py"]
    return [
        Step("ruff", [str(tools / "ruff"), "check", "."]),
        Step("djlint", [str(tools / "djlint"), "templates", "--lint", "--quiet"]),
        Step("imports point down", [str(tools / "lint-imports")]),
        Step("types", [python, "-m", "mypy"]),
        Step("migrations complete", [*manage, "makemigrations", "--check", "--dry-run"]),
        Step("translations complete", [*manage, "messages", "--check"]),
        # Three on two cores: a worker waits for its browser and its database a third of the time.
        Step("tests", [python, "-m", "pytest", "-n", "3", *arguments]),
    ]


def verify(arguments: list[str]) -> int:
    """Run all steps, even after a failure; return 0 when all went well. Raises LaunchError."""
    # Named here, since importing crm_project has named the product's own.
    environment = {**os.environ, "BROWSER_PATH": ensure_browser(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    ensure_chinese_font()
    compile_translations()
    from tests.services import Throwaway, prepare_template

    services = Throwaway()
    try:
        print("Starting throw-away PostgreSQL and Valkey", flush=True)
        environment |= services.start()
        prepare_template(environment)
        results = [(step.name, *_timed(step, environment)) for step in steps(arguments)]
    finally:
        services.stop()
    print("\n" + "=" * 60)
    for name, code, seconds in results:
        print(f"{'ok    ' if code == 0 else 'FAILED'}  {name:<24} {seconds:7.1f} s")
    failed = [name for name, code, _ in results if code]
    print(f"Failed: {', '.join(failed)}" if failed else "All checks passed.", flush=True)
    return 1 if failed else 0


def _timed(step: Step, environment: dict[str, str]) -> tuple[int, float]:
    print(f"\n--- {step.name} " + "-" * (55 - len(step.name)), flush=True)
    begun = time.monotonic()
    code = subprocess.run(step.command, cwd=ROOT, env=environment, check=False).returncode
    return code, time.monotonic() - begun


def ensure_browser() -> str:
    """Path of a Chromium, installed when root; browser tests are never skipped. Raises LaunchError."""
    named = os.environ.get("BROWSER_PATH")
    if named:
        if Path(named).exists():
            return named
        raise LaunchError(f"BROWSER_PATH names {named}, which does not exist.")
    if not find_browser():
        _install(PACKAGES["browser"], "No Chromium for the browser tests")
    found = find_browser()
    if not found:
        raise LaunchError("No Chromium for the browser tests, even after installing it: set BROWSER_PATH.")
    return found


def find_browser() -> str | None:
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def ensure_chinese_font() -> None:
    """Without one every Chinese glyph is a box. Installed when root; only pictures suffer otherwise."""
    if has_chinese_font():
        return
    try:
        _install(PACKAGES["font"], "No Chinese font for the browser")
    except LaunchError as error:
        print(f"note: {error}", flush=True)


def has_chinese_font() -> bool:
    program = shutil.which("fc-list")
    if program is None:
        return any(Path("/usr/share/fonts").rglob("*CJK*"))
    found = subprocess.run([program, ":lang=zh-cn"], capture_output=True, check=False)
    return bool(found.stdout.strip())


def _install(package: str, reason: str) -> None:
    line = f"apt-get install -y {package}"
    program = shutil.which("apt-get")
    if os.geteuid() != 0 or program is None:
        raise LaunchError(f"{reason}: install it with `sudo {line}`.")
    print(f"{reason}: installing {package}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", package]):
        done = subprocess.run([program, *command], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise LaunchError(f"{reason}, and `{line}` failed: {last}")
