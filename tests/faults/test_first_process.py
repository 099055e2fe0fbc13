"""medtui as process 1 of a container, which is killed with everything in it when it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from medtui.events import CycleEnded
from medtui.monitor.study_feed import StudyFeed
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.reader import EventTail
from tests.helpers.fault_scale import note_figure
from tests.helpers.namespaces import require_namespaces
from tests.helpers.paths import REPOSITORY
from tests.helpers.waiting import wait_until

PRESET = """
name = "first"
[data]
card = "demo"
limit = 32
[model]
architecture = "shufflenet_v2_x0_5"
[reference]
epochs = 5000
batch_size = 16
[compress]
schemes = ["Prune"]
densities = [0.5]
[evaluate]
bootstrap = 0
[machine]
device = "cpu"
threads = 1
"""


@contextmanager
def first_process(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `medtui` as process 1 of a pid namespace."""
    require_namespaces()
    preset = folder / "first.toml"
    preset.write_text(PRESET)
    with subprocess.Popen(
        ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", sys.executable, "-m",
         "medtui", *arguments],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def child_of(process: subprocess.Popen[bytes]) -> int:
    """Return the pid here of process 1 there."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_until(lambda: children.read_text().split(), "process 1")
    return int(children.read_text().split()[0])


def test_sigterm_ends_process_1_before_its_study_has_started(tmp_path):
    """The kernel ignores it without a handler: a container would be killed ten seconds later."""
    with first_process(tmp_path, "--run", "first.toml", "--runs-dir", "runs") as process:
        pid = child_of(process)
        assert process.stderr.readline() == b"first: checking the data and the grid\n"
        os.kill(pid, signal.SIGTERM)
        assert process.wait(240) == 128 + signal.SIGTERM
        assert not (tmp_path / "runs" / "first").exists()


@pytest.mark.slow
def test_sigterm_stops_the_study_of_process_1(tmp_path):
    """The run has a checkpoint and is stopped, not crashed, when process 1 ends."""
    run = StudyFolder(tmp_path / "runs" / "first").reference
    with first_process(tmp_path, "--run", "first.toml", "--runs-dir", "runs") as process:
        pid = child_of(process)
        wait_until(lambda: num_epochs(run) >= 2, "two epochs")
        began = time.monotonic()
        os.kill(pid, signal.SIGTERM)
        assert process.wait(240) == 128 + signal.SIGTERM
        note_figure("SIGTERM to process 1", seconds=time.monotonic() - began)
    feed = StudyFeed(run.study)
    feed.refresh()
    assert feed.runs[0].status == "stopped"
    assert any(run.checkpoint.iterdir())


def num_epochs(run: RunFolder) -> int:
    """Count the epochs in a run's log so far."""
    records = EventTail(run.events).read_all()
    return sum(isinstance(record.event, CycleEnded) for record in records)


@pytest.mark.slow
def test_detaching_from_process_1_is_a_warning(tmp_path):
    """The study ends with its container; the message says so, and what to do."""
    with first_process(
        tmp_path, "--run", "first.toml", "--runs-dir", "runs", "--detach"
    ) as process:
        _, stderr = process.communicate()
    assert process.returncode == 0
    assert b"warning: this is process 1 of a container" in stderr
    assert b"--detach" in stderr
