"""What can be known to be wrong before anything starts, each said in one line."""

import fcntl
import os
import re
import shutil
import socket
import urllib.parse
from pathlib import Path
from typing import IO

import psycopg2
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .errors import LaunchError
from .places import read_json

LEAST_FREE_MB = 300
# Below this a running desk stops in order, while PostgreSQL can still write its last checkpoint.
LAST_FREE_MB = 50
CONNECT_SECONDS = 5
PASSWORD = re.compile(r"(\w+://)[^\s/@]*@")


def hide_passwords(text: str) -> str:
    """The text with the user-and-password part of every URL starred."""
    return PASSWORD.sub(r"\1***@", text)


def only_run(home: Path) -> IO[str]:
    """The lock that one running desk per DATA_DIR holds; keep the file open."""
    lock = (home / "run" / "desk.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        desk = read_json(home / "run" / "desk.json")
        raise LaunchError(
            f"The desk of {home} runs already at {desk.get('address', 'another port')} "
            f"(process {desk.get('process', '?')}): stop it first, or set another DATA_DIR and PORT."
        ) from None
    return lock


def address() -> tuple[str, int]:
    """HOST and PORT, the port being free. Raises LaunchError."""
    host, text = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise LaunchError(f"PORT is {text!r}, not a number from 1 to 65535: `make run PORT=8001`.")
    port = int(text)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise LaunchError(f"Port {port} needs root: choose one above 1023, `make run PORT=8001`.") from None
        except OSError as error:
            if error.errno in (98, 48):
                raise LaunchError(
                    f"Port {port} is taken by another program: stop it, or choose another, "
                    f"`make run PORT={port + 1 if port < 65535 else 8001}`."
                ) from None
            raise LaunchError(
                f"Cannot listen on {host}: {error.strerror}. Set HOST to an address of this machine."
            ) from None
    return host, port


def disk(home: Path) -> None:
    """Refuse to start where PostgreSQL would soon stop for want of room."""
    free = shutil.disk_usage(home).free // 2**20
    if free < LEAST_FREE_MB:
        raise LaunchError(
            f"Only {free} MB are free on the disk of {home}: free at least {LEAST_FREE_MB} MB, "
            f"or set DATA_DIR to a folder on another disk."
        )


def disk_left(home: Path) -> None:
    """End a running desk before its disk is full."""
    free = shutil.disk_usage(home).free // 2**20
    if free < LAST_FREE_MB:
        raise LaunchError(
            f"The disk of {home} is full ({free} MB free), so the desk has stopped in order and nothing is lost: "
            f"free at least {LEAST_FREE_MB} MB and run it again."
        )


def database_url(url: str) -> None:
    """Connect once to the database of one's own."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise LaunchError("DATABASE_URL must look like postgres://user:password@host:5432/database.")
    try:
        psycopg2.connect(parts._replace(scheme="postgresql").geturl(), connect_timeout=CONNECT_SECONDS).close()
    except (psycopg2.Error, UnicodeError) as error:
        raise LaunchError(f"Cannot use DATABASE_URL: {_first_line(error)}. Correct it, or start that server.") from None


def redis_url(url: str) -> None:
    """Ping the Redis of one's own."""
    try:
        client = redis.Redis.from_url(
            url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=CONNECT_SECONDS, retry=Retry(NoBackoff(), 0)
        )
        client.ping()
        client.close()
    except ValueError:
        raise LaunchError("REDIS_URL must look like redis://:password@host:6379/0.") from None
    except redis.RedisError as error:
        raise LaunchError(f"Cannot use REDIS_URL: {_first_line(error)}. Correct it, or start that server.") from None


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return hide_passwords(lines[0]).rstrip(".")
