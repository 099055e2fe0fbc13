"""Errors that are shown to the user. Raised by all packages, displayed by `cli` and `tui`."""

import errno
import os
import pwd
from collections.abc import Sequence
from pathlib import Path

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No space left, quota exceeded, or a limit of the file size."""


class MedtuiError(Exception):
    """An error that a user can understand and act on."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", key: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        """What is wrong and where; one or more lines."""
        self.hint = hint
        """What to do next; empty where the message includes it."""
        self.key = tuple(key)
        """Keys of the preset that the error is about: `search`, `low`; may be empty."""

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(MedtuiError):
    """A preset, a card or a command line is invalid."""

    exit_code = 2


class EnvironmentProblem(MedtuiError):
    """Data, a GPU, memory or disk space is missing; the same command may succeed later."""

    exit_code = 3


class FailedWrite(OSError):
    """A file could not be written because of the disk; `strerror` is a sentence of its own."""


def explain_os_error(error: OSError) -> EnvironmentProblem:
    """Return an error of the operating system as a message with path, owner and hint."""
    reason = error.strerror or str(error) or type(error).__name__
    path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else None
    if isinstance(error, FailedWrite):
        hint = "Free disk space" if error.errno in DISK_FULL else "Make the disk writable"
        return EnvironmentProblem(f"{reason}.", hint=f"{hint} and try again.")
    if error.errno in DISK_FULL:
        place = path or "a file could not be written"
        return EnvironmentProblem(
            f"The disk is full: {place}.", hint="Free disk space and try again."
        )
    if path is None:
        return EnvironmentProblem(f"{reason}.")
    uid = _owner_of(path) if isinstance(error, PermissionError) else None
    if uid is None or uid == os.geteuid():
        return EnvironmentProblem(f"{path}: {reason}.")
    user = user_name(uid)
    return EnvironmentProblem(
        f"{path} belongs to {user}: {reason}.",
        hint=f"Ask {user} for access, or work on a copy of the folder.",
    )


def user_name(uid: int) -> str:
    """Return a user's name, or `uid 1000` where this machine has no name for it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _owner_of(path: Path) -> int | None:
    """Return the owner of a path, or of its nearest accessible parent folder."""
    for each in (path, *path.parents):
        try:
            return each.stat().st_uid
        except OSError:
            continue
    return None
