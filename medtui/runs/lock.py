"""Who is alive: `flock` on a folder's `lock` file, which the kernel frees when its holder dies.

A pid alone would not do: pids are reused. The file's text names the holder for people and signals.
"""

import fcntl
import os
import time
from pathlib import Path
from typing import IO

from medtui.errors import EnvironmentProblem

LOOKERS_SECONDS = 1.0
"""Whoever asks who holds a lock shares it for an instant; a writer waits that long for them."""


class FolderLock:
    """Held by the one process that writes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        """The lock file; it stays when the lock is freed."""
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock and write this process's pid into the file.

        Raises:
            EnvironmentProblem: another process holds it.
        """
        file = self.path.open("a+", encoding="utf-8")
        deadline = time.monotonic() + LOOKERS_SECONDS
        while not _taken(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                file.close()
                pid = holder_of(self.path)
                raise EnvironmentProblem(
                    f"{self.path.parent} is being written by process {pid or 'unknown'}.",
                    hint="Stop it first, or attach to it.",
                )
            time.sleep(0.01)
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Free the lock; without one, do nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None


def holder_of(path: Path) -> int | None:
    """Give the pid that holds the lock file at `path`, or None when nobody does."""
    try:
        file = path.open("r", encoding="utf-8")
    except OSError:
        return None
    with file:
        if _taken(file, fcntl.LOCK_SH):
            return None
        text = file.read().strip()
    return int(text) if text.isdigit() else None


def _taken(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
