"""The ground that is measured on: services of its own, set up as `make run` sets them up, and a seeded database.

The seeded database `bench_<tickets>` is never written to by a measurement: each run works on a copy of it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import redis
from psycopg2 import sql

from crm_project.launch import environment, services
from crm_project.launch.places import ROOT, data_path

OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_KEY", "ALLOWED_HOSTS", "EMBEDDED")
# Deadlines are seeded around the present: yesterday's rows would all be overdue today.
FRESH = timedelta(hours=20)


@contextmanager
def ground(tickets: int, *, keep: bool = False) -> Iterator[None]:
    """Everything that settings.py wants, in os.environ: services up, `tickets` seeded, a copy of it to work on.

    `keep` leaves the seeded database for the next run of the same day.
    """
    home = _start_services()
    address, seeded = os.environ["DATABASE_URL"], f"bench_{tickets}"
    os.environ["REDIS_PREFIX"] = f"{seeded}:"
    working = f"{seeded}_{os.getpid()}"
    admin = psycopg2.connect(address)
    admin.autocommit = True
    try:
        _seed(admin, address, seeded, tickets)
        _say(f"Copying {seeded}")
        _run(admin, "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", working, seeded)
        os.environ["DATABASE_URL"] = _url(address, working)
        yield
    finally:
        _close_connections()
        for name in [working] if keep else [working, seeded]:
            _run(admin, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        left = _bench_databases(admin)
        admin.close()
        _forget_keys()
        services.release()
        if home and not left and not services.kept("postgres"):
            shutil.rmtree(home.resolve(), ignore_errors=True)
            home.unlink(missing_ok=True) if home.is_symlink() else None


@contextmanager
def empty(what: str) -> Iterator[None]:
    """Services up, django set up on an empty database of the newest schema, which is dropped afterwards."""
    home = _start_services()
    address, name = os.environ["DATABASE_URL"], f"bench_{what}_{os.getpid()}"
    os.environ["REDIS_PREFIX"] = f"{name}:"
    admin = psycopg2.connect(address)
    admin.autocommit = True
    try:
        _run(admin, "CREATE DATABASE {}", name)
        os.environ["DATABASE_URL"] = _url(address, name)
        _prepare()
        import django

        django.setup()
        yield
    finally:
        _close_connections()
        _run(admin, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        admin.close()
        services.release()
        _say(f"Services under {home.resolve()}" if home else "")


def _start_services() -> Path | None:
    """Services under DATA_DIR/bench, or those that the environment names; returns the folder of the former."""
    home = None
    if os.environ.get("EMBEDDED") == "1" or not os.environ.get("DATABASE_URL"):
        home = data_path() / "bench"
        for name in OURS:
            os.environ.pop(name, None)
        os.environ["DATA_DIR"] = str(home)
    os.environ |= {"DEMO": "0", "HTTPS": "0", "LOG_LEVEL": "ERROR", "DJANGO_SETTINGS_MODULE": "crm_project.settings"}
    environment.fill(start=True)
    return home


def _seed(admin, address: str, name: str, tickets: int) -> None:
    os.environ["DATABASE_URL"] = _url(address, name)
    if not _is_fresh(admin, name):
        _run(admin, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        _run(admin, "CREATE DATABASE {}", name)
        _prepare()
        begun = time.monotonic()
        subprocess.run([sys.executable, "-m", "benchmarks.seeding", str(tickets)], cwd=ROOT, check=True)
        statement = sql.SQL("COMMENT ON DATABASE {} IS %s").format(sql.Identifier(name))
        with admin.cursor() as cursor:
            cursor.execute(statement, [f"{datetime.now(UTC).isoformat()} {_recipe()}"])
        _say(f"Seeded in {time.monotonic() - begun:.0f} s")
    else:
        _prepare()


def _is_fresh(admin, name: str) -> bool:
    """True for a database that was seeded to the end, lately, by the seeding of today."""
    with admin.cursor() as cursor:
        cursor.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name])
        found = cursor.fetchone()
    moment, _blank, recipe = (found[0] or "").partition(" ") if found else ("", "", "")
    return recipe == _recipe() and datetime.now(UTC) - datetime.fromisoformat(moment) < FRESH


def _recipe() -> str:
    """Changes when what is seeded changes."""
    parts = [Path(__file__).with_name(name).read_bytes() for name in ("seeding.py", "copying.py", "words.py")]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:12]


def _prepare() -> None:
    subprocess.run([sys.executable, "-m", "crm_project.launch.preparation"], cwd=ROOT, check=True)


def _bench_databases(admin) -> list[str]:
    with admin.cursor() as cursor:
        cursor.execute(r"SELECT datname FROM pg_database WHERE datname LIKE 'bench\_%'")
        return [name for (name,) in cursor.fetchall()]


def _run(admin, statement: str, *names: str) -> None:
    with admin.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _url(address: str, database: str) -> str:
    return urllib.parse.urlsplit(address)._replace(path=f"/{database}").geturl()


def _close_connections() -> None:
    if "django.db" in sys.modules:
        from django.db import connections

        connections.close_all()


def _forget_keys() -> None:
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        for key in client.scan_iter(f"*{os.environ['REDIS_PREFIX']}*", count=1000):
            client.delete(key)


def _say(line: str) -> None:
    print(line, flush=True)
