"""Two containers on one folder: mount and pid namespaces with locks that mean nothing outside."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from medtui.errors import EnvironmentProblem
from medtui.events import CycleEnded, RunFinished, RunStarted, RunStopped
from medtui.jobs.launcher import stop_run
from medtui.monitor.run_feed import RunFeed
from medtui.runs.folder import RunFolder
from medtui.runs.log.reader import EventTail
from medtui.runs.ownership.claim import newest_claim
from medtui.runs.ownership.lock import FolderLock
from medtui.runs.result import read_result
from tests.helpers.fault_scale import note_figure, scaled
from tests.helpers.namespaces import contained, outer_pid
from tests.helpers.paths import REPOSITORY

NUM_RACERS = 6
"""In each of two containers."""

CYCLES = 8
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
ENVIRONMENT = os.environ | {"PYTHONPATH": str(REPOSITORY)}


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Return the empty folder of a run."""
    folder = RunFolder(tmp_path / "study" / "prune-0.5")
    folder.path.mkdir(parents=True)
    return folder


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Return a stack of containers, which end with the test."""
    with ExitStack() as containers:
        yield containers


def light_worker(run: RunFolder, silent_seconds: float) -> list[str]:
    """Return the command of a worker without torch."""
    program = REPOSITORY / "tests" / "helpers" / "light_worker.py"
    return [sys.executable, str(program), str(run.path), str(CYCLES), str(silent_seconds)]


def told(process: subprocess.Popen[bytes]) -> str:
    """Return the next line of a process."""
    return process.stdout.readline().decode().strip()


def ask(process: subprocess.Popen[bytes], line: str = "") -> None:
    """Send a line to a process."""
    process.stdin.write(f"{line}\n".encode())
    process.stdin.flush()


def go_on(worker: subprocess.Popen[bytes]) -> None:
    """Let a light worker run to its end."""
    worker.stdin.write(b"\n" * CYCLES)
    worker.stdin.close()


@pytest.mark.parametrize("moment", range(scaled(2, 50)))
def test_a_suspended_writer_that_wakes_up_after_a_takeover_changes_nothing(run, stack, moment):
    """One history and one result: SIGSTOP in one container, takeover in the other, SIGCONT."""
    done = random.Random(moment).randrange(CYCLES - 1)
    first = stack.enter_context(
        contained(light_worker(run, 0.5), own_files=(run.lock,), env=ENVIRONMENT, **PIPES)
    )
    assert told(first) == "ready"
    for cycle in range(done):
        ask(first)
        assert told(first) == str(cycle)
    pid = outer_pid(first, newest_claim(run.path).owner.pid)
    os.kill(pid, signal.SIGSTOP)
    go_on(first)  # all its cycles are due the moment it wakes up
    second = stack.enter_context(
        contained(light_worker(run, 0.5), own_files=(run.lock,), env=ENVIRONMENT, **PIPES)
    )
    assert told(second) == "ready"
    if moment % 2:  # it wakes up in the middle of the other's work, or after it
        os.kill(pid, signal.SIGCONT)
    go_on(second)
    assert second.wait(240) == 0
    before = {path.name: path.read_bytes() for path in run.path.iterdir() if path != run.lock}
    with suppress(ProcessLookupError):  # it may have ended already
        os.kill(pid, signal.SIGCONT)
    assert first.wait(240) == EnvironmentProblem.exit_code
    after = {path.name: path.read_bytes() for path in run.path.iterdir() if path != run.lock}
    assert after == before
    tail = EventTail(run.events)
    records = tail.read_all()
    assert tail.num_damaged == 0
    assert [record.seq for record in records] == list(range(len(records)))
    events = [record.event for record in records]
    assert [each.cycle for each in events if isinstance(each, CycleEnded)] == list(range(CYCLES))
    assert sum(isinstance(each, RunStarted) for each in events) == 2
    assert isinstance(events[-1], RunFinished)
    assert read_result(run).generation == 2
    feed = RunFeed(run)
    feed.refresh()
    assert feed.status == "finished"
    note_figure("suspended through a takeover")


def test_a_live_writer_in_another_container_is_not_superseded(run, stack):
    """While its heartbeat moves, a second worker is refused, though it could lock the file."""
    first = stack.enter_context(
        contained(light_worker(run, 30.0), own_files=(run.lock,), env=ENVIRONMENT, **PIPES)
    )
    assert told(first) == "ready"
    with contained(
        light_worker(run, 30.0), own_files=(run.lock,), env=ENVIRONMENT,
        stderr=subprocess.PIPE, **PIPES,
    ) as second:  # fmt: skip
        assert second.wait(240) == EnvironmentProblem.exit_code
        assert b"is being written by process" in second.stderr.read()
    with pytest.raises(EnvironmentProblem, match="is being written by process"):
        FolderLock(run.lock).acquire()
    go_on(first)
    assert first.wait(240) == 0
    assert newest_claim(run.path).generation == 1


@pytest.mark.parametrize("number", range(scaled(2, 100)))
def test_a_stop_reaches_a_run_in_another_container_and_nobody_here(run, stack, number):
    """A process here has the pid that the run has there; it lives, and the run stops."""
    stranger = stack.enter_context(subprocess.Popen(["sleep", "600"]))
    stack.callback(stranger.kill)
    worker = stack.enter_context(
        contained(
            light_worker(run, 30.0), own_files=(run.lock,) * (number % 2), pid=stranger.pid,
            env=ENVIRONMENT, **PIPES,
        )
    )  # fmt: skip
    assert told(worker) == "ready"
    assert newest_claim(run.path).owner.pid == stranger.pid
    began = time.monotonic()
    assert stop_run(run)
    while worker.poll() is None:
        try:
            ask(worker)  # the next step
        except BrokenPipeError:
            break
        time.sleep(0.01)
    worker.wait(240)
    note_figure("stop across a pid namespace", seconds=time.monotonic() - began)
    assert stranger.poll() is None
    events = [record.event for record in EventTail(run.events).read_all()]
    assert isinstance(events[-1], RunStopped)
    assert events[-1].reason.startswith("requested by ")
    assert newest_claim(run.path).is_released


def racers(mode: str, folder: Path, stack: ExitStack) -> subprocess.Popen[bytes]:
    """Start the racers of one container."""
    scratch = folder / f"scratch-{len(list(folder.iterdir()))}"
    scratch.mkdir()
    program = REPOSITORY / "tests" / "helpers" / "racers.py"
    return stack.enter_context(
        contained(
            [sys.executable, str(program), str(NUM_RACERS), mode],
            env=ENVIRONMENT | {"SCRATCH": str(scratch)}, **PIPES,
        )
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["none", "void", "local"])
def test_of_many_racers_in_two_containers_one_owns_the_folder(tmp_path, stack, mode):
    """All start at one moment; one wins, whatever `flock` does, and all others are refused."""
    containers = [racers(mode, tmp_path, stack) for _ in range(2)]
    for container in containers:
        assert told(container) == "ready"
    for number in range(scaled(2, 28)):
        folder = tmp_path / f"folder-{number}"
        folder.mkdir()
        (folder / "lock").touch()
        for step in (str(folder), "start"):
            for container in containers:
                ask(container, step)
            outcomes = [told(container) for container in containers]
        assert sorted("".join(outcomes)) == ["r"] * (2 * NUM_RACERS - 1) + ["w"]
        assert newest_claim(folder).generation == 1
        for container in containers:
            ask(container, "end")
        assert [told(container) for container in containers] == ["over", "over"]
        note_figure("race in two containers", mode=mode, racers=2 * NUM_RACERS)
