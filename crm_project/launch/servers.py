"""One embedded server: its folder, its start, its end. PostgreSQL and Valkey fill in the rest."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .engine import Engine
from .errors import LaunchError
from .places import account, as_account, own

# Nothing of our own environment (PGHOST, LD_LIBRARY_PATH, proxies) may reach the servers.
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC"}
LONGEST_SOCKET_PATH = 100
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


def die_with_parent(number: signal.Signals, parent: int) -> Callable[[], None]:
    """For `preexec_fn`: the child gets this signal when `parent` ends, however that happens."""

    def arm() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os._exit(1)

    return arm


def free_port(preferred: int = 0) -> int:
    """`preferred` when nobody listens there, else any free port of 127.0.0.1."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise LaunchError("No free port on 127.0.0.1 for the embedded services.")


@dataclass
class Server:
    """A server process that ends with us; `home` holds its data and its log."""

    home: Path
    engine: Engine
    secrets: dict[str, str]
    port: int
    throwaway: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    name = ""
    stop_signal = signal.SIGTERM
    patience = 60.0

    @property
    def url(self) -> str:
        """The address that settings.py takes, with its password."""
        raise NotImplementedError

    @property
    def data(self) -> Path:
        return self.home / self.name

    @property
    def log(self) -> Path:
        return self.home / "log" / f"{self.name}.log"

    @property
    def sockets(self) -> Path:
        """Folder of the unix socket; short, since the kernel allows 107 characters."""
        folder = self.home / "run" / self.name
        if len(str(folder)) > LONGEST_SOCKET_PATH - len("/.s.PGSQL.65535"):
            owner = account()
            folder = Path(tempfile.gettempdir()) / f"{self.name}-{owner.pw_uid if owner else os.getuid()}-{self.port}"
        return folder

    def start(self) -> None:
        """Start and return when it answers. Raises LaunchError with the server's own reason."""
        self._end_orphan()
        for folder in (self.data, self.sockets):
            if folder.is_symlink():
                raise LaunchError(f"{folder} is a link: remove it.")
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            own(folder, 0o700)
        self.initialise()
        with self._open_log() as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data,
                env=ENVIRONMENT,
                preexec_fn=die_with_parent(self.stop_signal, os.getpid()),
                **as_account(),
            )
        deadline = time.monotonic() + self.patience
        while not self.answers():
            if self.process.poll() is not None:
                raise LaunchError(f"{self.name} did not start: {self.reason()} (log: {self.log})")
            if time.monotonic() > deadline:
                self.stop()
                raise LaunchError(f"{self.name} does not answer after {self.patience:.0f} s; see {self.log}.")
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask, then insist; returns when the process is gone."""
        if self.process is None:
            return
        for number, seconds in ((self.stop_signal, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            if self.process.poll() is not None:
                break
            self.process.send_signal(number)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
        self.process = None
        if self.sockets.parent == Path(tempfile.gettempdir()):
            shutil.rmtree(self.sockets, ignore_errors=True)

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def initialise(self) -> None:
        """Make the data folder on the first start."""

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def reason(self) -> str:
        """The last telling line of the log, the server's own words for a failure."""
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines()[-40:] if line.strip()]
        telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "rror", "ailed"))]
        return (telling or lines or ["no word in its log"])[-1][-300:]

    def own_file(self, path: Path, text: str) -> None:
        """Write a file that only the services' account reads."""
        path.touch(mode=0o600)
        path.write_text(text)
        own(path, 0o600)

    def _open_log(self) -> IO[bytes]:
        """A new log per start; the one before is kept."""
        self.log.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        return self.log.open("wb")

    def leftover(self) -> int | None:
        """Process id of a server of ours that outlived its keeper, else None."""
        raise NotImplementedError

    def _end_orphan(self) -> None:
        pid = self.leftover()
        if pid is None:
            return
        for number, seconds in ((self.stop_signal, 20.0), (signal.SIGKILL, 5.0)):
            deadline = time.monotonic() + seconds
            os.kill(pid, number)
            while time.monotonic() < deadline:
                if self.leftover() is None:
                    return
                time.sleep(0.05)
        raise LaunchError(f"An old {self.name} (process {pid}) still holds {self.data}: stop it with `kill {pid}`.")


def runs_program(pid: int, program: str, folder: Path) -> bool:
    """True when process `pid` is this program working in this folder."""
    try:
        executable = os.readlink(f"/proc/{pid}/exe")
        working = os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return False
    return Path(executable).name.split(" ")[0] == program and Path(working) == folder.resolve()
