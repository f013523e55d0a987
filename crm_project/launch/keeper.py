"""A process per embedded server that keeps it up while anybody holds a lease, and then stops it.

A lease is a shared lock on `run/<name>.lease`: the kernel gives it back however its holder ends,
so that neither a finished `manage.py` nor a killed `make run` leaves a server behind.
"""

import fcntl
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from . import credentials, engine
from .errors import LaunchError
from .places import prepare_data_dir, read_json, write_private
from .postgres import Postgres
from .servers import Server, free_port
from .valkey import Valkey

SERVERS: dict[str, type[Server]] = {"postgres": Postgres, "valkey": Valkey}
PULSE = 0.2
RESTARTS = 5


class Keeper:
    """Owns one server from its start to its end."""

    def __init__(self, name: str) -> None:
        self.home = prepare_data_dir()
        self.name = name
        self.state = state_path(self.home, name)
        self.lock = (self.home / "run" / f"{name}.keeper").open("a")
        self.lease = (self.home / "run" / f"{name}.lease").open("a")
        self.told_to_end = False

    def run(self) -> None:
        """Start, say `ready` on stdout, watch, stop. Says `busy` when another keeper does this already."""
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return say("busy")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        secrets = credentials.load(self.home)
        port = free_port(int(read_json(self.state).get("port", 0)))
        server = SERVERS[self.name](self.home, engine.install(self.home), secrets, port)
        server.start()
        self._record(server, ready=True)
        say("ready")
        try:
            self._watch(server)
        finally:
            self._record(server, ready=False)
            server.stop()
        return None

    def _watch(self, server: Server) -> None:
        restarts = 0
        while not self.told_to_end:
            try:
                fcntl.flock(self.lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return  # nobody holds a lease any more; newcomers wait until we are gone
            except BlockingIOError:
                time.sleep(PULSE)
            if not server.running():
                restarts += 1
                if restarts > RESTARTS:
                    raise LaunchError(f"{self.name} ended {restarts} times: {server.reason()}")
                time.sleep(restarts * PULSE)
                server.start()

    def _record(self, server: Server, *, ready: bool) -> None:
        write_private(self.state, json.dumps({"port": server.port, "ready": ready, "keeper": os.getpid()}))

    def _end(self, number: int, frame: FrameType | None) -> None:
        self.told_to_end = True


def state_path(home: Path, name: str) -> Path:
    return home / "run" / f"{name}.json"


def say(line: str) -> None:
    """One line to whoever started us; later output has nobody to read it."""
    os.write(1, f"{line}\n".encode())
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.close(quiet)


def main() -> None:
    try:
        Keeper(sys.argv[1]).run()
    except LaunchError as error:
        say(str(error))
        sys.exit(1)
    except OSError as error:
        say(f"{sys.argv[1]} cannot start: {error.strerror or error} {error.filename or ''}".strip())
        sys.exit(1)


if __name__ == "__main__":
    main()
