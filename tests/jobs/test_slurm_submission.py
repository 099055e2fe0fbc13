"""When a study submits jobs to Slurm, and what it does where they are refused."""

from collections.abc import Iterator

import pytest

from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers import slurm as slurm_scheduler
from medtui.jobs.schedulers.slurm import RETRY_SECONDS, SlurmScheduler
from medtui.runs.job_record import read_job
from medtui.runs.ownership.claim import Superseded
from tests.helpers.scripted_slurm import (
    ListedQueue,
    ScriptedSlurm,
    preset_of,
    scheduler_of,
    tasks_in,
)
from tests.helpers.waiting import wait_until


@pytest.fixture
def slurm(monkeypatch: pytest.MonkeyPatch) -> ScriptedSlurm:
    """Return a cluster without jobs."""
    return ScriptedSlurm(monkeypatch)


def test_a_study_submits_as_many_jobs_as_it_may(tmp_path, slurm):
    """The next one when one of them is over."""
    tasks = tasks_in(tmp_path, 3)
    queue = ListedQueue()
    scheduler = scheduler_of(queue, "max_jobs = 2")
    assert [scheduler.start(task) is not None for task in tasks] == [True, True, False]
    slurm.become("100", "COMPLETED")
    queue.update()
    scheduler.refresh()
    assert scheduler.start(tasks[2]) is not None
    assert slurm.count("sbatch") == 3


@pytest.mark.parametrize("was_accepted", [False, True])
def test_a_submission_that_failed_for_now_is_repeated_unless_it_was_accepted(
    tmp_path, slurm, *, was_accepted
):
    """Which the name tells: it has the token that was written down before."""
    (task,) = tasks_in(tmp_path, 1)
    queue, now = ListedQueue(), [0.0]
    scheduler = scheduler_of(queue, clock=lambda: now[0])
    slurm.refusal, slurm.accepts_silently = "Socket timed out on send/recv operation", was_accepted
    assert scheduler.start(task) is None
    assert scheduler.waiting_for == "slurm: sbatch failed: Socket timed out on send/recv operation."
    slurm.refusal = ""
    now[0] = RETRY_SECONDS + 1
    assert scheduler.start(task) is None  # no listing tells yet
    queue.update()
    assert scheduler.start(task) is not None
    assert slurm.count("sbatch") == (1 if was_accepted else 2)
    assert list(slurm.lines) == ["100"]
    assert read_job(task.folder).id == "100"


def test_a_submission_that_was_not_answered_is_repeated_once_slurm_answers(tmp_path, slurm):
    """Without a further pause; until then the study says why it waits."""
    (task,) = tasks_in(tmp_path, 1)
    queue, now = ListedQueue(), [0.0]
    scheduler = scheduler_of(queue, clock=lambda: now[0])
    slurm.is_down = True
    assert scheduler.start(task) is None
    scheduler.refresh()
    queue.update()
    assert scheduler.waiting_for == "slurm: squeue failed: Unable to contact slurm controller."
    assert scheduler.start(task) is None
    assert slurm.count("sbatch") == 1
    slurm.is_down, now[0] = False, 1.0
    queue.update()
    assert scheduler.start(task) is not None
    assert scheduler.waiting_for == ""


LIMIT = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"


@pytest.mark.parametrize(
    ("named", "waits"),
    [
        ("QOSMaxSubmitJobPerUserLimit; ", True), ("MaxSubmitJobsPerAccount; ", True),
        ("QOSMaxWallDurationPerJobLimit; ", False), ("", True),
    ],
)  # fmt: skip
def test_a_limit_of_jobs_is_waited_for_and_one_of_their_size_is_not(
    tmp_path, slurm, named, *, waits
):
    """One that Slurm does not name may be one of jobs only while the study has some."""
    tasks = tasks_in(tmp_path, 2)
    scheduler = scheduler_of(ListedQueue())
    slurm.refusal = f"{named}Batch job submission failed: {LIMIT}"
    if not named:
        with pytest.raises(EnvironmentProblem, match="accounting/QOS policy"):
            scheduler.start(tasks[0])
    slurm.refusal = ""
    assert scheduler.start(tasks[0]) is not None
    slurm.refusal = f"{named}Batch job submission failed: {LIMIT}"
    if waits:
        assert scheduler.start(tasks[1]) is None
        assert LIMIT in scheduler.waiting_for
    else:
        with pytest.raises(EnvironmentProblem, match="QOSMaxWallDurationPerJobLimit"):
            scheduler.start(tasks[1])


def test_a_submission_that_is_refused_for_good_ends_the_study(tmp_path, slurm):
    """With Slurm's own words."""
    (task,) = tasks_in(tmp_path, 1)
    slurm.refusal = "error: invalid partition specified: gpuu"
    with pytest.raises(EnvironmentProblem, match="invalid partition specified: gpuu"):
        scheduler_of(ListedQueue()).start(task)


@pytest.fixture
def silent(slurm: ScriptedSlurm, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedSlurm]:
    """Return a cluster whose `sbatch` waits, and for which nobody waits."""
    monkeypatch.setattr(slurm_scheduler, "ANSWER_SECONDS", 0.0)
    slurm.answers.clear()
    yield slurm
    slurm.answers.set()


def test_a_submission_without_an_answer_keeps_nobody_waiting(tmp_path, silent):
    """It is the only one until then, and its job is taken when it is there."""
    tasks = tasks_in(tmp_path, 2)
    scheduler = scheduler_of(ListedQueue())
    for task in (*tasks, *tasks):
        assert scheduler.start(task) is None
    scheduler.refresh()
    assert scheduler.waiting_for == "slurm: sbatch has not answered yet"
    silent.answers.set()
    started = set[str]()

    def are_started() -> bool:
        waiting = [task for task in tasks if task.name not in started]
        started.update(task.name for task in waiting if scheduler.start(task) is not None)
        return len(started) == len(tasks)

    wait_until(are_started, "two jobs")
    assert silent.count("sbatch") == 2
    assert [read_job(task.folder).id for task in tasks] == ["100", "101"]
    assert scheduler.waiting_for == ""


def test_a_limit_counts_a_submission_without_an_answer(tmp_path, silent):
    """Also once it is answered, before its own turn has come again."""
    tasks = tasks_in(tmp_path, 2)
    scheduler = scheduler_of(ListedQueue(), "max_jobs = 1")
    assert scheduler.start(tasks[0]) is None
    silent.answers.set()
    wait_until(lambda: "100" in silent.lines, "the job")
    wait_until(lambda: scheduler.waiting_for == "", "the answer")
    assert scheduler.start(tasks[1]) is None
    assert scheduler.start(tasks[0]) is not None
    assert silent.count("sbatch") == 1


@pytest.mark.parametrize("is_superseded", [False, True])
def test_a_study_that_ends_meanwhile_leaves_no_job_behind(tmp_path, silent, *, is_superseded):
    """A supervisor that has taken it over finds the job by its name, and keeps it."""
    (task,) = tasks_in(tmp_path, 1)
    preset, superseded = preset_of(), list[bool]()

    def fence() -> None:
        if superseded:
            raise Superseded("taken over")

    scheduler = SlurmScheduler(preset.machine, preset.jobs, fence, ListedQueue())
    assert scheduler.start(task) is None
    superseded.extend([True] * is_superseded)
    silent.answers.set()
    scheduler.close()
    record = read_job(task.folder)
    if is_superseded:
        assert silent.lines["100"][0] == "PENDING"
        assert (record.id, record.state) == ("", "submitting")
        assert scheduler_of(ListedQueue()).reattach(task) is not None
    else:
        assert silent.lines["100"][0] == "CANCELLED"
        assert record.was_cancelled
        assert scheduler_of(ListedQueue()).reattach(task) is None
    assert read_job(task.folder).id == "100"


def test_a_refusal_that_comes_late_ends_the_study(tmp_path, silent):
    """As one that comes at once."""
    (task,) = tasks_in(tmp_path, 1)
    silent.refusal = "error: invalid partition specified: gpuu"
    scheduler = scheduler_of(ListedQueue())
    assert scheduler.start(task) is None
    silent.answers.set()
    wait_until(lambda: scheduler.waiting_for == "", "the answer")
    with pytest.raises(EnvironmentProblem, match="invalid partition specified: gpuu"):
        scheduler.start(task)
