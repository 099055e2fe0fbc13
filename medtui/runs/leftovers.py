"""What interrupted writers leave behind: temporary files, and checkpoints of finished runs."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.ownership.liveness import LockReader


@dataclass(frozen=True)
class Leftover:
    """A file or folder that no reader and no resuming writer needs."""

    path: Path
    num_bytes: int
    """Size of all its files."""


def leftovers_of(study: StudyFolder, *, is_own: bool = False) -> Iterator[Leftover]:
    """Yield what is left behind in a study; `is_own` states that this process holds its lock.

    Folders that another process writes, or may write elsewhere, are passed over.
    """
    if is_own or _is_free(study.lock):
        yield from _partial_in(study.path)
    for run in study.runs():
        if _is_free(run.lock):
            yield from _leftovers_in(run)


def _is_free(lock: Path) -> bool:
    reader = LockReader(lock)
    return reader.holder() is None and not reader.is_silent


def delete_leftover(leftover: Leftover) -> None:
    """Delete a file or a folder.

    Raises:
        OSError: it cannot be deleted.
    """
    if leftover.path.is_dir() and not leftover.path.is_symlink():
        shutil.rmtree(leftover.path)
    else:
        leftover.path.unlink()


def _leftovers_in(run: RunFolder) -> Iterator[Leftover]:
    for folder in (run.path, run.exports):
        yield from _partial_in(folder)
    if is_finished(run) and run.checkpoint.is_dir():
        yield measure(run.checkpoint)
    else:
        yield from _partial_in(run.checkpoint)


def _partial_in(folder: Path) -> Iterator[Leftover]:
    yield from map(measure, sorted(folder.glob(".*.part")))


def measure(path: Path) -> Leftover:
    """Return a file or folder with the size of all its files."""
    sizes = [_size_of(path)]
    for folder, _, names in os.walk(path):
        sizes += [_size_of(Path(folder) / name) for name in names]
    return Leftover(path, sum(sizes))


def _size_of(path: Path) -> int:
    try:
        return 0 if path.is_dir() else path.lstat().st_size
    except OSError:
        return 0
