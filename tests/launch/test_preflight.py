"""What is wrong before anything starts is said in one line, without a secret."""

import os
import re
import shutil
import socket
import subprocess
import sys

import pytest

from crm_project.launch import preflight
from crm_project.launch.errors import LaunchError
from crm_project.launch.places import ROOT
from tests.launch.folders import reachable


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_named_with_a_way_out(monkeypatch, taken_port):
    monkeypatch.setenv("PORT", str(taken_port))
    with pytest.raises(LaunchError, match=f"Port {taken_port} is taken .* `make run PORT="):
        preflight.address()


@pytest.mark.parametrize("text", ["eighty", "0", "65536", "-1"])
def test_a_port_that_is_no_port_is_refused(monkeypatch, text):
    monkeypatch.setenv("PORT", text)
    with pytest.raises(LaunchError, match="not a number from 1 to 65535"):
        preflight.address()


def test_a_free_port_is_taken_as_it_is(monkeypatch, taken_port):
    monkeypatch.setenv("PORT", str(taken_port))
    monkeypatch.setenv("HOST", "127.0.0.2")
    assert preflight.address() == ("127.0.0.2", taken_port)


def test_an_address_of_another_machine_is_refused(monkeypatch):
    monkeypatch.setenv("HOST", "192.0.2.1")
    monkeypatch.setenv("PORT", "8000")
    with pytest.raises(LaunchError, match="Set HOST to an address of this machine"):
        preflight.address()


def test_a_full_disk_is_refused_before_the_database_finds_out(monkeypatch, tmp_path):
    usage = shutil.disk_usage(tmp_path)._replace(free=10 * 2**20)
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(LaunchError, match="Only 10 MB are free .* DATA_DIR"):
        preflight.disk(tmp_path)


def test_a_disk_that_fills_up_ends_a_running_desk_in_order(monkeypatch, tmp_path):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda path: usage._replace(free=60 * 2**20))
    preflight.disk_left(tmp_path)
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda path: usage._replace(free=40 * 2**20))
    with pytest.raises(LaunchError, match="nothing is lost: free at least 300 MB"):
        preflight.disk_left(tmp_path)


@pytest.mark.parametrize("url", ["mysql://u:topsecret@db/desk", "postgres://u:topsecret@db:5432/", "nonsense"])
def test_a_database_url_of_another_kind_is_refused_without_repeating_it(url):
    with pytest.raises(LaunchError, match="DATABASE_URL must look like") as caught:
        preflight.database_url(url)
    assert "topsecret" not in str(caught.value)


def test_a_database_that_does_not_answer_is_named_in_one_line_without_its_password():
    with pytest.raises(LaunchError, match="Cannot use DATABASE_URL") as caught:
        preflight.database_url("postgres://u:topsecret@127.0.0.1:1/desk")
    assert "topsecret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_services_of_this_run_are_accepted_and_their_neighbours_refused():
    for check, name in ((preflight.database_url, "DATABASE_URL"), (preflight.redis_url, "REDIS_URL")):
        assert check(os.environ[name]) is None
        with pytest.raises(LaunchError, match=name):
            check(re.sub(r":\d+/", ":1/", os.environ[name]))


@pytest.mark.parametrize(
    ("url", "says"), [("http://x", "must look like"), ("redis://:topsecret@127.0.0.1:1/0", "Cannot use REDIS_URL")]
)
def test_a_wrong_redis_url_is_named_in_one_line_without_its_password(url, says):
    with pytest.raises(LaunchError, match=says) as caught:
        preflight.redis_url(url)
    assert "topsecret" not in str(caught.value)


def test_the_second_desk_of_a_folder_is_refused(tmp_path):
    (tmp_path / "run").mkdir()
    held = preflight.only_run(tmp_path)
    with pytest.raises(LaunchError, match="runs already"):
        preflight.only_run(tmp_path)
    held.close()
    preflight.only_run(tmp_path).close()


def test_passwords_in_addresses_are_starred():
    line = "Connected to redis://:s3cr3t@127.0.0.1:6379/0 and postgres://desk:s3cr3t@db/desk"
    assert preflight.hide_passwords(line) == "Connected to redis://***@127.0.0.1:6379/0 and postgres://***@db/desk"


@pytest.mark.parametrize("wrong", ["port", "database"])
def test_the_command_ends_with_one_line_and_an_exit_code(tmp_path, taken_port, wrong):
    environment = {**os.environ, "DATA_DIR": str(reachable(tmp_path)), "PORT": str(taken_port)}
    if wrong == "database":
        environment |= {"PORT": str(preflight_port()), "DATABASE_URL": "postgres://u:topsecret@127.0.0.1:1/desk"}
    done = subprocess.run(
        [sys.executable, "-m", "crm_project.launch", "run"], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "topsecret" not in done.stderr + done.stdout


def preflight_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
