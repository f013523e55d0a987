"""The environment is completed for an embedded database, and left honest for one's own."""

import base64
import os
import stat

import pytest

from crm_project.launch import credentials, environment, services
from crm_project.launch.errors import LaunchError
from crm_project.launch.places import ROOT, data_path
from tests.launch.folders import reachable

NAMES = ["DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_KEY", "EMBEDDED", "DEMO", "HTTPS", "ALLOWED_HOSTS", "PORT"]


@pytest.fixture
def bare(monkeypatch, tmp_path):
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATA_DIR", str(reachable(tmp_path) / "data"))
    return tmp_path / "data"


@pytest.mark.parametrize("words", [[], ["help"], ["migrate", "--help"], ["messages", "--check"], ["collectstatic"]])
def test_commands_without_data_start_no_database(words):
    assert not environment.needs_data(["manage.py", *words])


@pytest.mark.parametrize("words", [["shell"], ["migrate"], ["token", "agent"], ["check", "--database", "default"]])
def test_commands_with_data_start_one(words):
    assert environment.needs_data(["manage.py", *words])


def test_an_embedded_database_gets_its_keys_and_plain_http(bare):
    environment.fill(start=False)
    assert os.environ["DATABASE_URL"].startswith("postgres://servicedesk:")
    assert os.environ["REDIS_URL"].startswith("redis://:")
    assert (os.environ["EMBEDDED"], os.environ["DEMO"], os.environ["HTTPS"]) == ("1", "1", "0")
    assert len(base64.b64decode(os.environ["FIELD_KEY"])) == 32
    assert "localhost" in os.environ["ALLOWED_HOSTS"]


def test_no_key_is_invented_for_a_database_of_ones_own(bare, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://u:p@db/desk")
    monkeypatch.setenv("REDIS_URL", "redis://cache/0")
    environment.fill(start=True)
    assert "SECRET_KEY" not in os.environ
    assert "FIELD_KEY" not in os.environ
    assert (os.environ["DEMO"], os.environ["HTTPS"]) == ("0", "1")
    assert not bare.exists()


def test_a_set_url_starts_nothing_embedded_for_it(bare, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://cache/0")
    asked = []
    monkeypatch.setattr(services, "up", lambda names: asked.extend(names) or {})
    environment.fill(start=True)
    assert asked == ["postgres"]
    assert os.environ["REDIS_URL"] == "redis://cache/0"


def test_what_the_user_sets_is_kept(bare, monkeypatch):
    monkeypatch.setenv("DEMO", "0")
    monkeypatch.setenv("SECRET_KEY", "k" * 60)
    environment.fill(start=False)
    assert os.environ["DEMO"] == "0"
    assert os.environ["SECRET_KEY"] == "k" * 60


def test_secrets_are_made_once_and_only_their_owner_reads_them(bare):
    environment.fill(start=False)
    first = os.environ["SECRET_KEY"]
    del os.environ["SECRET_KEY"], os.environ["DATABASE_URL"]
    environment.fill(start=False)
    assert os.environ["SECRET_KEY"] == first
    assert stat.S_IMODE((bare / credentials.FILE).stat().st_mode) == 0o600


def test_lost_secrets_beside_data_are_an_error_not_a_new_key(bare):
    environment.fill(start=False)
    (bare / "postgres").mkdir()
    (bare / credentials.FILE).unlink()
    with pytest.raises(LaunchError, match="restore it from a backup"):
        credentials.load(bare)


def test_a_command_ends_with_the_line_alone(bare, monkeypatch):
    def refuse(names):
        raise LaunchError("No room.")

    monkeypatch.setattr(services, "up", refuse)
    with pytest.raises(SystemExit, match=r"^No room\.$"):
        environment.prepare(["manage.py", "migrate"])


def test_a_relative_data_dir_is_relative_to_the_project(monkeypatch):
    monkeypatch.setenv("DATA_DIR", "elsewhere")
    assert data_path() == ROOT / "elsewhere"
