"""The desk's own processes: started together, logged together, restarted alone, stopped in order."""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .errors import LaunchError
from .places import ROOT
from .preflight import hide_passwords
from .servers import die_with_parent

MARK = "SERVICEDESK_RUN"
LONGEST_BACKOFF = 30.0
# A child that lived this long had started well; its next failure is a new story.
SETTLED_SECONDS = 60.0
FAILURES_WHILE_STARTING = 4
WIDTH = 6


def print_line(label: str, line: str) -> None:
    """One line of the merged log; addresses lose their passwords here, whoever wrote them."""
    sys.stdout.write(f"{label:<{WIDTH}} | {hide_passwords(line)}\n")
    sys.stdout.flush()


@dataclass
class Child:
    """A process with its name in the log; it leads a process group of its own."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    failures: int = field(default=0, init=False)
    restart_at: float = field(default=0.0, init=False)

    def start(self, environment: dict[str, str], log: Callable[[str, str], None] = print_line) -> None:
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the supervisor, who stops them in order
            preexec_fn=die_with_parent(signal.SIGTERM, os.getpid()),
        )
        self.started_at = time.monotonic()
        threading.Thread(target=self._relay, args=(self.process, log), daemon=True).start()

    def _relay(self, process: subprocess.Popen[bytes], log: Callable[[str, str], None]) -> None:
        assert process.stdout is not None  # noqa: S101
        for line in process.stdout:
            text = line.decode(errors="replace").rstrip()
            if text:
                log(self.name, text)

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def note_end(self, now: float) -> float:
        """Count a failure; return the seconds to wait before the next start."""
        self.failures = 1 if now - self.started_at > SETTLED_SECONDS else self.failures + 1
        delay = min(LONGEST_BACKOFF, 2.0 ** (self.failures - 1))
        self.restart_at = now + delay
        return delay

    def signal_group(self, number: signal.Signals) -> None:
        """Also reaches the processes that the child has started and may have left behind."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return


class Family:
    """All children of one run."""

    def __init__(self, children: list[Child], state: Path) -> None:
        self.children = children
        self.state = state
        self.environment = {**os.environ, "PYTHONUNBUFFERED": "1", MARK: secrets.token_hex(16)}
        # Tasks travel as JSON, which makes this warning about pickled code pointless.
        self.environment["PYTHONWARNINGS"] = "ignore:You're running the worker with superuser privileges"

    def start(self) -> None:
        """Note our mark before anything runs, so that the next run can find what we left."""
        end_leftovers(self.state)
        self.state.write_text(self.environment[MARK])
        for child in self.children:
            child.start(self.environment)

    def tend(self, *, starting: bool) -> None:
        """Restart what has ended. Raises LaunchError when a child cannot even start."""
        now = time.monotonic()
        for child in self.children:
            if child.alive():
                continue
            if child.process is not None:
                code = child.process.returncode
                child.signal_group(signal.SIGKILL)
                child.process = None
                delay = child.note_end(now)
                if starting and child.failures >= FAILURES_WHILE_STARTING:
                    raise LaunchError(f"{child.name} does not start: its last lines above say why.")
                print_line("desk", f"{child.name} ended (code {code}); starting it again in {delay:.0f} s")
            elif now >= child.restart_at:
                child.start(self.environment)

    def stop(self, patience: float = 10.0, hurry: Callable[[], bool] = lambda: False) -> None:
        """Ask all at once, insist after `patience` seconds or when `hurry()` says so."""
        for child in self.children:
            if child.process is not None and child.alive():
                child.process.terminate()
        deadline = time.monotonic() + patience
        while any(child.alive() for child in self.children) and time.monotonic() < deadline and not hurry():
            time.sleep(0.05)
        for child in self.children:
            child.signal_group(signal.SIGKILL)
            if child.process is not None:
                child.process.wait()
        self.state.unlink(missing_ok=True)


def end_leftovers(state: Path) -> int:
    """Kill what a run that was itself killed has left; found by the mark in its environment."""
    if not state.exists():
        return 0
    mark = f"{MARK}={state.read_text().strip()}".encode()
    ended = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
                ended += 1
        except OSError:
            continue
    state.unlink(missing_ok=True)
    return ended
