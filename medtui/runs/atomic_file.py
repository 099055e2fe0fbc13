"""Atomic file writes: write a temporary file beside the target, sync, rename.

A new owner of a folder deletes the temporary files in it, and the fence is asked between writing
and renaming. So a superseded owner that was suspended anywhere in between finds itself superseded,
or nothing to rename.
"""

import os
import secrets
import shutil
from pathlib import Path

from medtui.runs.claim import Fence, unfenced
from medtui.storage.writing import writing

_PARTIAL = ".*.part"


def publish_bytes(path: Path, content: bytes, fence: Fence = unfenced) -> None:
    """Replace `path` by `content` atomically: readers see the old file or the new one.

    Raises:
        OSError: the disk is full or the folder is not writable; `path` is unchanged.
        Superseded: by `fence`; `path` is unchanged.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    with writing(path, len(content)):
        try:
            with beside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fence()
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        sync_folder(path.parent)


def publish_text(path: Path, text: str, fence: Fence = unfenced) -> None:
    """Replace `path` by UTF-8 `text` atomically.

    Raises:
        OSError: as for `publish_bytes`.
        Superseded: by `fence`; `path` is unchanged.
    """
    publish_bytes(path, text.encode(), fence)


def delete_partial(folder: Path) -> None:
    """Delete the temporary files and folders that earlier writers left in `folder`."""
    for path in folder.glob(_PARTIAL):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Sync `folder`, so that renames in it survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
