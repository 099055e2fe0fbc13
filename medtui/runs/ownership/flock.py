"""The kernel's file locks, and whether they work: some file systems have none.

Others accept every lock, or keep out only the processes of one host.
"""

import fcntl
import os
from pathlib import Path


def try_flock(descriptor: int, how: int) -> bool:
    """Return whether the lock was acquired; False where another process holds it.

    Raises:
        OSError: the file system has no locks.
    """
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def excludes_others(path: Path) -> bool:
    """Return whether the lock that the caller holds on `path` keeps another descriptor out."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False  # a reader without permission to write cannot test it
    try:
        return not try_flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        return False
    finally:
        os.close(descriptor)
