"""The desk's processes: labelled, restarted alone, found again after a kill."""

import os
import signal
import subprocess
import sys
import time

import pytest

from crm_project.launch.children import FAILURES_WHILE_STARTING, LONGEST_BACKOFF, MARK, Child, Family, end_leftovers
from crm_project.launch.errors import LaunchError
from crm_project.launch.supervisor import children

FOREVER = [sys.executable, "-c", "import signal; signal.pause()"]


@pytest.fixture
def family(tmp_path):
    made = Family([Child("web", FOREVER), Child("beat", FOREVER)], tmp_path / "children")
    made.start()
    yield made
    made.stop()


def test_a_child_that_dies_is_started_again_and_the_other_is_left_alone(family):
    web, beat = family.children
    other = beat.process.pid
    web.process.kill()
    web.process.wait()
    family.tend(starting=False)
    assert web.process is None
    web.restart_at = 0
    family.tend(starting=False)
    assert web.alive()
    assert beat.process.pid == other


def test_a_child_that_keeps_failing_waits_longer_each_time_up_to_a_cap():
    child = Child(
        "web",
        FOREVER,
    )
    child.started_at = 100.0
    assert [child.note_end(100.0) for _ in range(7)] == [1, 2, 4, 8, 16, LONGEST_BACKOFF, LONGEST_BACKOFF]


def test_a_child_that_ran_well_for_long_is_back_at_once():
    child = Child("web", FOREVER)
    child.failures, child.started_at = 6, 100.0
    assert child.note_end(100.0 + 3600) == 1


def test_a_child_that_cannot_start_ends_the_run(family):
    web = family.children[0]
    web.failures = FAILURES_WHILE_STARTING - 1
    web.process.kill()
    web.process.wait()
    with pytest.raises(LaunchError, match="web does not start"):
        family.tend(starting=True)


def test_stopping_leaves_no_process_behind_even_a_deaf_one(tmp_path):
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    child = Child("web", [sys.executable, "-c", deaf])
    lines = []
    child.start(dict(os.environ), lambda name, line: lines.append((name, line)))
    deadline = time.monotonic() + 20
    while not lines and time.monotonic() < deadline:
        os.sched_yield()
    family = Family([child], tmp_path / "children")
    family.stop(patience=0.1)
    assert lines == [("web", "deaf")]
    assert child.process.returncode == -signal.SIGKILL


def test_what_a_killed_run_left_is_found_by_its_mark(tmp_path):
    state = tmp_path / "children"
    state.write_text("marked-for-this-test")
    left = subprocess.Popen(FOREVER, env={**os.environ, MARK: "marked-for-this-test"})
    bystander = subprocess.Popen(FOREVER, env={**os.environ, MARK: "another-desk"})
    try:
        assert end_leftovers(state) == 1
        assert left.wait(10) == -signal.SIGKILL
        assert bystander.poll() is None
        assert not state.exists()
    finally:
        bystander.kill()
        bystander.wait()


def test_no_secret_stands_on_a_command_line(tmp_path):
    words = " ".join(word for child in children("127.0.0.1", 8000, tmp_path) for word in child.command)
    assert "://" not in words
    assert os.environ["SECRET_KEY"] not in words
