"""The cache's contents: listed and cleared."""

import fcntl
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from medtui.datasets.cache import Index, default_cache_dir
from medtui.errors import EnvironmentProblem


@dataclass(frozen=True)
class Entry:
    """One data set at one size, decoded."""

    name: str
    """Card, size and the beginning of its key."""
    path: Path
    """Its folder."""
    num_images: int | None
    """Images in it; None while it is unfinished."""
    num_bytes: int
    """Space it takes."""
    root: str
    """Where the images were; empty while it is unfinished."""
    is_busy: bool
    """Whether a process is building it at this moment."""


def list_entries(cache_dir: Path | None = None) -> list[Entry]:
    """List the cache's entries, unfinished ones too, by name."""
    folder = (cache_dir or default_cache_dir()) / "images"
    folders = sorted(path for path in folder.glob("*") if path.is_dir()) if folder.is_dir() else []
    return [_entry(path) for path in folders]


def clear_entries(entries: list[Entry]) -> int:
    """Remove entries, except those that are being built; give the bytes that became free.

    Raises:
        EnvironmentProblem: an entry cannot be removed.
    """
    freed = 0
    for entry in entries:
        if entry.is_busy:
            continue
        try:
            shutil.rmtree(entry.path)
            _lock_of(entry.path).unlink(missing_ok=True)
        except OSError as error:
            raise EnvironmentProblem(f"{entry.path}: {error.strerror}. It stays.") from error
        freed += entry.num_bytes
    return freed


def _entry(path: Path) -> Entry:
    index = _read_index(path)
    return Entry(
        name=path.name,
        path=path,
        num_images=None if index is None else len(index.hashes),
        num_bytes=sum(file.stat().st_size for file in path.iterdir()),
        root="" if index is None else index.root,
        is_busy=_is_locked(_lock_of(path)),
    )


def _read_index(path: Path) -> Index | None:
    try:
        return msgspec.json.decode((path / "index.json").read_bytes(), type=Index)
    except (OSError, ValueError, msgspec.DecodeError):
        return None


def _lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name.removesuffix('.partial')}.lock")


def _is_locked(lock: Path) -> bool:
    try:
        with lock.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
