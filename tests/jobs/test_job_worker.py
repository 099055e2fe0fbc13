"""What a worker does by itself in a job of a cluster: telemetry, and waiting for another worker."""

import os
import signal
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

from medtui import worker
from medtui.engine.run.stopping import StopFlag, StopRequested
from medtui.events import RunStopped
from medtui.preset import Preset, parse_preset
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.writer import EventWriter
from medtui.runs.ownership.lock import FolderLock
from medtui.telemetry import read_samples
from medtui.telemetry.recording import recorded
from tests.helpers.waiting import wait_until

PRESET = parse_preset('name = "study"\n[data]\ncard = "demo"\n', "study")


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


class SlowEngine(ModuleType):
    """An engine in whose import a request to stop arrives."""

    def execute(
        self, _folder: RunFolder, _preset: Preset, _log: EventWriter, stop: StopFlag, *_: object
    ) -> None:
        """Stop as a run does after a step."""
        raise StopRequested(stop.reason)

    def __getattribute__(self, name: str) -> object:
        if name == "execute":
            os.kill(os.getpid(), signal.SIGTERM)
        return super().__getattribute__(name)


def test_it_can_be_stopped_while_it_imports_torch(run, monkeypatch):
    """Which takes seconds: the run then has stopped, and did not crash."""
    monkeypatch.setitem(sys.modules, "medtui.engine.run.pipeline", SlowEngine("pipeline"))
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    try:
        with FolderLock(run.lock) as lock, EventWriter(run.events, claim=lock.claim) as log:
            assert worker._run(run, PRESET, log, lock, "cpu") == worker.STOPPED
            assert log.history.ending == RunStopped("received SIGTERM", 0)
    finally:
        for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
            signal.signal(number, handler)
