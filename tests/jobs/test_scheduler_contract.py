"""What a supervisor may rely on, whichever scheduler places its jobs: this machine, Slurm or Ray.

The clusters are two nodes on loopback; where their programs are missing, the tests are skipped.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from medtui.jobs.device_slots import Slot
from medtui.jobs.job import _is_abrupt
from medtui.jobs.schedulers import (
    Ended,
    Handle,
    Running,
    Scheduler,
    Task,
    Vanished,
    Waiting,
    slurm_queue,
)
from medtui.jobs.schedulers.local import LocalScheduler
from medtui.jobs.schedulers.slurm import SlurmScheduler
from medtui.preset import MachineSettings, RaySettings, SlurmSettings
from medtui.runs.ownership.claim import unfenced
from medtui.telemetry import NO_DEVICES
from tests.helpers.paths import REPOSITORY
from tests.helpers.waiting import wait_until

LIMIT_SECONDS = 240.0


@dataclass
class Placing:
    """One scheduler, with how many jobs it runs at once."""

    open: Callable[[], Scheduler]
    """Connects again, as a new supervisor does."""
    num_at_once: int
    folder: Path
    outlives: bool
    """Whether a job may wait, and be found again by the next supervisor."""
    opened: list[Scheduler] = field(default_factory=list)

    def scheduler(self) -> Scheduler:
        """Return another one, which is closed at the end."""
        self.opened.append(self.open())
        return self.opened[-1]

    def task(self, number: int = 0, end: str = "0") -> Task:
        """Return a task; it has a folder of its own."""
        folder = self.folder / f"job-{number}"
        folder.mkdir(exist_ok=True)
        arguments = (str(number), end)
        module = "tests.helpers.scheduled_process"
        return Task(module, folder, arguments, f"study/job-{number}", folder / "log", 1)


def local(_request: pytest.FixtureRequest) -> tuple[Callable[[], Scheduler], int]:
    """Return two slots of this machine."""
    return lambda: LocalScheduler([Slot(NO_DEVICES, "cpu")] * 2), 2


def slurm(request: pytest.FixtureRequest) -> tuple[Callable[[], Scheduler], int]:
    """Return two nodes of two cores, of which each job takes both."""
    request.getfixturevalue("slurm_cluster")
    settings = SlurmSettings(cpus=2)
    return lambda: SlurmScheduler(MachineSettings(device="cpu"), settings, unfenced), 2


def ray(request: pytest.FixtureRequest) -> tuple[Callable[[], Scheduler], int]:
    """Return two nodes of one CPU."""
    request.getfixturevalue("ray_cluster")
    from medtui.jobs.schedulers.ray import RayScheduler

    return lambda: RayScheduler(MachineSettings(device="cpu"), RaySettings(), unfenced), 2


PLACINGS = {"local": local, "slurm": slurm, "ray": ray}

ray_at_length = pytest.mark.parametrize(
    "placing", ["local", "slurm", pytest.param("ray", marks=pytest.mark.faults)], indirect=True
)
"""For tests that take Ray longest: by default it is tried with the others alone."""


@pytest.fixture(params=PLACINGS)
def placing(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Placing]:
    """Return a scheduler without jobs; what it still runs in the end is killed."""
    monkeypatch.setattr(slurm_queue, "LIST_SECONDS", 0.5)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    opened, num_at_once = PLACINGS[request.param](request)
    found = Placing(opened, num_at_once, tmp_path, outlives=request.param != "local")
    yield found
    for path in tmp_path.glob("job-*"):
        (path / "go").touch()
    for each in found.opened:
        each.close()
    for path in tmp_path.glob("job-*/alive-*"):
        with suppress(ProcessLookupError):
            os.kill(int(path.read_text()), 9)


def await_state(scheduler: Scheduler, job: Handle, *kinds: type) -> None:
    """Refresh until the job's state is one of these."""

    def has_it() -> bool:
        scheduler.refresh()
        return isinstance(job.state, kinds)

    wait_until(has_it, f"{kinds} instead of {job.state}", LIMIT_SECONDS)


def started(scheduler: Scheduler, task: Task) -> Handle:
    """Return a task's job; there must be room for it."""
    job = scheduler.start(task)
    assert job is not None, scheduler.waiting_for
    return job


def is_alive(task: Task) -> bool:
    """Return whether a task's process has begun."""
    return any(path.read_text() for path in task.folder.glob("alive-*"))


def test_a_job_runs_to_its_end(placing: Placing):
    """Its output is in its log."""
    scheduler, task = placing.scheduler(), placing.task()
    job = started(scheduler, task)
    await_state(scheduler, job, Running)
    wait_until(lambda: is_alive(task), "the process", LIMIT_SECONDS)
    (task.folder / "go").touch()
    await_state(scheduler, job, Ended, Vanished)
    assert job.state == Ended(0)
    assert task.log.exists()
    assert (task.folder / "history").read_text().split() == ["+0", "-0"]


def test_a_job_is_stopped_and_another_one_killed(placing: Placing):
    """The first is asked by a signal; the second does not listen to it."""
    scheduler = placing.scheduler()
    tasks = [placing.task(0), placing.task(1, "deaf")]
    jobs = [started(scheduler, task) for task in tasks]
    for job, task in zip(jobs, tasks, strict=True):
        await_state(scheduler, job, Running)
        wait_until(lambda task=task: is_alive(task), "the processes", LIMIT_SECONDS)
    jobs[0].stop()
    jobs[1].kill()
    for job in jobs:
        await_state(scheduler, job, Ended, Vanished)
    assert jobs[0].state == Ended(4)
    assert jobs[1].state in {Ended(-9), Ended(4), Vanished()}
    histories = [(task.folder / "history").read_text().split() for task in tasks]
    assert histories == [["+0", "-0"], ["+1"]]


@ray_at_length
def test_a_process_that_is_killed_has_no_good_end(placing: Placing):
    """So that its run is looked at, and started again."""
    scheduler, task = placing.scheduler(), placing.task(end="kill")
    job = started(scheduler, task)
    (task.folder / "go").touch()
    await_state(scheduler, job, Ended, Vanished)
    assert _is_abrupt(job.state)


@ray_at_length
def test_never_more_jobs_at_once_than_there_is_room(placing: Placing):
    """The others wait, in the queue or outside of it; each runs once."""
    scheduler = placing.scheduler()
    waiting = [placing.task(number) for number in range(placing.num_at_once + 2)]
    tasks, jobs = list(waiting), list[Handle]()

    def refresh() -> bool:
        while waiting and (job := scheduler.start(waiting[0])):
            jobs.append(job)
            waiting.pop(0)
        scheduler.refresh()
        return all(isinstance(job.state, Ended | Vanished) for job in jobs) and not waiting

    def num_alive() -> int:
        refresh()
        return sum(map(is_alive, tasks))

    wait_until(lambda: num_alive() == placing.num_at_once, "full places", LIMIT_SECONDS)
    until = time.monotonic() + 1.5
    wait_until(lambda: num_alive() and time.monotonic() > until, "time for another one")
    assert num_alive() == placing.num_at_once
    assert not waiting or scheduler.start(waiting[0]) is None
    if placing.outlives:
        assert sum(isinstance(job.state, Waiting) for job in jobs) >= 1
    for task in tasks:
        (task.folder / "go").touch()
    wait_until(refresh, "the end of all", LIMIT_SECONDS)
    assert [job.state for job in jobs] == [Ended(0)] * len(tasks)
    for number, task in enumerate(tasks):
        assert (task.folder / "history").read_text().split() == [f"+{number}", f"-{number}"]


def test_a_job_that_waits_is_cancelled(placing: Placing):
    """And its process never begins."""
    if not placing.outlives:
        pytest.skip("nothing waits in a queue here")
    scheduler = placing.scheduler()
    tasks = [placing.task(number) for number in range(placing.num_at_once + 1)]
    jobs = [started(scheduler, task) for task in tasks]
    for job in jobs[:-1]:
        await_state(scheduler, job, Running)
    await_state(scheduler, jobs[-1], Waiting)
    jobs[-1].stop()
    await_state(scheduler, jobs[-1], Ended)
    assert jobs[-1].state == Ended(4)
    assert not is_alive(tasks[-1])


@ray_at_length
def test_the_next_supervisor_finds_what_runs_and_what_waits(placing: Placing):
    """And nothing of what has ended; on this machine, nothing at all."""
    scheduler = placing.scheduler()
    tasks = [placing.task(number) for number in range(placing.num_at_once + 1)]
    jobs = [scheduler.start(task) for task in tasks]
    for job in jobs[:-1]:
        assert job is not None
        await_state(scheduler, job, Running)
    for task in tasks[:-1]:
        wait_until(lambda task=task: is_alive(task), "the processes", LIMIT_SECONDS)
    again = placing.scheduler()
    found = [again.reattach(task) for task in tasks]
    assert [each is not None for each in found] == [placing.outlives] * len(tasks)
    for task in tasks:
        (task.folder / "go").touch()
    if not placing.outlives:
        return
    for each in found:
        await_state(again, each, Ended, Vanished)
    assert [each.state for each in found] == [Ended(0)] * len(tasks)
    assert [placing.scheduler().reattach(task) for task in tasks] == [None] * len(tasks)
    for number, task in enumerate(tasks):
        assert (task.folder / "history").read_text().split() == [f"+{number}", f"-{number}"]


def test_a_scheduler_names_its_places(placing: Placing):
    """Each with a device."""
    places = placing.scheduler().places()
    assert places
    assert all(place.name and place.device for place in places)
