"""The whole of `make run`, from an empty folder to an address that answers, and down again."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from crm_project.launch.places import ROOT
from crm_project.launch.servers import free_port
from tests.launch.folders import reachable
from tests.services import MARK


@pytest.fixture
def desk(tmp_path):
    port = free_port()
    hidden = {MARK, "DATABASE_URL", "REDIS_URL", "REDIS_PREFIX", "SECRET_KEY", "FIELD_KEY", "ALLOWED_HOSTS", "EMBEDDED"}
    environment = {name: text for name, text in os.environ.items() if name not in hidden}
    environment |= {
        "DATA_DIR": str(reachable(tmp_path) / "data"),
        "DJANGO_SETTINGS_MODULE": "crm_project.settings",
        "PORT": str(port),
        "DEMO": "0",
        "WEB_WORKERS": "1",
        "TASK_WORKERS": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "crm_project.launch", "run"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    process.port, process.home = port, tmp_path / "data"
    yield process
    process.kill()
    process.stdout.close()
    process.wait()


def left_running(home):
    """Processes that still carry the folder in their environment or on their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if str(home).encode() in words and int(folder.name) != os.getpid():
            found.append(words)
    return found


def test_the_desk_opens_answers_and_closes_without_leaving_anything(desk):
    lines = []
    for line in desk.stdout:
        lines.append(line)
        if "Ctrl-C stops it" in line:
            break
    assert any(f"ready:  http://localhost:{desk.port}" in line for line in lines), "".join(lines)
    with urllib.request.urlopen(f"http://127.0.0.1:{desk.port}/healthz", timeout=10) as answer:
        assert set(json.load(answer).values()) == {True, "ok"}
    desk.send_signal(signal.SIGINT)
    lines += desk.stdout.readlines()
    assert desk.wait(60) == 0
    assert lines[-1].startswith("desk   | Stopped after")
    secrets = json.loads((desk.home / "secrets.json").read_text()).values()
    assert not [secret for secret in secrets if secret in "".join(lines)]
    assert left_running(desk.home) == []
