"""Errors of the disk name the file, what it needs and what is free."""

import errno
import os
import re
import subprocess
import sys

import pytest

from medtui.errors import EnvironmentProblem, FailedWrite, explain_os_error
from medtui.events import CycleEnded
from medtui.jobs.job import Job
from medtui.jobs.launcher import prepare_study
from medtui.jobs.schedulers import Ended
from medtui.jobs.schedulers.local import LocalJob
from medtui.preset import parse_preset
from medtui.runs.atomic_file import publish_bytes
from medtui.runs.folder import StudyFolder
from medtui.runs.log.reader import EventTail
from medtui.runs.log.writer import EventWriter
from medtui.storage.writing import writing
from tests.helpers.small_study import PRESET, cycle_ended

FULL = "The disk is full: {path} needs 2.93 KiB, and .* are free."


def refuse(number: int):
    """Return a function that fails as the system does, without a path."""

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, FULL),
        (errno.EDQUOT, FULL),
        (errno.EROFS, "{path} could not be written: the file system is read-only .*"),
        (errno.EIO, "{path} could not be written: the disk failed .*"),
    ],
)
def test_a_failed_sync_is_told_with_the_path(tmp_path, monkeypatch, number, told):
    """The file before is unchanged, and no temporary one is left."""
    path = tmp_path / "new" / "model.safetensors"
    path.parent.mkdir()
    path.write_bytes(b"before")
    monkeypatch.setattr(os, "fsync", refuse(number))
    with pytest.raises(FailedWrite) as caught:
        publish_bytes(path, bytes(3000))
    problem = explain_os_error(caught.value)
    assert re.fullmatch(told.format(path=re.escape(str(path))), problem.message)
    assert problem.exit_code == 3
    assert problem.hint.endswith("try again.")
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == b"before"


def test_other_errors_pass(tmp_path):
    """They have a path and a reason of their own."""
    with pytest.raises(PermissionError), writing(tmp_path / "a", 1):
        raise PermissionError(13, "Permission denied", "b")


def test_a_line_of_the_log_that_cannot_be_synced_is_told(tmp_path, monkeypatch):
    """The log goes on with the next number."""
    path = tmp_path / "events.jsonl"
    with EventWriter(path) as log:
        monkeypatch.setattr(os, "fsync", refuse(errno.EIO))
        with pytest.raises(FailedWrite, match=r"events\.jsonl"):
            log.write(cycle_ended(0, 0.1))
        monkeypatch.undo()
        log.write(cycle_ended(1, 0.1))
    records = EventTail(path).read_all()
    assert [record.seq for record in records] == [0, 1]
    assert all(isinstance(record.event, CycleEnded) for record in records)


def test_a_study_that_cannot_begin_leaves_no_folder(tmp_path, monkeypatch):
    """No list would show it."""
    monkeypatch.setattr(os, "fsync", refuse(errno.ENOSPC))
    with pytest.raises(EnvironmentProblem, match="The disk is full"):
        prepare_study(parse_preset(PRESET.format(name="small"), "test"), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("end", "is_again"), [("kill", True), ("exit", False)])
def test_a_worker_that_dies_before_its_first_event_is_started_again(tmp_path, end, is_again):
    """One that ended by itself said why in its log."""
    run = StudyFolder(tmp_path / "study").run("prune-0.1")
    run.path.mkdir(parents=True)
    code = {"kill": "import os; os.kill(os.getpid(), 9)", "exit": "raise SystemExit(3)"}[end]
    worker = subprocess.Popen([sys.executable, "-S", "-c", code])
    worker.wait()
    job = Job(run, LocalJob(None, worker, None))
    job.handle.state = Ended(worker.returncode)
    assert (job.next_start() is not None) is is_again
