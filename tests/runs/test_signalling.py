"""Signals reach the holder of a lock and no other process, whatever the lock file contains."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from medtui.errors import EnvironmentProblem
from medtui.jobs.launcher import stop_run, stop_study
from medtui.runs.folder import StudyFolder
from medtui.runs.ownership.liveness import holder_of
from medtui.runs.ownership.lock import FolderLock
from medtui.runs.ownership.owner import Owner, decode_owner, encode_owner, this_process

BYSTANDER = "import sys; print('ready', flush=True); sys.stdin.read()"
"""A process that ends when its stdin is closed, and by any signal."""

HOLDER = f"""
import sys
from pathlib import Path
from medtui.runs.ownership.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
lock.acquire()
{BYSTANDER}
"""
"""Holds a lock as this version does."""

EARLIER_PROGRAM = Path("medtui") / "supervise.py"
"""Where earlier versions had the supervisor."""

EARLIER_SUPERVISOR = """
import fcntl, os, sys
from pathlib import Path
lock = open(Path(sys.argv[1]) / "lock", "a+")
fcntl.flock(lock, fcntl.LOCK_EX)
lock.truncate(0)
lock.write(f"{os.getpid()}\\n")
lock.flush()
print("ready", flush=True)
sys.stdin.read()
"""
"""Holds a study as an earlier version's supervisor did: its lock file holds a bare pid."""

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts Python with arguments and waits for its first output."""
    started = []

    def run(*arguments: str, **options: object) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options,
        )  # fmt: skip
        started.append(process)
        assert process.stdout.readline() == b"ready\n"
        return process

    yield run
    for process in started:
        with process:
            process.kill()


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    """Return the empty folder of a study."""
    folder = StudyFolder(tmp_path / "demo")
    folder.path.mkdir()
    return folder


@pytest.fixture
def held(study: StudyFolder) -> Iterator[Callable[[bytes], None]]:
    """Return a function that writes a record into the study's lock file, which stays locked.

    The lock is held by this process, the record names another, as seen from a second container.
    """
    with study.lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        def write(record: bytes) -> None:
            file.write(record)
            file.flush()

        yield write


def record_of(process: subprocess.Popen[bytes], **other: object) -> bytes:
    """Return the record that a process of this machine would write, with some fields changed."""
    stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii")
    ticks = int(stat.rpartition(")")[2].split()[19])
    own = msgspec.structs.replace(this_process(), pid=process.pid, start_ticks=ticks)
    return encode_owner(msgspec.structs.replace(own, **other))


def write_earlier_program(folder: Path) -> None:
    """Write the supervisor program of an earlier version into this folder."""
    program = folder / EARLIER_PROGRAM
    program.parent.mkdir()
    program.with_name("__init__.py").touch()
    program.write_text(EARLIER_SUPERVISOR, encoding="utf-8")


def is_spared(process: subprocess.Popen[bytes]) -> bool:
    """Return whether a process exits because its stdin is closed, not by a signal."""
    process.stdin.close()
    return process.wait(60) == 0


def test_a_lock_names_machine_process_and_user(tmp_path):
    """The record identifies its process, and tells users where it runs."""
    lock = FolderLock(tmp_path / "lock")
    lock.acquire()
    owner = holder_of(lock.path)
    assert owner == lock.claim.owner
    assert (owner.pid, owner.boot_id) == (this_process().pid, this_process().boot_id)
    assert owner.is_identified
    assert owner.host in owner.describe()
    assert str(os.getpid()) in owner.describe()
    lock.release()


@pytest.mark.parametrize(
    ("raw", "pid"),
    [(b"123\n", 123), (b"", 0), (b"\xff\xfe", 0), (b'{"pid": "x"}', 0), (b"9" * 5000, 0),
     (b'{"pid": 7, "later": 1}', 7), (b'{"pid": 7, "host": "\xff"}', 0)],
)  # fmt: skip
def test_any_lock_file_can_be_read(raw, pid):
    """Bare pids of earlier versions, unknown fields, and damage."""
    assert decode_owner(raw).pid == pid
    assert not decode_owner(raw).is_identified


def test_a_fifo_called_lock_does_not_block(tmp_path):
    """Reading the holder does not block."""
    os.mkfifo(tmp_path / "lock")
    assert holder_of(tmp_path / "lock") is None


def test_the_holder_is_signalled(study, start):
    """A process that acquired the lock with this version receives the signal."""
    holder = start("-c", HOLDER, str(study.lock))
    assert stop_study(study)
    assert holder.wait(60) == -signal.SIGTERM
    assert not stop_study(study)


def test_the_holder_is_signalled_where_there_is_no_pidfd(study, start, monkeypatch):
    """Without `pidfd_open`, the pid is used after the same check."""

    def refuse(_: int) -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    holder = start("-c", HOLDER, str(study.lock))
    assert stop_study(study)
    assert holder.wait(60) == -signal.SIGTERM


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"boot_id": "another"}, "another machine: process .* of alice on gpu1"),
        ({"pid_namespace": 1}, "another container of this machine: process .* of alice on gpu1"),
    ],
)
def test_a_study_of_another_machine_or_container_is_not_signalled(study, start, held, other, told):
    """The pid belongs to an unrelated process here; the message names the machine."""
    bystander = start("-c", BYSTANDER)
    held(record_of(bystander, host="gpu1", user="alice", **other))
    with pytest.raises(EnvironmentProblem, match=told) as refusal:
        stop_study(study)
    assert "medtui stop demo" in refusal.value.hint
    assert "gpu1" in refusal.value.hint
    assert is_spared(bystander)


def test_a_reused_pid_is_not_signalled(study, start, held):
    """A process with another start time is another process."""
    bystander = start("-c", BYSTANDER)
    held(record_of(bystander, start_ticks=1))
    with pytest.raises(EnvironmentProblem, match="not by the process"):
        stop_study(study)
    assert is_spared(bystander)


def test_a_bare_pid_alone_is_not_signalled(study, start, held):
    """The lock file of an earlier version may name any process here."""
    bystander = start("-c", BYSTANDER)
    held(f"{bystander.pid}\n".encode())
    with pytest.raises(EnvironmentProblem, match="earlier version"):
        stop_study(study)
    assert is_spared(bystander)


def test_a_bare_pid_of_a_supervisor_is_signalled(study, start, tmp_path):
    """Its command names program and folder, and it has the lock file open."""
    write_earlier_program(tmp_path)
    holder = start("-m", f"medtui.{EARLIER_PROGRAM.stem}", "demo", cwd=tmp_path)
    assert holder_of(study.lock) == Owner(holder.pid)
    assert stop_study(study)
    assert holder.wait(60) == -signal.SIGTERM


def test_a_supervisor_of_another_folder_is_not_signalled(study, start, held, tmp_path):
    """A supervisor here has the pid of one on another machine."""
    write_earlier_program(tmp_path)
    (tmp_path / "other").mkdir()
    bystander = start("-m", f"medtui.{EARLIER_PROGRAM.stem}", "other", cwd=tmp_path)
    held(f"{bystander.pid}\n".encode())
    with pytest.raises(EnvironmentProblem, match="earlier version"):
        stop_study(study)
    assert is_spared(bystander)


def test_every_run_is_signalled_even_where_one_refuses(study, start, tmp_path):
    """Without a supervisor, all workers are signalled even if one refuses."""
    first, second = study.run("a"), study.run("b")
    for run in (first, second):
        run.path.mkdir()
        run.preset.write_text('name = "x"\n', encoding="utf-8")
    bystander, holder = start("-c", BYSTANDER), start("-c", HOLDER, str(second.lock))
    with first.lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(record_of(bystander, boot_id="another"))
        file.flush()
        with pytest.raises(EnvironmentProblem, match="demo/a runs on another machine"):
            stop_study(study)
        assert holder.wait(60) == -signal.SIGTERM
        assert is_spared(bystander)
    assert not stop_run(first)


def test_another_users_study_is_reported_with_its_owner(study, start, held, monkeypatch):
    """A permission error is reported with the owner's name."""
    bystander = start("-c", BYSTANDER)
    held(record_of(bystander, user="alice"))

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(signal, "pidfd_send_signal", refuse)
    with pytest.raises(EnvironmentProblem, match=r"^demo belongs to alice. Only alice can stop it"):
        stop_study(study)
