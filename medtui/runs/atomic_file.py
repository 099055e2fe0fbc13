"""Atomic file writes: write a temporary file beside the target, sync, rename.

A new owner of a folder deletes the temporary files in it, and the fence is asked between writing
and renaming. So a superseded owner that was suspended anywhere in between finds itself superseded,
or nothing to rename.
"""

import ctypes
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from medtui.runs.ownership.claim import Fence, unfenced
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


def publish_many(contents: Mapping[Path, bytes]) -> None:
    """Write many new files of one file system atomically, as `publish_bytes` does one.

    Each sync takes milliseconds, so that all are synced at once between writing and renaming. A
    power failure leaves each file whole, or leaves none of its name.

    Raises:
        OSError: the disk is full or a folder is not writable; no file was renamed.
    """
    beside = {
        path: path.with_name(f".{path.name}.{secrets.token_hex(8)}.part") for path in contents
    }
    try:
        for path, content in contents.items():
            with writing(path, len(content)):
                beside[path].write_bytes(content)
        if contents:
            path, content = next(iter(contents.items()))
            with writing(path, len(content)):
                _sync_file_system(path.parent)
        for path, partial in beside.items():
            partial.replace(path)
    finally:
        for partial in beside.values():
            partial.unlink(missing_ok=True)


def delete_partial(folder: Path) -> None:
    """Delete the temporary files and folders that earlier writers left in `folder`."""
    for path in folder.glob(_PARTIAL):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _sync_file_system(folder: Path) -> None:
    """Sync the file system of a folder; where the system cannot, all of them."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Sync `folder`, so that renames in it survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
