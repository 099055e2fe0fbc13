"""Whether a file or folder is still what was read: by its times, its size and its inode."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

FileStamp = tuple[int, int, int]
"""Time of modification in nanoseconds, size and inode."""

ABSENT: FileStamp = (0, 0, 0)

SETTLED_NS = 2_000_000_000
"""A younger change may be followed by another within the resolution of the file system's clock."""


def stamp_of(path: Path | str) -> FileStamp:
    """Return what a file or folder is like; `ABSENT` where it cannot be asked."""
    try:
        found = os.stat(path)  # noqa: PTH116 - is asked for thousands of files
    except OSError:
        return ABSENT
    return found.st_mtime_ns, found.st_size, found.st_ino


def is_settled(stamps: Iterable[FileStamp]) -> bool:
    """Return whether the latest change is so old that a later one has another time."""
    newest = max((stamp[0] for stamp in stamps), default=0)
    return newest < time.time_ns() - SETTLED_NS
