"""The errors a person is meant to read. Every room may raise them; `cli` and `tui` show them."""

import errno
import os
import pwd
from collections.abc import Sequence
from pathlib import Path

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class MedtuiError(Exception):
    """Something a person can understand and act on: what happened, and what to do about it."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", key: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        """One or more lines: what is wrong, and where."""
        self.hint = hint
        """What to do next; empty where the message already says it."""
        self.key = tuple(key)
        """Keys of the preset that lead to it: `search`, `low`; empty where none do."""

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(MedtuiError):
    """A preset, a card or a command line asks for something that cannot be."""

    exit_code = 2


class EnvironmentProblem(MedtuiError):
    """Data, a GPU, memory or disk is missing; the same command may work later or elsewhere."""

    exit_code = 3


def explain_os_error(error: OSError) -> EnvironmentProblem:
    """Return what the operating system refused as a sentence: what, whose it is, what to do."""
    reason = error.strerror or str(error) or type(error).__name__
    path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else None
    if error.errno in _DISK_FULL:
        place = path or "a file could not be written"
        return EnvironmentProblem(f"The disk is full: {place}.", hint="Free space and try again.")
    if path is None:
        return EnvironmentProblem(f"{reason}.")
    uid = _owner_of(path) if isinstance(error, PermissionError) else None
    if uid is None or uid == os.geteuid():
        return EnvironmentProblem(f"{path}: {reason}.")
    user = user_name(uid)
    return EnvironmentProblem(
        f"{path} belongs to {user}: {reason}.", hint=f"Ask {user}, or work on a copy of the folder."
    )


def user_name(uid: int) -> str:
    """Return a user's name, or `uid 1000` where this machine has no name for it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _owner_of(path: Path) -> int | None:
    """Return who owns a path, or the nearest folder above that can be looked at."""
    for each in (path, *path.parents):
        try:
            return each.stat().st_uid
        except OSError:
            continue
    return None
