"""When a study submits jobs to Slurm, and what it does where they are refused."""

import pytest

from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers.slurm import RETRY_SECONDS
from medtui.runs.job_record import read_job
from tests.helpers.scripted_slurm import (
    ListedQueue,
    ScriptedSlurm,
    scheduler_of,
    tasks_in,
)


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
