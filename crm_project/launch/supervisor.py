"""`make run`: everything from the first check to the address, then watch over it until told to stop."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from . import environment, preflight, services
from .children import Child, Family, end_leftovers, print_line
from .errors import LaunchError
from .places import ROOT, data_path, prepare_data_dir, write_private

START_SECONDS = 120.0
SERVICES_PULSE = 3.0


class Supervisor:
    """One run of the desk."""

    def __init__(self) -> None:
        self.home = prepare_data_dir()
        self.lock = preflight.only_run(self.home)
        self.stops = 0
        self.looked = 0.0
        self.embedded = environment.embedded()
        self.family: Family | None = None

    def run(self) -> None:
        """Start all, report the address, tend until SIGINT or SIGTERM. Raises LaunchError."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note_stop)
        try:
            family = self._start()
            if family:
                self._tend(family)
        finally:
            self._stop()

    def _start(self) -> Family | None:
        """All in order; None when told to stop on the way."""
        leftovers = self.home / "run" / "children"
        end_leftovers(leftovers)
        host, port = preflight.address()
        os.environ["PORT"] = str(port)
        preflight.disk(self.home)
        if "postgres" not in self.embedded:
            preflight.database_url(os.environ["DATABASE_URL"])
        if "valkey" not in self.embedded:
            preflight.redis_url(os.environ["REDIS_URL"])
        if self.embedded:
            print_line("desk", f"Starting embedded {' and '.join(self.embedded)}")
        environment.fill(start=True)
        self._prepare()
        if self.stops:
            return None
        self.address = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0', '::') else host}:{port}"  # noqa: S104
        note = {"address": self.address, "process": os.getpid()}
        write_private(self.home / "run" / "desk.json", json.dumps(note))
        family = self.family = Family(children(host, port, self.home), leftovers)
        print_line("desk", "Starting web, worker and beat")
        family.start()
        self._await_health(family, host, port)
        return family

    def _prepare(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "crm_project.launch.preparation"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None  # noqa: S101
        last = ""
        for line in process.stdout:
            if line.strip():
                last = line.rstrip()
                if not last.startswith("error: "):
                    print_line("setup", last)
        if process.wait() and not self.stops:
            raise LaunchError(last.removeprefix("error: ") or "The preparation failed without a word.")

    def _await_health(self, family: Family, host: str, port: int) -> None:
        begun = told = time.monotonic()
        while not self.stops:
            self._pulse(family, starting=True)
            report = healthy(host, port)
            if report.get("ok"):
                return self._greet()
            if time.monotonic() - told > START_SECONDS / 6:
                told = time.monotonic()
                ailing = [f"{part}: {word}" for part, word in report.items() if word not in ("ok", False)]
                print_line(
                    "desk", f"Not ready after {told - begun:.0f} s; {'; '.join(ailing) or 'web does not answer'}"
                )
            time.sleep(0.25)

    def _greet(self) -> None:
        print_line("desk", "")
        print_line("desk", f"Service Desk is ready:  {self.address}")
        sign_ins = data_path() / "demo-credentials.json"
        if os.environ.get("DEMO") == "1" and sign_ins.exists():
            shown = sign_ins.relative_to(ROOT) if sign_ins.is_relative_to(ROOT) else sign_ins
            print_line("desk", f"Names and passwords:    {shown}")
        else:
            print_line("desk", "First administrator:    .venv/bin/python manage.py createsuperuser")
        print_line("desk", "Ctrl-C stops it.")

    def _tend(self, family: Family) -> None:
        while not self.stops:
            self._pulse(family, starting=False)
            time.sleep(0.25)

    def _pulse(self, family: Family, *, starting: bool) -> None:
        """Restart what has ended; now and then look at the disk and at the services."""
        family.tend(starting=starting)
        if time.monotonic() - self.looked < SERVICES_PULSE:
            return
        self.looked = time.monotonic()
        preflight.disk_left(self.home)
        if not all(services.kept(name) for name in self.embedded):
            print_line("desk", "An embedded service was killed; starting it again")
            services.up(self.embedded)

    def _stop(self) -> None:
        if self.stops:
            print_line("desk", "Stopping")
        begun, before = time.monotonic(), self.stops
        if self.family:
            self.family.stop(hurry=lambda: self.stops > max(before, 1))
        services.release()
        if self.stops:
            print_line("desk", f"Stopped after {time.monotonic() - begun:.1f} s; the data is kept in {data_path()}")

    def _note_stop(self, number: int, frame: FrameType | None) -> None:
        self.stops += 1


def children(host: str, port: int, home: Path) -> list[Child]:
    """Web, worker and beat, in the order in which they start."""
    python, celery = sys.executable, [sys.executable, "-m", "celery", "--quiet", "-A", "crm_project"]
    web = [python, "-m", "crm_project.serve", "--host", host, "--port", str(port)]
    worker = ["worker", "--concurrency", os.environ.get("TASK_WORKERS") or "2", "--without-gossip", "--without-mingle"]
    beat = ["beat", "--schedule", str(home / "run" / "beat-schedule")]
    return [
        Child("web", web),
        Child("worker", [*celery, *worker, "--loglevel", "WARNING"]),
        Child("beat", [*celery, *beat, "--loglevel", "WARNING"]),
    ]


def healthy(host: str, port: int) -> dict[str, object]:
    """The answer of /healthz; empty while nothing answers."""
    allowed = (os.environ.get("ALLOWED_HOSTS") or "localhost").split(",")[0].strip().lstrip("*.") or "localhost"
    link = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=3)  # noqa: S104
    try:
        link.request("GET", "/healthz", headers={"Host": allowed})
        answer = json.loads(link.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        link.close()
    return answer if isinstance(answer, dict) else {}
