"""A run whose job is in a cluster's queue is shown as waiting, with the cluster's own reason."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from medtui.charts.palette import DARK
from medtui.charts.run_identity import identify_study
from medtui.cli.show.listing import runs_table
from medtui.cli.show.summary import run_object
from medtui.events import RunStarted, RunStopped
from medtui.monitor.folder_reader import FolderReader
from medtui.monitor.run_feed import RunFeed
from medtui.monitor.snapshot import endings_between
from medtui.monitor.study_feed import StudyFeed
from medtui.monitor.summary_of_study import summarise_study
from medtui.runs.folder import RunFolder
from medtui.runs.job_record import JobRecord, JobWord, write_job
from medtui.runs.log.writer import EventWriter
from medtui.tui.screens.refusals import refusal
from medtui.tui.widgets.study_list import run_cells
from tests.helpers.owners import claim_elsewhere
from tests.helpers.recorded_runs import RecordedStudy


def note(run: RunFolder, state: JobWord, reason: str = "") -> None:
    """Write what the cluster says."""
    write_job(run.path, JobRecord("slurm", "abcd", "7", state, reason))


@pytest.fixture
def study(tmp_path: Path):
    """Return a study with a supervisor, none of whose runs has begun."""
    study = RecordedStudy(tmp_path, "jobs")
    study.hold(study.folder)
    yield study
    study.release()


def status_in(study: RecordedStudy, run: RunFolder) -> str:
    """Return a run's status as lists have it."""
    feed = StudyFeed(study.folder)
    feed.refresh()
    return next(each.status for each in feed.runs if each.folder == run)


@pytest.mark.parametrize(
    ("word", "reason", "log", "status"),
    [
        ("submitting", "", "", "queued"),
        ("waiting", "Resources", "", "waiting"),
        ("running", "", "", "running"),
        ("ended", "CANCELLED", "", "stopped"),
        ("ended", "FAILED", "", "crashed"),
        ("waiting", "BeginTime", "silent", "waiting"),
        ("running", "", "silent", "running"),
        ("ended", "NODE_FAIL", "silent", "crashed"),
        ("waiting", "BeginTime", "stopped", "waiting"),
        ("running", "", "stopped", "stopped"),
        ("ended", "COMPLETED", "stopped", "stopped"),
    ],
)
def test_the_clusters_word_is_truer_than_a_heartbeat(study, word, reason, log, status):
    """While a supervisor asks the cluster."""
    run = study.folder.run("prune-0.1")
    if log:
        with EventWriter(run.events) as writer:
            writer.write(RunStarted(7, "gpu1", "cuda:0"))
            if log == "stopped":
                writer.write(RunStopped("received SIGTERM", 3))
    if log == "silent":
        claim_elsewhere(run.path)
    note(run, word, reason)
    feed = RunFeed(run, is_supervised=True)
    feed._lock._watch._since -= 100.0  # nobody was heard of for so long
    feed.refresh()
    assert feed.status == status
    assert feed.waiting_for == (reason if status == "waiting" else "")


def test_without_a_supervisor_a_heartbeat_is_truer(study):
    """The last word may be hours old; a job whose worker nobody hears still waits."""
    study.release()
    run = study.folder.run("prune-0.1")
    note(run, "waiting", "Resources")
    assert status_in(study, run) == "waiting"
    study.hold(run)
    assert status_in(study, run) == "running"
    note(run, "ended", "COMPLETED")
    assert status_in(study, run) == "running"


def test_lists_and_screens_name_the_reason(study, tmp_path):
    """And what is known of its job, for programs."""
    run = study.folder.run("prune-0.1")
    note(run, "waiting", "Resources")
    feed = StudyFeed(study.folder)
    feed.refresh()
    summary = summarise_study(feed)
    row = next(each for each in summary.runs if each.name == run.name)
    assert "waiting (Resources)" in runs_table(summary.runs)
    mark = identify_study("jobs", [each.name for each in summary.runs])[row.key]
    assert run_cells(row, None, mark, DARK, "a run")["change"].plain == "◌ waiting (Resources)"
    found = run_object(feed, next(each for each in feed.runs if each.folder == run))
    assert (found["status"], found["waiting_for"], found["job"]["id"]) == (
        "waiting", "Resources", "7",
    )  # fmt: skip
    view = FolderReader(tmp_path).read("jobs/prune-0.1", refresh_all=True).view
    assert view is not None
    assert view.ending == "Its job waits in the queue (Resources)."
    assert not view.is_over
    assert refusal("stop", summary, row) == ""


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("OUT_OF_MEMORY", "Its job ended: OUT_OF_MEMORY; raise slurm.memory in the study's preset"),
        ("NODE_FAIL", "Its job ended: NODE_FAIL. Press r"),
        ("COMPLETED", "Its worker exited unexpectedly. Press r"),
    ],
)
def test_a_run_that_crashed_in_a_job_says_what_the_cluster_says(study, tmp_path, reason, said):
    """A worker that is killed for its memory can tell nothing."""
    run = study.folder.run("prune-0.1")
    with EventWriter(run.events) as writer:
        writer.write(RunStarted(7, "n1", "cpu"))
    note(run, "ended", reason)
    study.release()
    view = FolderReader(tmp_path).read("jobs/prune-0.1", refresh_all=True).view
    assert view is not None
    assert view.ending.startswith(said)


def test_lists_shorten_a_reason_that_is_a_sentence(study):
    """As Slurm says it of drained nodes."""
    note(study.folder.run("prune-0.1"), "waiting", "Nodes required for job are DOWN, DRAINED")
    feed = StudyFeed(study.folder)
    feed.refresh()
    states = {run.state for run in summarise_study(feed).runs}
    assert states == {"queued", "waiting (Nodes required for job…)"}


def test_a_job_that_is_queued_again_has_not_ended(study, tmp_path):
    """No notice says so; one that finishes unseen has."""
    run = study.folder.run("prune-0.1")
    snapshots = []
    for word in ("running", "waiting"):
        with EventWriter(run.events) as writer:
            writer.write(RunStarted(7, "gpu1", "cuda:0"))
        study.hold(run) if word == "running" else None
        note(run, word, "BeginTime")
        snapshots.append(FolderReader(tmp_path).read("", refresh_all=True))
    before, after = snapshots
    assert before.study("jobs").runs[1:] != after.study("jobs").runs[1:]
    assert endings_between(before, after) == []


def test_a_study_whose_runs_all_wait_is_no_stopped_one(study):
    """Its supervisor was killed; its jobs are in the queue."""
    study.release()
    note(study.folder.run("prune-0.1"), "waiting", "Priority")
    feed = StudyFeed(study.folder)
    feed.refresh()
    assert summarise_study(feed).status == "waiting"


def test_runs_that_a_stopped_study_did_not_get_to_are_stopped(study, tmp_path):
    """Nothing starts them but `medtui resume`; while it runs, they are queued."""
    study.run("prune-0.5", cycles=3, end="stopped")
    unstarted = study.folder.run("prune-0.1")
    assert status_in(study, unstarted) == "queued"
    study.release()
    assert status_in(study, unstarted) == "stopped"
    feed = StudyFeed(study.folder)
    assert [feed.refresh() for _ in range(3)] == [True, False, False]
    view = FolderReader(tmp_path).read("jobs/prune-0.1", refresh_all=True).view
    assert view is not None
    assert view.ending == "It was stopped before it started. Press r to start it."


def test_a_run_names_the_node_on_which_it_is_running(study):
    """Beside its device, and no longer than it runs."""
    run = study.folder.run("prune-0.1")
    with EventWriter(run.events) as writer:
        writer.write(RunStarted(7, "gpu1", "cuda:0"))
    record = JobRecord("ray", "abcd", "7", "running", place="box2")
    write_job(run.path, record)
    study.hold(run)
    feed = StudyFeed(study.folder)
    feed.refresh()
    assert summarise_study(feed).live_run.where == "cuda:0 on box2"
    study.release()
    write_job(run.path, replace(record, state="ended"))
    feed.refresh()
    assert {row.where for row in summarise_study(feed).runs} == {"cuda:0", ""}
