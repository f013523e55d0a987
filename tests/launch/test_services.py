"""The embedded servers: private, kept while somebody needs them, back after a kill with their data."""

import os
import signal
import subprocess
import sys
import textwrap

import psycopg2
import pytest
import redis

from crm_project.launch.places import ROOT, read_json
from crm_project.launch.servers import free_port, runs_program
from tests.launch.folders import reachable
from tests.services import MARK

HOLDER = textwrap.dedent(
    """
    import os, sys
    from crm_project.launch import environment
    environment.fill(start=True)
    print(os.environ["DATABASE_URL"], os.environ["REDIS_URL"], flush=True)
    sys.stdin.read()
    """
)


class Holder:
    """A command that uses the embedded services until it is told to end."""

    def __init__(self, home):
        hidden = {MARK, "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_KEY"}
        environment = {name: text for name, text in os.environ.items() if name not in hidden}
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER],
            cwd=ROOT,
            env={**environment, "DATA_DIR": str(home), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.database, self.redis = self.process.stdout.readline().split()

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return reachable(tmp_path_factory.mktemp("desk")) / "data"


def pids(home):
    postmaster = (home / "postgres" / "cluster" / "postmaster.pid").read_text().split("\n", 1)[0]
    return int(postmaster), int((home / "valkey" / "valkey.pid").read_text())


def keep(holder):
    redis.Redis.from_url(holder.redis).set("kept", "yes")
    with psycopg2.connect(holder.database) as link, link.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        cursor.execute("INSERT INTO kept VALUES ('工单')")
    link.close()


def assert_kept(holder):
    assert redis.Redis.from_url(holder.redis).get("kept") == b"yes"
    with psycopg2.connect(holder.database) as link, link.cursor() as cursor:
        cursor.execute("SELECT DISTINCT word FROM kept")
        assert cursor.fetchall() == [("工单",)]
    link.close()


def wait_gone(home, processes):
    """Until the next holder could start afresh: the keepers' leases are free and the servers are gone."""
    import fcntl

    for name in ("postgres", "valkey"):
        with (home / "run" / f"{name}.keeper").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
    return [pid for pid in processes if runs_program(pid, "postgres", home / "postgres" / "cluster")]


def test_services_end_with_their_last_user_and_keep_the_data(home):
    first = Holder(home)
    second = Holder(home)
    assert second.database == first.database
    keep(first)
    processes = pids(home)
    first.end()
    assert_kept(second)
    second.end()
    assert wait_gone(home, processes) == []
    assert not read_json(home / "run" / "postgres.json")["ready"]


def test_services_end_with_a_killed_user_too(home):
    holder = Holder(home)
    processes = pids(home)
    holder.kill()
    assert wait_gone(home, processes) == []


def test_after_a_kill_of_everything_the_data_is_there_at_the_same_address(home):
    holder = Holder(home)
    keep(holder)
    keepers = [read_json(home / "run" / f"{name}.json")["keeper"] for name in ("postgres", "valkey")]
    for pid in (*keepers, *pids(home)):
        os.kill(pid, signal.SIGKILL)
    holder.kill()
    again = Holder(home)
    assert again.database == holder.database
    assert_kept(again)
    again.end()


def test_nobody_gets_in_without_the_password(home):
    holder = Holder(home)
    name, _, rest = holder.database.rpartition("@")
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(f"postgres://servicedesk:wrong@{rest}")
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(f"postgres://postgres@{rest}")
    host = holder.redis.rpartition("@")[2]
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(f"redis://{host}").ping()
    with psycopg2.connect(holder.database) as link, link.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)
        cursor.execute("SHOW listen_addresses")
        assert cursor.fetchone() == ("127.0.0.1",)
    link.close()
    holder.end()


def test_a_remembered_port_that_another_program_took_is_left_to_it():
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        assert free_port(taken) != taken
