"""The way from a bare Python: once, exactly as pinned, and never a step back."""

import json
import sys

import pytest

from crm_project.launch import bootstrap


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "requirements.txt").write_text("django==5.2.19\n")
    (tmp_path / "requirements-dev.txt").write_text("django==5.2.19\npytest==9.2.0\n")
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    for name, value in {
        "ROOT": tmp_path,
        "VENV": venv,
        "PYTHON": venv / "bin" / "python",
        "STAMP": venv / "installed.json",
    }.items():
        monkeypatch.setattr(bootstrap, name, value)
    return tmp_path


@pytest.fixture
def installed(monkeypatch):
    calls = []
    monkeypatch.setattr(bootstrap, "install", calls.append)
    return calls


def test_the_second_start_installs_nothing(project, installed):
    bootstrap.prepare(development=False)
    bootstrap.prepare(development=False)
    assert installed == ["requirements.txt"]


def test_changed_pins_are_installed(project, installed):
    bootstrap.prepare(development=False)
    (project / "requirements.txt").write_text("django==5.2.20\n")
    bootstrap.prepare(development=False)
    assert installed == ["requirements.txt", "requirements.txt"]


def test_running_after_testing_takes_no_tool_away(project, installed):
    bootstrap.prepare(development=True)
    bootstrap.prepare(development=False)
    (project / "requirements.txt").write_text("django==5.2.20\n")
    bootstrap.prepare(development=False)
    assert installed == ["requirements-dev.txt", "requirements-dev.txt"]


def test_a_failed_installation_is_tried_again(project, monkeypatch):
    def fail(name):
        raise bootstrap.Failure("no network")

    monkeypatch.setattr(bootstrap, "install", fail)
    with pytest.raises(bootstrap.Failure):
        bootstrap.prepare(development=False)
    assert not (project / ".venv" / "installed.json").exists()


def test_a_broken_stamp_counts_as_none(project, installed):
    (project / ".venv" / "installed.json").write_text("{")
    bootstrap.prepare(development=False)
    assert json.loads((project / ".venv" / "installed.json").read_text()).keys() == {"requirements.txt"}


def test_without_venv_and_pip_an_ordinary_user_gets_the_line_to_type(project, monkeypatch):
    monkeypatch.setattr(bootstrap, "has", lambda module: False)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    with pytest.raises(bootstrap.Failure, match="sudo apt-get install -y python3-venv"):
        bootstrap.make_venv()


def test_without_venv_and_pip_root_installs_it(project, monkeypatch):
    asked = []
    monkeypatch.setattr(bootstrap, "has", lambda module: False)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0)
    monkeypatch.setattr(bootstrap, "apt_install", asked.append)
    monkeypatch.setattr(bootstrap, "run_quietly", lambda command, environment=None: "")
    bootstrap.make_venv()
    assert asked == ["python3-venv"]


def test_without_ensurepip_the_environment_is_made_bare(project, monkeypatch):
    commands = []
    monkeypatch.setattr(bootstrap, "has", lambda module: module == "pip")
    monkeypatch.setattr(bootstrap, "run_quietly", lambda command, environment=None: commands.append(command) or "")
    bootstrap.make_venv()
    assert "--without-pip" in commands[-1]


def test_a_full_disk_is_said_before_installing(project, monkeypatch, installed):
    usage = bootstrap.shutil.disk_usage(project)._replace(free=2**20)
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(bootstrap.Failure, match="Only 1 MB are free"):
        bootstrap.prepare(development=False)
    assert installed == []


def test_another_python_is_refused_with_the_way_to_get_the_right_one(monkeypatch):
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 13, 0))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    with pytest.raises(bootstrap.Failure, match=r"Python 3\.11 is needed, this is 3\.13"):
        bootstrap.need_python()
