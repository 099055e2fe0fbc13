"""Errors of the disk while a file is written: with its path, what it needs and what is free."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medtui.errors import DISK_FULL, FailedWrite, explain_os_error
from medtui.units import format_bytes

_BROKEN = {
    errno.EROFS: "the file system is read-only",
    errno.EIO: "the disk failed",
    errno.ESTALE: "the network file system lost it",
}


@contextmanager
def writing(path: Path, num_bytes: int) -> Iterator[None]:
    """Name the file in errors of the disk, which the system raises without a path.

    Raises:
        FailedWrite: the disk is full, read-only or broken.
        OSError: another error.
    """
    try:
        yield
    except FailedWrite:
        raise
    except OSError as error:
        number = error.errno or 0
        if number in DISK_FULL:
            needed, free = format_bytes(num_bytes), _free_beside(path)
            reason = f"The disk is full: {path} needs {needed}, and {free} are free"
        elif number in _BROKEN:
            cause = f"{_BROKEN[number]} ({os.strerror(number)})"
            reason = f"{path} could not be written: {cause}"
        else:
            raise
        raise FailedWrite(number, reason, str(path)) from error


def _free_beside(path: Path) -> str:
    """Return the free space of the disk of a path, of which a quota may allow less."""
    for folder in path.parents:
        try:
            return format_bytes(shutil.disk_usage(folder).free)
        except OSError:
            continue
    return "an unknown number of bytes"


def require_writable(folder: Path) -> None:
    """Create a folder if there is none, and check that files can be created in it.

    For work that takes long before it writes.

    Raises:
        EnvironmentProblem: they cannot; the message names the folder and its owner.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise explain_os_error(OSError(error.errno, error.strerror, str(folder))) from error
