"""Admits one process at a time to a cache entry, also where the file system has no locks."""

import errno
import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medtui.datasets.progress import Progress, Reporter
from medtui.errors import EnvironmentProblem
from medtui.runs.ownership.flock import try_flock
from medtui.runs.ownership.liveness import is_held
from medtui.runs.ownership.lock import FolderLock

_POLL_SECONDS = 0.2
_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP})


@contextmanager
def locked(entry: Path, report: Reporter) -> Iterator[None]:
    """Own the entry; report `wait` while another process does.

    The lock file beside the entry keeps earlier versions out. The owner record does what `flock`
    cannot: it holds where the file system has no locks, or other hosts do not see them.

    Raises:
        OSError: the cache cannot be written.
    """
    owner = FolderLock(_owner_folder(entry) / "lock")
    owner.path.parent.mkdir(parents=True, exist_ok=True)
    with _lock_file(entry).open("w") as file:
        while not _take(file.fileno(), owner):
            report(Progress("wait", 0, 0))
            time.sleep(_POLL_SECONDS)
        try:
            yield
        finally:
            owner.release()


def is_locked(folder: Path) -> bool:
    """Return whether a process builds the entry of a folder, which may be incomplete."""
    entry = folder.with_name(folder.name.removesuffix(".partial"))
    if is_held(_owner_folder(entry) / "lock"):
        return True
    try:
        with _lock_file(entry).open("r") as file:
            return not try_flock(file.fileno(), fcntl.LOCK_EX)
    except FileNotFoundError:
        return False
    except OSError as error:
        return error.errno not in _NO_LOCKS


def delete_lock(folder: Path) -> None:
    """Delete what locks the entry of a folder, which is deleted as well.

    Raises:
        OSError: it cannot be deleted.
    """
    entry = folder.with_name(folder.name.removesuffix(".partial"))
    _lock_file(entry).unlink(missing_ok=True)
    if _owner_folder(entry).is_dir():
        shutil.rmtree(_owner_folder(entry))


def _take(descriptor: int, owner: FolderLock) -> bool:
    try:
        if not try_flock(descriptor, fcntl.LOCK_EX):
            return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    try:
        owner.acquire()
    except EnvironmentProblem:  # another process owns it
        return False
    return True


def _lock_file(entry: Path) -> Path:
    return entry.with_name(f"{entry.name}.lock")


def _owner_folder(entry: Path) -> Path:
    """Return the folder of the entry's owner record: apart from the entry, which is renamed."""
    return entry.parent.parent / "owners" / entry.name
