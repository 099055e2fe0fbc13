"""Following a study: what is told where, what ends it, and what an interrupted follower leaves."""

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from medtui.events import Noted, RunFinished, StepsAdvanced
from medtui.runs.folder import StudyFolder
from medtui.runs.log.writer import EventWriter
from medtui.runs.ownership.liveness import holder_of
from medtui.runs.ownership.lock import FolderLock
from medtui.runs.result import write_result
from tests.helpers.paths import REPOSITORY
from tests.helpers.small_study import begin, cycle_ended, record_study, result_of
from tests.helpers.waiting import wait_until

PATIENCE_SECONDS = 60.0

SMALL = """
name = "small"
[data]
card = "demo"
limit = 32
[reference]
epochs = 500
batch_size = 16
[evaluate]
bootstrap = 0
[machine]
device = "cpu"
"""


class LiveStudy:
    """A study whose last run this process carries on, event by event, holding its locks."""

    def __init__(self, folder: StudyFolder, stack: ExitStack) -> None:
        self.folder = folder
        self.run = folder.run("quantize16")
        self._stack = stack
        for path in (folder.lock, self.run.lock):
            lock = FolderLock(path)
            lock.acquire()
            stack.callback(lock.release)
        self.run.events.unlink()
        self.log = stack.enter_context(EventWriter(self.run.events))
        begin(self.log, self.run)

    def finish(self) -> None:
        """End the run well and free all locks."""
        write_result(self.run, result_of(self.run, 1.0))
        self.log.write(RunFinished(3.0))
        self._stack.close()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveStudy]:
    """Yield a study at work."""
    with ExitStack() as stack:
        yield LiveStudy(record_study(tmp_path / "runs", "cells"), stack)


class Attached:
    """`medtui attach` in a process of its own, its stderr read as it comes."""

    def __init__(self, folder: Path, *arguments: str, stderr: int = subprocess.PIPE) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "medtui", *arguments],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY), "TERM": "xterm"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
        self.told = b""
        self._reader: threading.Thread | None = None
        if self.process.stderr is not None:
            self.read_from(self.process.stderr.fileno())

    def read_from(self, descriptor: int) -> None:
        """Collect what is told in the background."""

        def collect() -> None:
            try:
                while chunk := os.read(descriptor, 4096):
                    self.told += chunk
            except OSError:
                return  # a terminal that is gone ends with an error

        self._reader = threading.Thread(target=collect, daemon=True)
        self._reader.start()

    def wait_for_word(self, word: str) -> None:
        """Wait until the follower has said it."""
        wait_until(lambda: word.encode() in self.told, word)

    def end(self) -> tuple[int, str]:
        """Wait for the end; give exit code and stdout."""
        assert self.process.stdout is not None
        deadline = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        deadline.start()
        output = self.process.stdout.read()
        code = self.process.wait()
        deadline.cancel()
        if self._reader is not None:
            self._reader.join(PATIENCE_SECONDS)
        return code, output.decode()


def test_a_study_at_rest_is_told_by_its_table(medtui, study):
    """Nothing to follow: the table, the failure with its cure, exit 1."""
    done = medtui("attach", "cells")
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "run", "reference", "prune-0.1", "quantize16",
    ]  # fmt: skip
    assert "cells/quantize16 failed: the GPU has no memory left" in done.stderr
    assert "Lower lc.batch_size." in done.stderr


def test_a_finished_run_of_a_failed_study_is_fine(medtui, study):
    """The exit code is about what was asked for."""
    done = medtui("attach", "prune-0.1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "quantize16" not in done.stdout


def test_news_are_told_by_plain_lines_until_the_end(live, tmp_path):
    """No carriage return, no escape sequence, no old news; then the table, and exit 0."""
    attached = Attached(tmp_path, "attach", "cells")
    attached.wait_for_word("following cells")  # what is there before is the past
    live.log.write(cycle_ended(0, 1.0))
    attached.wait_for_word("quantize16: cycle 0 (1/3): val accuracy 90.0 % (selection)")
    live.log.write(Noted("layer\x1b[2J died", "warning"))
    attached.wait_for_word(r"quantize16: warning: layer\u001b[2J died")
    live.finish()
    code, table = attached.end()
    assert code == 0
    assert "quantize16  finished" in table
    told = attached.told.decode()
    assert "\r" not in told
    assert "\x1b" not in told
    assert "prune-0.1" not in told
    assert "quantize16: finished: val accuracy 92.0 % (selection), test accuracy 92.0 %" in told


def test_quiet_says_nothing(live, tmp_path):
    """`--quiet` leaves stderr empty where all goes well."""
    attached = Attached(tmp_path, "attach", "cells", "--quiet")
    live.log.write(cycle_ended(0, 1.0))
    time.sleep(1)
    live.finish()
    assert attached.end()[0] == 0
    assert attached.told == b""


def test_json_gives_each_run_once(live, tmp_path):
    """One object for each run, whether it ended before or while it was followed."""
    attached = Attached(tmp_path, "attach", "cells", "--json", "--quiet")
    time.sleep(1)
    live.finish()
    _, output = attached.end()
    runs = [json.loads(line) for line in output.splitlines()]
    assert sorted(run["run"] for run in runs) == ["prune-0.1", "quantize16", "reference"]
    assert {run["status"] for run in runs} == {"finished"}


def test_verbose_shows_the_workers_log(live, tmp_path):
    """Whole lines of `worker.log` are passed on as they come."""
    attached = Attached(tmp_path, "attach", "cells", "-v")
    attached.wait_for_word("following cells")
    live.run.worker_log.write_text("a library speaks\nhalf a li", encoding="utf-8")
    attached.wait_for_word("quantize16 log: a library speaks\n")
    live.finish()
    assert attached.end()[0] == 0
    assert b"half" not in attached.told


def test_a_terminal_gets_a_live_bar(live, tmp_path):
    """On a terminal the bar shows run, step and what was reached."""
    ours, theirs = pty.openpty()
    attached = Attached(tmp_path, "attach", "cells", stderr=theirs)
    os.close(theirs)
    attached.read_from(ours)
    live.log.write(cycle_ended(0, 1.0))
    live.log.write(StepsAdvanced(1, 7, 20))
    attached.wait_for_word("cycle 2 of 3, step 7/20")
    attached.wait_for_word("2 of 3 runs done")
    live.finish()
    assert attached.end()[0] == 0


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_who_only_looks_on_leaves_the_study_running(live, tmp_path, number, code):
    """A signal ends the follower alone, with the signal's exit code."""
    attached = Attached(tmp_path, "attach", "cells")
    attached.wait_for_word("following cells")
    attached.process.send_signal(number)
    assert attached.end()[0] == code
    assert holder_of(live.folder.lock).pid == os.getpid()


def test_a_vanished_terminal_ends_the_follower_alone(live, tmp_path):
    """Without any signal, the follower learns that nobody reads and goes."""
    ours, theirs = pty.openpty()
    attached = Attached(tmp_path, "attach", "cells", stderr=theirs)
    os.close(theirs)
    assert os.read(ours, 1)
    os.close(ours)
    assert attached.end()[0] == 129
    assert holder_of(live.folder.lock).pid == os.getpid()


def test_a_crashed_run_is_explained(medtui, study):
    """A worker that vanished leaves its log and the way on."""
    run = study.run("quantize16")
    run.events.unlink()
    with EventWriter(run.events) as log:
        begin(log, run)
    done = medtui("attach", "cells")
    assert done.returncode == 1
    assert "cells/quantize16 crashed" in done.stderr
    assert "medtui resume" in done.stderr


def test_a_run_that_never_began_tells_its_log(medtui, study):
    """What a worker said before it could write an event is passed on."""
    run = study.run("quantize16")
    run.events.unlink()
    run.worker_log.write_text("no such device\n", encoding="utf-8")
    done = medtui("attach", "cells")
    assert done.returncode == 1
    assert "no such device" in done.stderr


def test_nothing_at_work_cannot_be_stopped(medtui, study):
    """Stopping what is at rest is said and is no failure."""
    done = medtui("stop", "cells")
    assert done.returncode == 0
    assert "is not running" in done.stderr


@pytest.fixture
def small(tmp_path: Path) -> Iterator[StudyFolder]:
    """Write a long preset; kill its study at the end, also where the test failed."""
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    folder = StudyFolder(tmp_path / "runs" / "small")
    yield folder
    for lock in (folder.lock, folder.reference.lock):
        if (owner := holder_of(lock)) is not None:
            os.kill(owner.pid, signal.SIGKILL)


def test_an_interrupted_run_stops_its_study(small, tmp_path):
    """Ctrl+C on `medtui --run` waits for the last word, names the way on, and exits 130."""
    followed = Attached(tmp_path, "--run", "small.toml")
    followed.wait_for_word("/500)")
    followed.process.send_signal(signal.SIGINT)
    code, table = followed.end()
    assert code == 130
    assert "reference  stopped" in table
    assert b"medtui resume small" in followed.told
    assert holder_of(small.lock) is None


@pytest.mark.usefixtures("small")
def test_a_detached_study_goes_on_until_it_is_stopped(medtui, tmp_path):
    """`--detach` prints the name; `attach` and `stop` find it by that name."""
    assert medtui("--run", "small.toml", "--detach").stdout == "small\n"
    attached = Attached(tmp_path, "attach", "small/reference")
    attached.wait_for_word("/500)")  # some epoch: the first may end before `attach` begins
    assert "Stop requested for small" in medtui("stop", "small").stderr
    code, table = attached.end()
    assert code == 1
    assert "reference  stopped" in table
