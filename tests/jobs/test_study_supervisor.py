"""What a supervisor does with its jobs, whatever places them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from medtui.errors import EnvironmentProblem
from medtui.events import RunStarted, RunStopped
from medtui.jobs.schedulers import Ended, JobState, Place, Running, Task, Vanished, Waiting
from medtui.jobs.study_supervisor import Supervisor
from medtui.preset import parse_preset
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.writer import EventWriter
from medtui.runs.ownership.claim import Superseded
from medtui.runs.waiting_note import read_waiting

PRESET = parse_preset('name = "study"\n[data]\ncard = "demo"\n', "study")


@dataclass
class ScriptedJob:
    """A job with a state for each look."""

    states: Iterator[JobState]
    state: JobState = field(default_factory=Waiting)
    requests: list[str] = field(default_factory=list)

    def stop(self) -> None:
        """Note it, and end as a worker that stopped."""
        self.requests.append("stop")
        self.states = iter([Ended(4)])

    def kill(self) -> None:
        """Note it."""
        self.requests.append("kill")


@dataclass
class ScriptedScheduler:
    """Starts jobs whose states are given for each start of each run."""

    script: dict[str, list[list[JobState]]]
    """Name of a run, or of a benchmark, to the states of its first job, its second and so on."""
    found: dict[str, list[JobState]] = field(default_factory=dict)
    """States of jobs that an earlier supervisor left."""
    room: int = 2
    name: str = "scripted"
    shares_cores: bool = False
    waiting_for: str = ""
    started: list[Task] = field(default_factory=list)
    jobs: list[ScriptedJob] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """What the study was waiting for, at each look."""

    def start(self, task: Task) -> ScriptedJob | None:
        """Start a job if there is room."""
        active = [job for job in self.jobs if not isinstance(job.state, Ended | Vanished)]
        if len(active) >= self.room:
            return None
        self.started.append(task)
        return self._job(self.script[task.folder.name].pop(0))

    def reattach(self, task: Task) -> ScriptedJob | None:
        """Return what an earlier supervisor left."""
        states = self.found.pop(task.folder.name, None)
        return self._job(states) if states is not None else None

    def refresh(self) -> None:
        """Let each job have its next state."""
        for job in self.jobs:
            job.state = next(job.states, job.state)

    def places(self) -> list[Place]:
        """Return no place."""
        return []

    def close(self) -> None:
        """Do nothing."""

    def _job(self, states: list[JobState]) -> ScriptedJob:
        self.jobs.append(ScriptedJob(iter(states)))
        return self.jobs[-1]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyFolder:
    """Return a study with two runs, whose supervisor does not pause."""
    monkeypatch.setattr("medtui.jobs.study_supervisor.POLL_SECONDS", 0)
    study = StudyFolder(tmp_path / "study")
    for name in ("a", "b", "c"):
        study.run(name).path.mkdir(parents=True)
    return study


def runs_of(study: StudyFolder, names: str) -> list[RunFolder]:
    """Return runs by their names of one letter."""
    return [study.run(name) for name in names]


GONE = [Running("n1"), Vanished("NODE_FAIL")]


def test_a_run_whose_job_is_gone_is_started_again_once(study):
    """With the signal that ended the worker, where it is known."""
    killed = [Running(), Ended(-9)]
    scheduler = ScriptedScheduler({"a": [GONE, GONE], "b": [killed, [Running(), Ended(0)]]})
    Supervisor(study, PRESET, scheduler)._run_all(runs_of(study, "ab"))
    assert [task.folder.name for task in scheduler.started] == ["a", "b", "b", "a"]
    again = [task.arguments for task in scheduler.started[2:]]
    assert again == [("--after-signal", "9"), ()]


@pytest.mark.parametrize(("has_ending", "count"), [(True, 1), (False, 2)])
def test_a_run_with_an_ending_is_not_started_again(study, *, has_ending, count):
    """Its worker stopped or failed in good order before its job was gone."""
    (run,) = runs_of(study, "a")
    with EventWriter(run.events) as log:
        log.write(RunStarted(1, "n1", "cpu"))
        if has_ending:
            log.write(RunStopped("received SIGTERM", 1))
    scheduler = ScriptedScheduler({"a": [GONE, GONE]})
    Supervisor(study, PRESET, scheduler)._run_all([run])
    assert len(scheduler.started) == count


def test_jobs_of_an_earlier_supervisor_are_looked_after(study):
    """They count, and are not submitted again; those that wait as well."""
    scheduler = ScriptedScheduler(
        {"a": [[Ended(0)]]},
        {"b": [Running(), Running(), Ended(0)], "c": [Waiting("Resources"), Ended(0)]},
    )
    Supervisor(study, PRESET, scheduler)._run_all(runs_of(study, "abc"))
    assert [task.folder.name for task in scheduler.started] == ["a"]
    assert [job.state for job in scheduler.jobs] == [Ended(0)] * 3


def test_a_study_whose_jobs_all_wait_says_why(study, monkeypatch):
    """Until one of them runs."""
    told = []
    monkeypatch.setattr(
        "medtui.jobs.study_supervisor.time.sleep", lambda _: told.append(read_waiting(study))
    )
    wait = Waiting("Resources")
    scheduler = ScriptedScheduler({
        "a": [[wait, wait, Running(), Running(), Ended(0)]],
        "b": [[Waiting(), wait, wait, wait, Ended(0)]],
    })  # fmt: skip
    Supervisor(study, PRESET, scheduler)._run_all(runs_of(study, "ab"))
    assert told == ["scripted: Resources", "scripted: Resources", "", "", ""]


def test_a_stop_reaches_jobs_that_run_and_jobs_that_wait(study):
    """And nothing is started after it."""
    endless = [Running()] * 100
    scheduler = ScriptedScheduler({"a": [endless], "b": [[Waiting()] * 100]})
    supervisor = Supervisor(study, PRESET, scheduler)
    refresh = scheduler.refresh

    def refresh_and_stop() -> None:
        refresh()
        supervisor._num_requests = 1

    scheduler.refresh = refresh_and_stop
    supervisor._run_all(runs_of(study, "abc"))
    assert [job.requests for job in scheduler.jobs] == [["stop"], ["stop"]]
    assert len(scheduler.started) == 2


def test_a_superseded_supervisor_leaves_its_jobs_alone(study):
    """They belong to the next one."""
    scheduler = ScriptedScheduler({"a": [[Running()] * 100]})
    supervisor = Supervisor(study, PRESET, scheduler)
    refresh = scheduler.refresh

    def refresh_and_lose() -> None:
        refresh()
        supervisor._superseded = "taken over"

    scheduler.refresh = refresh_and_lose
    with pytest.raises(Superseded, match="taken over"):
        supervisor._run_all(runs_of(study, "a"))
    assert scheduler.jobs[0].requests == []


@pytest.mark.parametrize(
    ("states", "is_reported"),
    [
        ([Waiting("Priority"), Running(), Ended(0)], False), ([Running(), Ended(3)], True),
        ([Waiting(), Vanished("FAILED")], True),
    ],
)  # fmt: skip
def test_a_benchmark_is_a_job_too(study, capsys, states, *, is_reported):
    """Its failure is reported, and fails no run."""
    scheduler = ScriptedScheduler({"study": [states]})
    Supervisor(study, PRESET, scheduler)._time(runs_of(study, "ab"))
    (task,) = scheduler.started
    assert (task.module, task.folder, task.arguments) == (
        "medtui.jobs.bench_job", study.path, ("a", "b"),
    )  # fmt: skip
    assert ("The benchmark failed. See" in capsys.readouterr().err) is is_reported


def test_a_scheduler_that_refuses_ends_the_study(study):
    """Its words are the reason; a benchmark is only left out."""
    scheduler = ScriptedScheduler({})

    def refuse(_task: Task) -> None:
        raise EnvironmentProblem("sbatch failed: invalid partition specified: gpuu.")

    scheduler.start = refuse
    supervisor = Supervisor(study, PRESET, scheduler)
    with pytest.raises(EnvironmentProblem, match="invalid partition"):
        supervisor._run_all(runs_of(study, "a"))
    supervisor._time(runs_of(study, "a"))
