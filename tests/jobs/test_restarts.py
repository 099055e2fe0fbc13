"""Which runs a supervisor starts again whose jobs are over, and how often."""

from dataclasses import dataclass, field

import pytest

from medtui.events import Event, RunFailed, RunStarted, RunStopped
from medtui.jobs.job import MAX_LOSSES, Job, Restarts
from medtui.jobs.schedulers import Ended, JobState, Vanished
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.job_record import JobRecord, write_job
from medtui.runs.log.writer import EventWriter
from tests.helpers.owners import claim_elsewhere

LOST = Vanished("PREEMPTED", is_lost=True)
FORGOTTEN = Vanished(is_lost=True)
FAILED = Vanished("FAILED")


@dataclass
class Over:
    """A job that is over."""

    state: JobState
    requests: list[str] = field(default_factory=list)

    def stop(self) -> None:
        """Do nothing."""

    def kill(self) -> None:
        """Do nothing."""


@pytest.fixture
def run(tmp_path) -> RunFolder:
    """Return a run that was started."""
    run = StudyFolder(tmp_path / "s").run("prune-0.1")
    run.path.mkdir(parents=True)
    told(run, RunStarted(1, "n1", "cpu"))
    return run


def told(run: RunFolder, event: Event) -> None:
    """Add an event to a run's log."""
    with EventWriter(run.events) as log:
        log.write(event)


@pytest.mark.parametrize(
    ("state", "restarts"),
    [
        (Ended(-9), Restarts(num_crashes=1, killed_by=9)), (FAILED, Restarts(num_crashes=1)),
        (LOST, Restarts(num_losses=1)), (FORGOTTEN, Restarts(num_losses=1)), (Ended(0), None),
        (Ended(4), None),
    ],
)  # fmt: skip
def test_a_run_without_an_ending_is_started_again(run, state, restarts):
    """Unless its job ended well, or was cancelled."""
    assert Job(run, Over(state)).next_start() == restarts


@pytest.mark.parametrize(
    ("state", "is_restarted"), [(LOST, True), (FORGOTTEN, False), (FAILED, False)]
)
def test_a_run_that_stopped_is_started_again_only_where_the_cluster_stopped_it(
    run, state, *, is_restarted
):
    """Where preempted jobs are not queued again, their workers write a checkpoint all the same."""
    told(run, RunStopped("received SIGTERM", 1))
    assert (Job(run, Over(state)).next_start() is not None) is is_restarted


def test_a_run_that_failed_is_not_started_again(run):
    """Whatever became of its job."""
    told(run, RunFailed("the loss is not finite", "", is_resumable=False))
    assert Job(run, Over(LOST)).next_start() is None


def test_what_the_cluster_takes_away_counts_for_itself(run):
    """A run that was often preempted may still crash once."""
    done = Restarts(num_losses=MAX_LOSSES)
    assert Job(run, Over(LOST), done).next_start() is None
    once = Job(run, Over(FAILED), done).next_start()
    assert once == Restarts(num_crashes=1, num_losses=MAX_LOSSES)
    assert Job(run, Over(FAILED), once).next_start() is None


def test_a_worker_that_was_killed_on_another_machine_counts_as_crashed(run):
    """It did not sign off: only the scheduler knows that it has ended."""
    claim_elsewhere(run.path, boot_id="another")
    write_job(run.path, JobRecord("slurm", "t", id="7", state="ended", reason="FAILED"))
    assert Job(run, Over(FAILED)).next_start() == Restarts(num_crashes=1)
