"""Embedded services as a command sees them: take a lease, get a URL."""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from . import credentials
from .errors import LaunchError
from .keeper import SERVERS, state_path
from .places import ROOT, prepare_data_dir, read_json
from .postgres import DATABASE, ROLE

PATIENCE = 90.0
_leases: dict[str, IO[str]] = {}
_keepers: dict[str, subprocess.Popen[str]] = {}


def up(names: list[str]) -> dict[str, str]:
    """Bring the named services up and hold them up until this process ends; return their URLs.

    Joins services that another command runs already. Raises LaunchError.
    """
    home = prepare_data_dir()
    credentials.load(home)
    waiting = {name: None for name in names if not _leased(home, name)}
    started = {name: _start_keeper(name) for name in waiting}
    for name, keeper in started.items():
        _await(home, name, keeper)
    return {name: url(name) for name in names}


def url(name: str) -> str:
    """The URL of a service at its remembered port, running or not."""
    home = prepare_data_dir()
    secrets = credentials.load(home)
    port = read_json(state_path(home, name)).get("port", 1)
    if name == "postgres":
        return f"postgres://{ROLE}:{secrets['database_password']}@127.0.0.1:{port}/{DATABASE}"
    return f"redis://:{secrets['redis_password']}@127.0.0.1:{port}/0"


def kept(name: str) -> bool:
    """True while a keeper holds the service up."""
    home = prepare_data_dir()
    return _keeper_lives(home, name) and bool(read_json(state_path(home, name)).get("ready"))


def release() -> None:
    """Give all leases back and wait until the services that nobody else uses are down."""
    while _leases:
        _leases.popitem()[1].close()
    for name, keeper in _keepers.items():
        try:
            keeper.wait(1)
        except subprocess.TimeoutExpired:
            if _in_use_by_others(name):
                continue
            keeper.wait(30)
    _keepers.clear()


def _leased(home: Path, name: str) -> bool:
    """Take the lease; True when the service is up already."""
    if name not in _leases:
        lease = (home / "run" / f"{name}.lease").open("a")
        _lock_shared(lease, name)
        _leases[name] = lease
    return kept(name)


def _lock_shared(lease: IO[str], name: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(lease, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:  # its keeper is just stopping it
            if time.monotonic() > deadline:
                raise LaunchError(f"{name} has been stopping for {PATIENCE:.0f} s; try again.") from None
            time.sleep(0.05)


def _start_keeper(name: str) -> subprocess.Popen[str]:
    if name not in SERVERS:
        raise ValueError(name)
    keeper = subprocess.Popen(
        [sys.executable, "-m", "crm_project.launch.keeper", name],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(prepare_data_dir())},
        start_new_session=True,  # Ctrl-C reaches the desk first, the services last
    )
    _keepers[name] = keeper
    return keeper


def _await(home: Path, name: str, keeper: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert keeper.stdout is not None  # noqa: S101
        with keeper.stdout:
            word = keeper.stdout.readline().strip()
        if word == "ready":
            return
        if word != "busy":
            raise LaunchError(word or f"{name} did not start; see {home / 'log'}.")
        while _keeper_lives(home, name) and time.monotonic() < deadline:
            if kept(name):
                return
            time.sleep(0.05)
        keeper = _start_keeper(name)
    raise LaunchError(f"{name} did not start within {PATIENCE:.0f} s; see {home / 'log'}.")


def _keeper_lives(home: Path, name: str) -> bool:
    with (home / "run" / f"{name}.keeper").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _in_use_by_others(name: str) -> bool:
    home = prepare_data_dir()
    with (home / "run" / f"{name}.lease").open("a") as lease:
        try:
            fcntl.flock(lease, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False  # the keeper has taken it: it is stopping
        return True
