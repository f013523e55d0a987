"""`make test` checks everything and never leaves the browser out in silence."""

import pytest

from crm_project.launch import verification
from crm_project.launch.errors import LaunchError


def test_every_check_of_the_list_is_made():
    words = [" ".join(step.command) for step in verification.steps([])]
    for part in ("ruff", "djlint", "lint-imports", "mypy", "makemigrations --check", "messages --check", "pytest -n 3"):
        assert any(part in command for command in words), part


def test_a_missing_browser_is_an_error_with_the_line_to_type(monkeypatch):
    monkeypatch.delenv("BROWSER_PATH", raising=False)
    monkeypatch.setattr(verification, "find_browser", lambda: None)
    monkeypatch.setattr(verification.os, "geteuid", lambda: 1000)
    with pytest.raises(LaunchError, match="No Chromium .* `sudo apt-get install -y chromium-headless-shell`"):
        verification.ensure_browser()


def test_root_installs_a_missing_browser(monkeypatch):
    monkeypatch.delenv("BROWSER_PATH", raising=False)
    answers = iter([None, "/usr/bin/chromium-headless-shell"])
    asked = []
    monkeypatch.setattr(verification, "find_browser", lambda: next(answers))
    monkeypatch.setattr(verification, "_install", lambda package, reason: asked.append(package))
    assert verification.ensure_browser() == "/usr/bin/chromium-headless-shell"
    assert asked == ["chromium-headless-shell"]


def test_a_named_browser_must_exist(monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    with pytest.raises(LaunchError, match="does not exist"):
        verification.ensure_browser()
