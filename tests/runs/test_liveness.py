"""Who writes a folder, where locks, pids and clocks of the writer mean nothing here."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from medtui.errors import EnvironmentProblem
from medtui.events import RunStarted
from medtui.jobs.launcher import resume_study, stop_run, stop_study
from medtui.monitor.folder_reader import FolderReader
from medtui.monitor.run_feed import RunFeed
from medtui.runs.ownership import liveness, lock
from medtui.runs.ownership.claim import newest_claim
from medtui.runs.ownership.liveness import (
    LOOK_SECONDS,
    SILENT_SECONDS,
    LockReader,
    holder_of,
    is_held,
)
from medtui.runs.ownership.lock import FolderLock
from medtui.runs.ownership.owner import this_process
from medtui.runs.ownership.stop_request import read_stop
from medtui.storage.owner_records import record_path
from tests.helpers.event_logs import write_log
from tests.helpers.manual_clock import ManualClock
from tests.helpers.owners import claim_elsewhere
from tests.helpers.small_study import record_finished, record_study

HOLDER = """
import sys
from pathlib import Path
from medtui.runs.ownership.lock import FolderLock
FolderLock(Path(sys.argv[1])).acquire()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["no locks", "locks of no effect"])
def _useless_flock(request, monkeypatch):
    """A file system without `flock`, or with one that keeps nobody out."""

    def refuse(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    call = refuse if request.param == "no locks" else lambda *_: None
    monkeypatch.setattr("fcntl.flock", call)


@pytest.mark.usefixtures("_useless_flock")
def test_without_flock_a_live_process_of_this_machine_is_known_at_once(tmp_path):
    """A second writer is refused and a reader sees the first; a dead one is superseded at once."""
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout.readline() == b"ready\n"
        assert holder_of(path).pid == holder.pid
        with pytest.raises(EnvironmentProblem, match=f"written by process {holder.pid} of"):
            FolderLock(path).acquire()
        holder.kill()
        holder.wait()
        assert not is_held(path)
        with FolderLock(path) as own:
            assert own.claim.generation == 2
            assert not own.claim.is_contested
            assert not own.claim.owner.has_flock
            assert is_held(path)
        assert not is_held(path)


def test_a_heartbeat_from_elsewhere_is_timed_by_the_readers_clock(tmp_path):
    """Undecided at first, then alive; after a long silence nobody holds the folder."""
    clock = ManualClock()
    reader = LockReader(tmp_path / "lock", clock=clock)
    assert reader.holder() is None
    other = claim_elsewhere(tmp_path)
    assert reader.holder() == other.owner
    assert reader.is_undecided
    clock.now += LOOK_SECONDS / 2
    other.beat()
    assert reader.holder() == other.owner
    assert not reader.is_undecided
    clock.now += SILENT_SECONDS - 1
    assert reader.holder() == other.owner
    clock.now += 1
    assert reader.holder() is None
    assert reader.is_silent
    other.beat()
    assert reader.holder() == other.owner
    other.release()
    assert reader.holder() is None
    assert not reader.is_silent


def test_without_any_heartbeat_a_reader_decides_soon(tmp_path):
    """A command need not wait as long as a writer that takes a folder over."""
    clock = ManualClock()
    reader = LockReader(tmp_path / "lock", clock=clock)
    claim_elsewhere(tmp_path)
    assert reader.holder() is not None
    clock.now += LOOK_SECONDS
    assert reader.holder() is None
    assert reader.is_silent


def test_a_working_lock_covers_the_containers_of_one_machine(tmp_path):
    """Where both ends hold a `flock` that works, a free one proves that the owner is dead."""
    (tmp_path / "lock").touch()
    claim_elsewhere(tmp_path, has_flock=True)
    reader = LockReader(tmp_path / "lock")
    assert reader.holder() is None
    assert not reader.is_silent
    with FolderLock(tmp_path / "lock") as own:
        assert not own.claim.is_contested


def test_a_machine_that_was_rebooted_runs_nothing_of_before(tmp_path, monkeypatch):
    """Same machine, no container, another boot: its processes are gone, without any waiting."""
    monkeypatch.setattr("medtui.runs.ownership.owner.own_machine_id", lambda: "m")
    monkeypatch.setattr("medtui.runs.ownership.owner.own_pid_namespace", lambda: 0xEFFFFFFC)
    claim_elsewhere(tmp_path, boot_id="before", host=this_process().host, pid_namespace=0xEFFFFFFC)
    reader = LockReader(tmp_path / "lock")
    assert reader.holder() is None
    assert not reader.is_silent


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"pid": "x"}', b" " * 1024])
def test_a_damaged_owner_record_is_awaited_like_a_silent_owner(tmp_path, content):
    """Nothing proves that its process is dead; nothing is raised."""
    clock = ManualClock()
    record_path(tmp_path, 3).write_bytes(content)
    reader = LockReader(tmp_path / "lock", clock=clock)
    assert reader.holder().generation == 3
    clock.now += LOOK_SECONDS
    assert reader.holder() is None
    assert reader.is_silent


def test_a_writer_is_refused_while_a_heartbeat_moves(tmp_path, monkeypatch):
    """The owner elsewhere beats: the message names it, and its record stays the newest."""
    other = claim_elsewhere(tmp_path)
    monkeypatch.setattr(lock.time, "sleep", lambda _: other.beat())
    with pytest.raises(EnvironmentProblem, match=r"by process .* of alice on gpu1"):
        FolderLock(tmp_path / "lock").acquire()
    assert newest_claim(tmp_path).generation == 1
    other.check()


@pytest.fixture
def copied(tmp_path: Path):
    """Return a study that runs here, and a copy of its folder."""
    study = record_study(tmp_path / "runs", "live")
    run = study.run("quantize16")
    run.events.unlink()
    locks = [FolderLock(study.lock), FolderLock(run.lock)]
    for each in locks:
        each.acquire()
    write_log(run.events, [RunStarted(1, "here", "cpu")])
    shutil.copytree(tmp_path / "runs", tmp_path / "copies")
    yield study, type(study)(tmp_path / "copies" / study.name)
    for each in locks:
        each.release()


@pytest.mark.usefixtures("_short_look")
def test_a_copied_study_is_silent_not_stopped(copied):
    """The log says that it runs, and nobody writes the copy."""
    study, copy = copied
    for folder, status in ((study, "running"), (copy, "silent")):
        row = FolderReader(folder.path.parent).read("", refresh_all=True).studies[0]
        assert row.status == status
        assert [run.status for run in row.runs] == ["finished", "finished", status]
        assert row.runs[-1].state == (status if folder == study else "silent (copy)")
    view = FolderReader(copy.path.parent).read("live/quantize16", refresh_all=True).view
    assert view is not None
    assert view.ending.startswith("this folder is a copy: process ")


@pytest.fixture
def _short_look(monkeypatch):
    """Decide about processes elsewhere at the first look."""
    monkeypatch.setattr(liveness, "LOOK_SECONDS", 0.0)


def test_a_copied_study_between_two_runs_is_silent(copied, monkeypatch):
    """No run of it is under way: the supervisor's record alone shows that it was not stopped."""
    _, copy = copied
    (copy.run("quantize16").path / "events.jsonl").unlink()
    shutil.rmtree(copy.run("quantize16").path)
    monkeypatch.setattr(liveness, "LOOK_SECONDS", 0.0)
    row = FolderReader(copy.path.parent).read("", refresh_all=True).studies[0]
    assert row.status == "silent"


def test_stopping_a_copy_leaves_the_original_alone(copied):
    """The owner record in a copy names a process of this machine that does not write the copy.

    This process is the original's owner: a signal would end these tests.
    """
    study, copy = copied
    assert stop_study(copy)
    assert read_stop(copy.path, 1) is not None
    assert read_stop(study.path, 1) is None


def test_an_owner_elsewhere_is_asked_by_a_file(tmp_path):
    """No signal is sent: its pid is that of this process here. Each request differs."""
    study = record_study(tmp_path, "far")
    claim_elsewhere(study.path)
    assert stop_study(study)
    first = read_stop(study.path, 1)
    assert first.describe().startswith("requested by ")
    assert stop_study(study)
    assert read_stop(study.path, 1).token != first.token
    run = study.run("quantize16")
    claim_elsewhere(run.path)
    assert stop_study(study), "its supervisor may be gone without its workers"
    assert read_stop(run.path, 1) is not None
    assert stop_run(run)
    assert read_stop(run.path, 1) is not None
    assert read_stop(run.path, 2) is None


def test_a_folder_that_cannot_be_written_names_what_was_not_asked(tmp_path):
    """A request that cannot be left is an error with study and path."""
    study = record_study(tmp_path, "far")
    claim_elsewhere(study.path)
    (study.path / "stop.json").mkdir()
    with pytest.raises(EnvironmentProblem, match=r"far could not be asked to stop: .*stop\.json"):
        stop_study(study)


def test_a_study_that_runs_elsewhere_is_not_resumed(tmp_path, monkeypatch):
    """The message names the process, and no second supervisor is started."""
    study = record_study(tmp_path, "far")
    other = claim_elsewhere(study.path)
    monkeypatch.setattr(liveness.time, "sleep", lambda _: other.beat())
    with pytest.raises(EnvironmentProblem, match=r"already running .*alice on gpu1"):
        resume_study(study)
    assert not study.supervisor_log.exists()


def test_a_finished_run_is_finished_whatever_its_owner_record(tmp_path):
    """An owner that died between its result and its signing off leaves a finished run."""
    study = record_study(tmp_path, "done")
    run = study.run("again")
    run.path.mkdir()
    run.preset.write_text(study.preset.read_text())
    record_finished(run)
    feed = RunFeed(run)
    feed.refresh()
    assert feed.status == "finished"
    assert not feed.is_undecided
