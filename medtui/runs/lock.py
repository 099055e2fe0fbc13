"""Locks of run and study folders: `flock` on a `lock` file, released when the holder exits.

A pid file would not be sufficient: pids are reused, and each container and host has its own. The
file contains an `Owner` record, for users and for `signalling`.
"""

import fcntl
import os
import time
from pathlib import Path

from medtui.errors import EnvironmentProblem
from medtui.runs.owner import Owner, decode_owner, encode_owner, this_process

LOCK_RETRY_SECONDS = 1.0
"""Readers briefly take a shared lock to test it; `acquire` retries for this long."""

_MAX_BYTES = 4096
"""Maximum length of a record."""


class FolderLock:
    """Lock of the one process that writes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        """The lock file; it stays when the lock is freed."""
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Acquire the lock and write this process's record into the file.

        Raises:
            EnvironmentProblem: another process holds it, or the file system has no locks.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            self._take(descriptor)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, encode_owner(this_process()))
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Release the lock, if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, descriptor: int) -> None:
        deadline = time.monotonic() + LOCK_RETRY_SECONDS
        try:
            while not _try_lock(descriptor, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    owner = holder_of(self.path) or Owner(0)
                    raise EnvironmentProblem(
                        f"{self.path.parent} is being written by {owner.describe()}.",
                        hint="Stop it first, or attach to it.",
                    )
                time.sleep(0.01)
        except OSError as error:
            raise EnvironmentProblem(
                f"{self.path} cannot be locked (flock: {error.strerror}).",
                hint="Choose a folder on another file system with --runs-dir.",
            ) from error


def holder_of(path: Path) -> Owner | None:
    """Return the process that holds the lock file at `path`, or None."""
    try:
        # Without O_NONBLOCK, opening a FIFO of that name would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        if _try_lock(descriptor, fcntl.LOCK_SH):
            return None
        return decode_owner(os.read(descriptor, _MAX_BYTES))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Return whether a process holds the lock file at `path`."""
    return holder_of(path) is not None


def _try_lock(descriptor: int, how: int) -> bool:
    """Return whether the lock was acquired; False where another process holds it.

    Raises:
        OSError: the file system has no locks.
    """
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
