"""The lock of a study's gates: one at a time evaluates sealed tests and records what it found."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from medtui.errors import EnvironmentProblem
from medtui.runs.folder import StudyFolder
from medtui.runs.ownership.flock import try_flock


@contextmanager
def lock_gates(study: StudyFolder) -> Iterator[None]:
    """Keep other gates of a study out; the lock ends with its process.

    It is on the folder itself, so that it leaves no file. A network file system may have no locks
    for folders; there, the lock of the ledger alone orders the gates.

    Raises:
        EnvironmentProblem: another gate is at work.
        OSError: the folder cannot be opened.
    """
    descriptor = os.open(study.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        is_ours = True
        with suppress(OSError):
            is_ours = try_flock(descriptor, fcntl.LOCK_EX)
        if not is_ours:
            raise EnvironmentProblem(
                f"Another gate is judging a run of {study.name}.",
                hint="Wait until it has ended, then start this one again.",
            )
        yield
    finally:
        os.close(descriptor)
