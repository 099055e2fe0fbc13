"""What identifies the files of a cache entry, now and in earlier versions."""

import hashlib
import json
import os
from pathlib import Path

from medtui.datasets.decoding.settings import DecodeSettings
from medtui.datasets.index import ImageIndex

EARLIER_DECODER = 1
"""Version of the decoder in keys without folder, inode and change time."""


def real_folder(index: ImageIndex) -> str:
    """Return the folder with all files, links resolved: other images may have equal names."""
    if index.files is None:
        return os.path.realpath(index.npz or "")
    return os.path.realpath(common_folder(index.files))


def common_folder(files: list[str]) -> str:
    """Return the innermost folder with all files, as they are written."""
    return os.path.commonpath({os.path.dirname(path) for path in files})  # noqa: PTH120 - strings in, string out


def state_of(path: str) -> str:
    """Return what changes whenever a file may have other content.

    Archives restore times, and uncompressed images of one shape are equally long: inode and change
    time tell them apart.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - a third of pathlib's time over 100,000 files
    except OSError as error:
        return f"error {error.errno}"
    return f"{_earlier_state(status)} {status.st_ino} {status.st_ctime_ns}"


def earlier_key(index: ImageIndex, settings: DecodeSettings) -> str:
    """Return the key that earlier versions gave to the same files: names, sizes, times, modes.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256(json.dumps([EARLIER_DECODER, *settings.key_parts()]).encode())
    for name, path in zip(index.names, index.files or [], strict=True):
        state = _earlier_state(Path(path).stat())
        digest.update(f"{name}\0{state}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _earlier_state(status: os.stat_result) -> str:
    return f"{status.st_size} {status.st_mtime_ns} {status.st_mode}"
