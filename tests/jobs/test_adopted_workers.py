"""A worker that outlived its supervisor is looked after by the next one."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from medtui.jobs.device_slots import Slot
from medtui.jobs.schedulers import Ended, Running, Vanished
from medtui.jobs.schedulers.local import LocalScheduler
from medtui.jobs.schedulers.task import worker_task
from medtui.preset import parse_preset
from medtui.runs.folder import RunFolder, StudyFolder
from tests.helpers.paths import REPOSITORY
from tests.helpers.small_study import PRESET

PRESET_OF_STUDY = parse_preset(PRESET.format(name="study"), "study")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Return the folder of a run."""
    run = StudyFolder(tmp_path / "study").run("prune-0.5")
    run.path.mkdir(parents=True)
    return run


@pytest.fixture
def worker(run: RunFolder) -> Iterator[subprocess.Popen[bytes]]:
    """Return a process that computes the run, a cycle for each line."""
    process = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "tests" / "helpers" / "light_worker.py"), str(run.path),
         "2", "60"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()


def adopted(run: RunFolder, slots: list[Slot]) -> tuple[LocalScheduler, object]:
    """Return a new supervisor's scheduler, and what it finds."""
    scheduler = LocalScheduler(slots)
    return scheduler, scheduler.reattach(worker_task(run, PRESET_OF_STUDY))


def test_it_takes_a_slot_until_it_ends(run, worker):
    """Its result tells how."""
    scheduler, job = adopted(run, [Slot("none", "cpu"), Slot("0", "cuda:0")])
    scheduler.refresh()
    assert job.state == Running()
    assert len(scheduler._pool.free) == 1
    worker.stdin.write(b"\n\n")
    worker.stdin.flush()
    worker.wait()
    scheduler.refresh()
    assert job.state == Ended(0)
    assert len(scheduler._pool.free) == 2


@pytest.mark.parametrize("request_", ["stop", "kill"])
def test_it_is_stopped_and_killed_by_its_run(run, worker, request_):
    """Where there is no slot for it, it goes on without one."""
    scheduler, job = adopted(run, [])
    getattr(job, request_)()
    if request_ == "kill":
        assert worker.wait() == -9
    else:
        assert worker.wait() == -15  # this one has no handler
    scheduler.refresh()
    assert job.state == Vanished()


def test_without_a_worker_there_is_nothing_to_adopt(run):
    """Nor of a benchmark, which writes no run."""
    assert adopted(run, [])[1] is None
