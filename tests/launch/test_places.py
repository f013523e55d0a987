"""The data lies where the services' account can reach it."""

import pytest

from crm_project.launch import places
from crm_project.launch.errors import LaunchError


@pytest.fixture
def private(tmp_path, monkeypatch):
    """A checkout in a private home, as root has it."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setattr(places, "STATE_HOME", tmp_path / "var")
    monkeypatch.setattr(places.os, "geteuid", lambda: 0)
    monkeypatch.setenv("DATA_DIR", str(home / ".data"))
    return home


def test_in_a_private_home_roots_data_lies_outside_behind_a_link(private, tmp_path):
    folder = places.prepare_data_dir()
    assert folder.parent == tmp_path / "var"
    assert (private / ".data").is_symlink()
    assert places.prepare_data_dir() == folder


def test_data_that_was_there_before_moves_along(private):
    (private / ".data").mkdir()
    (private / ".data" / "secrets.json").write_text("{}")
    assert (places.prepare_data_dir() / "secrets.json").read_text() == "{}"


def test_two_checkouts_share_nothing(private, monkeypatch):
    first = places.prepare_data_dir()
    monkeypatch.setenv("DATA_DIR", str(private / "other"))
    assert places.prepare_data_dir() != first


def test_a_folder_that_cannot_be_made_is_one_line(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(places.os, "geteuid", lambda: 1000)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(LaunchError, match="Free or repair it, or set DATA_DIR"):
        places.prepare_data_dir()


def test_a_private_file_is_replaced_whole_and_read_by_its_owner_alone(tmp_path):
    path = tmp_path / "secrets.json"
    places.write_private(path, "old")
    places.write_private(path, '{"a": 1}')
    assert places.read_json(path) == {"a": 1}
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
