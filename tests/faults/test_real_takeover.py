"""Two real studies in one folder: a suspended one is taken over, and wakes up too late."""

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from medtui.events import RunFinished, RunStarted
from medtui.runs.folder import StudyFolder
from medtui.runs.ownership.claim import newest_claim
from medtui.telemetry import read_samples
from tests.helpers.fault_scale import note_figure
from tests.helpers.mini_study import broken_flock, mini_preset, start_medtui
from tests.helpers.namespaces import contained
from tests.helpers.paths import REPOSITORY
from tests.helpers.study_processes import assert_same_outcome, events_of, num_cycles_told, result_of
from tests.helpers.waiting import wait_until

pytestmark = pytest.mark.faults

PRESET = mini_preset(lc={"cycles": 30, "steps": 2})


def contents(study: StudyFolder) -> dict[Path, bytes]:
    """Return every file of the runs but their locks, and the logs, where both may have a word."""
    return {
        path: path.read_bytes()
        for run in study.runs()
        for path in run.path.rglob("*")
        if path.is_file() and path not in {run.lock, run.worker_log}
    }


def test_a_suspended_study_is_taken_over_and_changes_nothing_afterwards(tmp_path):
    """Workers with torch, supervisors and samplers; `flock` accepts everything at both ends."""
    (tmp_path / "mini.toml").write_text(PRESET, encoding="utf-8")
    environment = broken_flock(tmp_path, 0)
    words = ["--run", "mini.toml", "--quiet", "--runs-dir"]
    undisturbed = start_medtui(tmp_path, *words, "oracle")
    _, errors = undisturbed.communicate(timeout=600)
    assert undisturbed.returncode == 0, errors
    study = StudyFolder(tmp_path / "runs" / "mini")
    run = study.run("prune-0.5")
    with contained(
        [sys.executable, "-m", "medtui", *words, "runs"], cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)} | environment,
    ) as container:  # fmt: skip
        wait_until(lambda: run.path.is_dir() and num_cycles_told(run) >= 3, "cycles", seconds=300)
        processes = psutil.Process(container.pid).children(recursive=True)
        refused = start_medtui(tmp_path, "resume", "mini", "--runs-dir", "runs", env=environment)
        _, errors = refused.communicate(timeout=300)
        assert refused.returncode == 3
        assert b"is already running" in errors
        for process in processes:
            process.suspend()
        began = time.monotonic()
        second = start_medtui(
            tmp_path, "resume", "mini", "-q", "--runs-dir", "runs", env=environment
        )
        _, errors = second.communicate(timeout=900)
        assert second.returncode == 0, errors
        note_figure("takeover by real workers", seconds=time.monotonic() - began)
        before = contents(study)
        for process in processes:
            process.send_signal(signal.SIGCONT)
        container.wait(300)
    assert contents(study) == before
    assert "was taken over by another process" in run.worker_log.read_text(encoding="utf-8")
    assert newest_claim(run.path).generation == 2
    assert result_of(run).generation == 2
    events = events_of(run)
    assert sum(isinstance(each, RunStarted) for each in events) == 2
    assert isinstance(events[-1], RunFinished)
    assert read_samples(run.telemetry)[0][-1].generation == 2
    for each in study.runs():
        assert_same_outcome(each, StudyFolder(tmp_path / "oracle" / "mini").run(each.name))
