"""The real web server on a port of its own, and a client that measures it: threads, keep-alive, no think time."""

import http.client
import os
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from crm_project.launch.places import ROOT
from crm_project.launch.servers import die_with_parent, free_port
from crm_project.launch.supervisor import children

PATIENCE = 60.0
Request = tuple[str, str, bytes | None, dict[str, str]]  # method, path, body, headers


class Unanswered(Exception):
    """The server did not start, or answered something else than what is measured."""


@dataclass
class Timing:
    """What one load came to."""

    concurrency: int
    n: int
    p50: float
    p95: float
    per_second: float
    note: str = ""


@dataclass
class Desk:
    """A running web server and its workers."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def memory(self) -> int:
        """Resident MB of the largest worker."""
        return max((resident(pid) for pid in self.workers()), default=0)

    def workers(self) -> list[int]:
        """Process ids of what answers requests."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == self.process.pid and b"spawn_main" in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:  # it has ended meanwhile
                continue
        return found


def resident(pid: int) -> int:
    """Resident MB of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))


def resident_self() -> int:
    return resident(os.getpid())


@contextmanager
def desk(out: Path, *, application: str = "", environment: dict[str, str] | None = None) -> Iterator[Desk]:
    """The web server exactly as `make run` starts it, or with another ASGI application in its place."""
    port = free_port()
    command = children("127.0.0.1", port, ROOT)[0].command
    if application:
        command = [application if word == "crm_project.asgi:application" else word for word in command]
    out.mkdir(exist_ok=True)
    log = out / "web.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=stream,
            stderr=stream, start_new_session=True, preexec_fn=die_with_parent(signal.SIGTERM, os.getpid()),
        )
        try:
            found = Desk(port, process, log)
            _await(found)
            yield found
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(found: Desk) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and found.process.poll() is None:
        link = http.client.HTTPConnection("127.0.0.1", found.port, timeout=5)
        try:
            link.request("GET", "/sign-in/", headers={"Host": "localhost"})
            if link.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        finally:
            link.close()
    raise Unanswered(f"The web server does not answer; see {found.log}.")


def get(path: str, cookie: str, **headers: str) -> Request:
    """A request of a signed-in browser."""
    return "GET", path, None, {"Host": "localhost", "Cookie": cookie, "Accept-Language": "zh-CN", **headers}


@dataclass
class _Load:
    """Shared by the threads of one load."""

    port: int
    request: Callable[[int, int], Request]
    expected: tuple[int, ...]
    deadline: float
    most: int
    taken: int = 0
    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, thread: int) -> None:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            while (turn := self._next()) is not None:
                method, path, body, headers = self.request(thread, turn)
                begun = time.perf_counter()
                link.request(method, path, body, headers)
                answer = link.getresponse()
                answer.read()
                self.times.append(time.perf_counter() - begun)
                if answer.status not in self.expected:
                    self.failures.append(f"{answer.status} for {method} {path}")
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(f"{type(error).__name__}: {error}")
        finally:
            link.close()

    def _next(self) -> int | None:
        with self.lock:
            if self.taken >= self.most or time.monotonic() > self.deadline or self.failures:
                return None
            self.taken += 1
            return self.taken


def load(
    port: int, request: Callable[[int, int], Request], *, concurrency: int = 1, seconds: float = 5.0, most: int = 10**6,
    expected: tuple[int, ...] = (200,),
) -> Timing:
    """Sends `request(thread, turn)` from `concurrency` threads for so long, or so often. Raises Unanswered."""
    begun = time.monotonic()
    shared = _Load(port, request, expected, begun + seconds, most)
    threads = [threading.Thread(target=shared.run, args=(at,)) for at in range(concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if shared.failures or not shared.times:
        raise Unanswered(shared.failures[0] if shared.failures else "no request was finished")
    return timing(shared.times, concurrency, time.monotonic() - begun)


def timing(times: list[float], concurrency: int, lasted: float) -> Timing:
    """Percentiles in ms of single durations in seconds."""
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    return Timing(concurrency, len(ordered), statistics.median(ordered) * 1000, p95 * 1000, len(ordered) / lasted)
