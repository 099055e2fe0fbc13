"""A study of one user, as another user finds it. Only root can play both."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from medtui.runs.folder import RunFolder, StudyFolder
from tests.helpers.paths import REPOSITORY

STRANGER = 12_345
"""A user who owns nothing here."""

_HOLDER = """
import os, sys
from pathlib import Path
from medtui.runs.ownership.lock import FolderLock
os.umask(0o022)
locks = [FolderLock(Path(each)) for each in sys.argv[1:]]
for lock in locks:
    lock.acquire()
print("ready", flush=True)
sys.stdin.read()
for lock in locks:
    lock.release()
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@dataclass(frozen=True)
class Access:
    """What the owner's umask and the folder allow others."""

    umask: int
    is_shared: bool = False
    """Whether the group of both may write in the runs folder."""

    @property
    def is_closed(self) -> bool:
        """Whether others cannot read the study."""
        return bool(self.umask & 0o004)


ACCESSES = {
    "umask 022": Access(0o022),
    "umask 077": Access(0o077),
    "group-writable folder": Access(0o022, is_shared=True),
}


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that every user can write; pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="medtui-users-") as folder:
        Path(folder).chmod(0o777)
        (Path(folder) / "runs").mkdir(mode=0o755)
        yield Path(folder)


def restrict(study: StudyFolder, access: Access) -> None:
    """Leave a study as its owner's umask does, with every file that a resumed study has."""
    for path in (study.lock, study.supervisor_log, study.bench_log):
        path.touch()
    for run in study.runs():
        for path in (run.lock, run.worker_log):
            path.touch()
    for path in (study.path, *study.path.rglob("*")):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~access.umask)
    if access.is_shared:
        os.chown(study.path.parent, -1, STRANGER)
        study.path.parent.chmod(0o2775)


@contextmanager
def held_by_root(*folders: RunFolder | StudyFolder) -> Iterator[None]:
    """Let a process of root's write these folders: nobody may signal this one's tests."""
    locks = [str(folder.lock) for folder in folders]
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, *locks],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    try:
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.communicate("")


@contextmanager
def as_stranger() -> Iterator[None]:
    """Be the other user within this process, with all threads."""
    groups = os.getgroups()
    os.setgroups([])
    os.setresgid(STRANGER, STRANGER, 0)
    os.setresuid(STRANGER, STRANGER, 0)  # the real one decides who may be signalled
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)
        os.setgroups(groups)
