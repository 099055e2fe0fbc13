"""Atomic file writes: write a temporary file beside the target, sync, rename."""

import os
from pathlib import Path


def publish_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content` atomically: readers see the old file or the new one.

    Raises:
        OSError: the disk is full or the folder is not writable; `path` is unchanged.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)


def publish_text(path: Path, text: str) -> None:
    """Replace `path` by UTF-8 `text` atomically.

    Raises:
        OSError: as for `publish_bytes`.
    """
    publish_bytes(path, text.encode())


def sync_folder(folder: Path) -> None:
    """Sync `folder`, so that renames in it survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
