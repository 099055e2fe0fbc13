"""Opens and reads regular files without waiting, and without reading more than is expected."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from medtui.storage.problems import UnreadableFile, unreadable
from medtui.units import format_bytes

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; links to one are followed.

    A named pipe without a writer would block `open` forever, and opening a device can have effects;
    both are refused before and, in case the path was replaced, after opening.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    _require_regular(path, os.stat(path).st_mode)  # noqa: PTH116 - also of a `str`
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _require_regular(path, os.fstat(descriptor).st_mode)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bytes(path: Path, max_bytes: int, *, hint: str = "") -> bytes:
    """Return the content of a regular file of at most `max_bytes`.

    `hint` tells the user what to do where it cannot be read.

    Raises:
        MissingFile: it does not exist.
        UnreadableFile: it cannot be opened or read, is no regular file, or is too large.
    """
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > max_bytes:
                reason = f"it has {format_bytes(size)}, more than {format_bytes(max_bytes)}"
                raise UnreadableFile(path, reason, hint=hint)
            content = file.read(size + 1)
    except OSError as error:
        raise unreadable(path, error, hint=hint) from error
    if content and not size:
        # The kernel's files under /proc and /sys have no size, and may hold secrets.
        raise UnreadableFile(path, "it is no stored file", hint=hint)
    return content[:size]


def read_tail(path: Path, max_bytes: int) -> bytes:
    """Return the last `max_bytes` of a file.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - max_bytes))
        return file.read(min(size, max_bytes))


def open_log(path: Path) -> BinaryIO:
    """Open a regular file for appending, unbuffered; create it where there is none.

    Raises:
        OSError: it cannot be written, or is no regular file, such as a pipe that nobody reads.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o666)
    try:
        _require_regular(path, os.fstat(descriptor).st_mode)
        return os.fdopen(descriptor, "a+b", buffering=0)
    except BaseException:
        os.close(descriptor)
        raise


def _require_regular(path: Path, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "no file")
    number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
    raise OSError(number, f"it is {kind}, not a file", str(path))
