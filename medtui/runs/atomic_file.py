"""Puts a whole file in place or none: written beside, synced, renamed."""

import os
from pathlib import Path


def publish_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content` so that every reader sees the old file or the new one, whole.

    Raises:
        OSError: the disk is full or the folder cannot be written; `path` is as it was.
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
    """Replace `path` by UTF-8 `text`, whole or not at all.

    Raises:
        OSError: as for `publish_bytes`.
    """
    publish_bytes(path, text.encode())


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
