"""kill -9 of a fork server at random moments: no process is lost, and none is started twice."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from medtui.child_process import child_environment
from medtui.fork_server import ForkServer
from tests.helpers.fault_scale import note_figure, scaled
from tests.helpers.paths import REPOSITORY
from tests.helpers.waiting import wait_until

PROGRAM = "tests.helpers.forked_program"

NUM_KILLS = 8

LONGEST_SECONDS = 0.012
"""Between the kills' first and last moment; a request takes about half as long."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch):
    """Return a server that is replaced as often as it is killed."""
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setattr("medtui.fork_server.client.MAX_STARTS", 10_000)
    warnings: list[str] = []
    made = ForkServer([PROGRAM], child_environment(), warn=warnings.append)
    made.start()
    yield made
    made.close()


def kill_later(pid: int, seconds: float) -> threading.Thread:
    """Start a thread that kills a process after some time."""

    def kill() -> None:
        time.sleep(seconds)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


@pytest.mark.parametrize("group", range(scaled(1, 25)))
def test_a_process_starts_once_whenever_its_server_is_killed(server, tmp_path, group):
    """Before, during or after the request; where it gave none, a program starts by itself."""
    rng = random.Random(group)
    output = tmp_path / "output"
    num_forked = 0
    for number in range(NUM_KILLS):
        wait_until(lambda: server.is_settled, "the server")
        arguments = ["0", str(tmp_path / f"facts-{number}")]
        killer = kill_later(server.pid, rng.random() * LONGEST_SECONDS)
        with output.open("a+b") as file:
            streams = (file.fileno(),) * 3
            process = server.fork(PROGRAM, arguments, streams)
            num_forked += process is not None
            process = process or subprocess.Popen(
                [sys.executable, "-m", PROGRAM, *arguments], stdout=file, stderr=file
            )
        assert process.wait(60) == 0
        killer.join()
    wait_until(lambda: not is_open_elsewhere(output), "processes that were given up")
    assert output.read_text().count("written to stdout\n") == NUM_KILLS
    assert len(list(tmp_path.glob("facts-*"))) == NUM_KILLS
    note_figure("fork server killed", kills=NUM_KILLS, forked=num_forked)


def is_open_elsewhere(path: Path) -> bool:
    """Return whether any process has a file open."""
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if descriptor.readlink() == path:
                return True
    return False
