"""A supervisor that is started before its study: it serves the check, then takes the study."""

import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from medtui.child_process import ChildProcess
from medtui.jobs.standby import Standby
from medtui.protocol.model_benchmark import decoder
from medtui.runs.runs_dir import create_study
from tests.helpers.child_module import Request
from tests.helpers.paths import REPOSITORY
from tests.helpers.waiting import wait_until

MODULE = "tests.helpers.child_module"


@pytest.fixture
def standby(monkeypatch: pytest.MonkeyPatch) -> Iterator[Standby]:
    """Return a supervisor whose fork server is ready."""
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    with Standby([MODULE]) as made:
        made.await_server()
        yield made


def tree_of(standby: Standby) -> list[psutil.Process]:
    """Return the supervisor and its fork server."""
    supervisor = psutil.Process(standby._process.pid)
    return [supervisor, *supervisor.children()]


def test_it_serves_a_check_and_then_a_study(standby, tmp_path):
    """What it forks is a child of this process; its own output goes to the study's log."""
    supervisor, server = tree_of(standby)
    assert "medtui.fork_server" in server.cmdline()
    with ChildProcess(
        MODULE, decoder, Request("session"), error_prefix="It failed", server=standby.server
    ) as check:
        assert psutil.Process(check.pid).ppid() == os.getpid()
        assert [message.text for message in check.messages()] == ["began", "True"]
    study = create_study(tmp_path, "waited")
    study.preset.write_text("name = 3", encoding="utf-8")  # so that it ends at once
    process = standby.release(str(study.path))
    assert process.pid == supervisor.pid
    assert process.wait(60) == 2
    assert "name" in study.supervisor_log.read_text()
    wait_until(lambda: not server.is_running(), "the server's end")


def test_it_ends_without_a_study(standby):
    """Where the check fails, nothing is left."""
    supervisor, server = tree_of(standby)
    standby.__exit__(None, None, None)
    assert not supervisor.is_running()
    wait_until(lambda: not server.is_running(), "the server's end")


def test_it_ends_with_the_process_that_started_it(standby):
    """As the kernel closes the sockets of a process that is killed."""
    supervisor, server = tree_of(standby)
    standby.server.close()
    standby._folder.close()
    assert standby._process.wait(60) == 0
    wait_until(lambda: not server.is_running(), "the server's end")
    assert not supervisor.is_running()


def test_one_that_was_killed_takes_no_study(standby, tmp_path):
    """Another supervisor is started in its place."""
    os.kill(standby._process.pid, signal.SIGKILL)
    standby._process.wait()
    assert standby.release(str(tmp_path)) is None


def test_a_check_survives_the_supervisor(standby):
    """It is no child of it."""
    with ChildProcess(
        MODULE, decoder, Request("environment"), error_prefix="It failed", server=standby.server
    ) as check:
        os.kill(standby._process.pid, signal.SIGKILL)
        assert check.result().text == "PASSIVE"
