"""Lists and clears the image cache."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from medtui.datasets.cache.entry import default_cache_dir
from medtui.datasets.cache.lock import delete_lock, is_locked
from medtui.datasets.cache.record import read_header_record, read_record
from medtui.errors import EnvironmentProblem


@dataclass(frozen=True)
class CacheEntry:
    """One data set at one size, decoded."""

    name: str
    """Card, size and the beginning of the key."""
    path: Path
    """Folder of the entry."""
    num_images: int | None
    """Number of images; None while the entry is incomplete."""
    num_bytes: int
    """Bytes on disk."""
    root: str
    """Folder of the image files; empty while the entry is incomplete."""
    is_busy: bool
    """Whether a process is building the entry."""


def list_entries(cache_dir: Path | None = None) -> list[CacheEntry]:
    """Return the cache entries, complete or not, ordered by name."""
    folder = (cache_dir or default_cache_dir()) / "images"
    folders = sorted(path for path in folder.glob("*") if path.is_dir()) if folder.is_dir() else []
    return [_entry(path) for path in folders]


def clear_entries(entries: list[CacheEntry]) -> int:
    """Delete cache entries, except those that are being built; return the bytes freed.

    Raises:
        EnvironmentProblem: an entry cannot be deleted.
    """
    freed = 0
    for entry in entries:
        if entry.is_busy:
            continue
        try:
            shutil.rmtree(entry.path)
            delete_lock(entry.path)
        except OSError as error:
            raise EnvironmentProblem(f"Could not delete {entry.path}: {error.strerror}.") from error
        freed += entry.num_bytes
    return freed


def _entry(path: Path) -> CacheEntry:
    record = read_record(path)
    headers = read_header_record(path)
    count = None if headers is None else len(headers.headers)
    root = "" if headers is None else headers.root
    return CacheEntry(
        name=path.name,
        path=path,
        num_images=count if record is None else len(record.hashes),
        num_bytes=sum(file.stat().st_size for file in path.iterdir()),
        root=root if record is None else record.root,
        is_busy=is_locked(path),
    )
