"""Throw-away PostgreSQL and Valkey for one test run; never those of `make run`."""

import atexit
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg2

from crm_project.launch import credentials, engine
from crm_project.launch.postgres import Postgres
from crm_project.launch.servers import Server, free_port
from crm_project.launch.valkey import Valkey

PREFIX = "servicedesk-test-"
MARK = "TEST_SERVICES"
TEMPLATE = "test_template"
ROOT = Path(__file__).resolve().parent.parent


class Throwaway:
    """Both servers in a folder of their own, without fsync; they end with this process."""

    def __init__(self) -> None:
        sweep()
        self.home = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.home.chmod(0o711)
        self.lock = (self.home / "lock").open("w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        (self.home / "data" / "static").mkdir(parents=True)
        self.secrets = credentials.make()
        binaries = engine.install(self.home)
        self.servers: list[Server] = [
            kind(self.home, binaries, self.secrets, free_port(), throwaway=True) for kind in (Postgres, Valkey)
        ]

    def start(self) -> dict[str, str]:
        """Start both; return everything that settings.py wants to find in the environment."""
        for server in self.servers:
            server.start()
        database, valkey = self.servers
        return {
            MARK: str(os.getpid()),
            "DATABASE_URL": database.url,
            "REDIS_URL": valkey.url,
            "SECRET_KEY": self.secrets["SECRET_KEY"],
            "FIELD_KEY": self.secrets["FIELD_KEY"],
            "DATA_DIR": str(self.home / "data"),
            "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
            "EMBEDDED": "1",
            "DEMO": "0",
            "HTTPS": "0",
        }

    def stop(self) -> None:
        for server in self.servers:
            server.stop()
        self.lock.close()
        shutil.rmtree(self.home, ignore_errors=True)


def sweep() -> None:
    """Remove the folders of test runs that were killed: nobody holds their lock any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            with (folder / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def ensure() -> None:
    """Put throw-away services into os.environ unless this run has them already.

    `make test` and the first pytest process start them; xdist's workers inherit them,
    each with a Redis prefix of its own (pytest-django gives each a database).
    """
    if MARK not in os.environ:
        services = Throwaway()
        atexit.register(services.stop)
        os.environ.update(services.start())
    os.environ["REDIS_PREFIX"] = f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}:"


def prepare_template(environment: dict[str, str]) -> None:
    """Begin, once for a run, to migrate the database that every worker's is a copy of; `await_template` waits."""
    if _template_lock(environment).exists():
        return
    address = environment["DATABASE_URL"]
    connection = psycopg2.connect(address)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {TEMPLATE}")
    connection.close()
    template = {
        "DATABASE_URL": f"{address.rpartition('/')[0]}/{TEMPLATE}", "DJANGO_SETTINGS_MODULE": "crm_project.settings",
    }
    with _template_lock(environment).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # held by the child from here on
        # Where it fails, the first worker's own migration says why.
        subprocess.Popen(
            [sys.executable, "-m", "tests.template"], cwd=ROOT, env={**os.environ, **environment, **template},
            pass_fds=[lock.fileno()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )


def await_template() -> None:
    """Return once the template is migrated, or has failed to be."""
    with _template_lock(dict(os.environ)).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)


def _template_lock(environment: dict[str, str]) -> Path:
    return Path(environment["DATA_DIR"]).parent / "template.lock"
