"""What a worker does by itself in a job of a cluster: telemetry, and waiting for another worker."""

import threading
from pathlib import Path

import pytest

from medtui import worker
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.lock import FolderLock
from medtui.telemetry import read_samples
from medtui.telemetry.recording import recorded
from tests.helpers.waiting import wait_until


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Return the folder of a run."""
    run = StudyFolder(tmp_path / "study").run("prune-0.1")
    run.path.mkdir(parents=True)
    return run


def test_it_records_itself(run):
    """While it owns the run; nobody restarts what it started."""
    with FolderLock(run.lock), recorded(run.telemetry, run.worker_log):
        wait_until(run.telemetry.exists, "a sample")
    samples, _ = read_samples(run.telemetry)
    assert samples
    assert samples[0].process_memory_bytes
    assert run.worker_log.read_text() == ""


def test_it_waits_for_a_worker_that_the_cluster_believes_to_be_gone(run, monkeypatch):
    """Which is told in its log; without one it begins at once."""
    monkeypatch.setattr(worker, "_AWAIT_SECONDS", 0.01)
    worker.await_free(run)
    said = list[str]()
    monkeypatch.setattr("builtins.print", lambda text, **_: said.append(text))
    with FolderLock(run.lock):
        waiting = threading.Thread(target=worker.await_free, args=(run,))
        waiting.start()
        wait_until(lambda: said, "the sentence")
        waiting.join(0.05)
        assert waiting.is_alive()
    waiting.join()
    assert said[0].endswith("still computes prune-0.1; waiting until it ends")
