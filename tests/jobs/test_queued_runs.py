"""A stopped run is queued while its study is live; a killed worker is named in the log."""

from pathlib import Path

import pytest

from medtui.events import CheckpointWritten
from medtui.jobs import worker_process
from medtui.jobs.device_slots import Slot
from medtui.jobs.schedulers.task import worker_task
from medtui.jobs.study_supervisor import Supervisor
from medtui.jobs.worker_process import WorkerStarter
from medtui.monitor.folder_reader import FolderReader
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.history import History
from medtui.runs.log.reader import EventTail
from medtui.runs.log.writer import EventWriter
from medtui.runs.queue_request import queue_run, queued_runs
from medtui.worker import killed_note
from tests.helpers.instant_scheduler import InstantScheduler, preset_of
from tests.helpers.recorded_runs import RecordedStudy


def _runs(folder: Path, *names: str) -> list[RunFolder]:
    runs = [StudyFolder(folder / "study").run(name) for name in names]
    for run in runs:
        run.path.mkdir(parents=True)
    return runs


def test_a_queued_run_starts_after_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was stopped while the second one ran; its request is gone once it has started."""
    first, second = _runs(tmp_path, "prune-0.1", "prune-0.2")
    started: list[str] = []

    def begin(run: RunFolder) -> None:
        started.append(run.name)
        if started == ["prune-0.1", "prune-0.2"]:
            queue_run(first)

    monkeypatch.setattr("medtui.jobs.study_supervisor.POLL_SECONDS", 0)
    supervisor = Supervisor(first.study, preset_of("study"), InstantScheduler(begin))
    supervisor._run_all([first, second])
    assert started == ["prune-0.1", "prune-0.2", "prune-0.1"]
    assert queued_runs([first, second]) == []


def test_the_next_worker_is_told_which_signal_killed_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And writes it as a warning into the log."""
    (run,) = _runs(tmp_path, "prune-0.1")
    commands: list[list[str]] = []
    monkeypatch.setattr(
        worker_process.subprocess, "Popen", lambda command, **_: commands.append(command)
    )
    preset = preset_of("study")
    WorkerStarter().start(worker_task(run, preset, after_signal=9), Slot("", "cpu"))
    WorkerStarter().start(worker_task(run, preset), Slot("", "cpu"))
    assert commands[0][-2:] == ["--after-signal", "9"]
    assert "--after-signal" not in commands[1]
    with EventWriter(run.events) as log:
        log.write(killed_note(9))
    history = History()
    for record in EventTail(run.events).read_all():
        history.add(record)
    assert history.lines[-1].text == "the worker was killed (signal 9); started again"
    assert history.lines[-1].level == "warning"


@pytest.mark.parametrize(
    ("has_checkpoint", "is_queued", "is_live", "words"),
    [
        (False, False, False, "start it again: no checkpoint was written"),
        (True, False, False, "resume it from its last checkpoint."),
        (True, False, True, "from its last checkpoint after the other runs"),
        (True, True, True, "starts again after the other runs"),
        (True, True, False, "resume it from its last checkpoint."),
    ],
)
def test_a_stopped_run_promises_what_r_does(
    tmp_path: Path, *, has_checkpoint: bool, is_queued: bool, is_live: bool, words: str
) -> None:
    """A checkpoint where there is one; the queue while the study goes on without it."""
    study = RecordedStudy(tmp_path, "over")
    study.reference()
    run = study.run("prune-0.1", cycles=3, end="")
    if not has_checkpoint:
        _forget_checkpoints(run)
    if is_queued:
        queue_run(run)
    if is_live:
        study.hold(study.folder)
    view = FolderReader(tmp_path).read("over/prune-0.1", refresh_all=True).view
    study.release()
    assert view is not None
    assert words in view.ending


def _forget_checkpoints(run: RunFolder) -> None:
    lines = run.events.read_bytes().splitlines(keepends=True)
    kind = CheckpointWritten.__name__.encode()
    run.events.write_bytes(b"".join(line for line in lines if kind not in line))
