"""Who is alive: `flock` on a folder's `lock` file, which the kernel frees when its holder dies.

A pid alone would not do: pids are reused, and each container and host has its own. The file holds
an `Owner` record, for people and for `signalling`.
"""

import fcntl
import os
import time
from pathlib import Path

from medtui.errors import EnvironmentProblem
from medtui.runs.owner import Owner, decode_owner, encode_owner, this_process

LOOKERS_SECONDS = 1.0
"""Whoever asks who holds a lock shares it for an instant; a writer waits that long for them."""

_MAX_BYTES = 4096
"""A longer record was written by no version of this program."""


class FolderLock:
    """Held by the one process that writes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        """The lock file; it stays when the lock is freed."""
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock and write this process's record into the file.

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
        """Free the lock; without one, do nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, descriptor: int) -> None:
        deadline = time.monotonic() + LOOKERS_SECONDS
        try:
            while not _is_taken(descriptor, fcntl.LOCK_EX):
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
    """Return the process that holds the lock file at `path`, or None when nobody does."""
    try:
        # Without O_NONBLOCK, opening a FIFO of that name would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        if _is_taken(descriptor, fcntl.LOCK_SH):
            return None
        return decode_owner(os.read(descriptor, _MAX_BYTES))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Return whether a process holds the lock file at `path`."""
    return holder_of(path) is not None


def _is_taken(descriptor: int, how: int) -> bool:
    """Try to take the lock; False where another process has it.

    Raises:
        OSError: the file system has no locks.
    """
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
