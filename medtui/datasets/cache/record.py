"""What a cache entry records about its images, and whether it is still valid."""

import contextlib
import os
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from medtui.datasets.decoding.child import Done
from medtui.datasets.decoding.decoded_images import DecodedImages
from medtui.datasets.decoding.dicom_header import Header
from medtui.datasets.decoding.image import is_deep_file
from medtui.datasets.decoding.settings import DecodeSettings
from medtui.storage import UnreadableFile, read_bytes

_MAX_BYTES = 4 * 1024**3
"""More than the index of ten million images has."""

_Record = TypeVar("_Record")

DECODER = 2
"""Version of the decoder. Version 1 dropped the low byte of pixels of 16 bits."""


class CacheRecord(DecodedImages, frozen=True, kw_only=True):
    """Content of `index.json`: what was measured on the images of a cache entry."""

    key: str
    """Hash of everything that determines the pixels."""
    card: str
    """Name of the card for which the entry was built."""
    root: str
    """Folder of the image files."""
    decoder: int = 1
    """`DECODER` of the version that decoded the files."""
    range_key: str = ""
    """Key of the files that `bits` was measured on; empty where the card states the range."""


HEADERS_FILE = "headers.json"
"""Name of a `HeaderRecord` in its entry."""


class HeaderRecord(msgspec.Struct, frozen=True):
    """Content of an entry of DICOM headers."""

    key: str
    """Hash of the files."""
    root: str
    """Folder of the files."""
    headers: list[Header | None]
    """Header of each file in the order of their paths; None where it cannot be read."""


def read_header_record(entry: Path) -> HeaderRecord | None:
    """Return the record of an entry of DICOM headers; None where it is missing or damaged."""
    return _read(entry / HEADERS_FILE, HeaderRecord)


def read_record(entry: Path) -> CacheRecord | None:
    """Return the record of a complete entry; None where it is missing or damaged."""
    return _read(entry / "index.json", CacheRecord)


def _read(path: Path, kind: type[_Record]) -> _Record | None:
    try:
        return msgspec.json.decode(read_bytes(path, _MAX_BYTES), type=kind)
    except (UnreadableFile, ValueError, msgspec.DecodeError):
        return None


def empty_record(
    key: str, card: str, root: str, count: int, settings: DecodeSettings
) -> CacheRecord:
    """Return the record of an entry without images so far."""
    return CacheRecord(
        key=key,
        card=card,
        root=root,
        sums=[[0] * settings.channels for _ in range(count)],
        squares=[[0] * settings.channels for _ in range(count)],
        hashes=[""] * count,
        kinds=[""] * count,
        bad={},
        decoder=DECODER,
    )


def fill(record: CacheRecord, done: Done, row: int) -> None:
    """Enter one row of a finished job."""
    if row in done.bad:
        record.bad[row] = done.bad[row]
    if not done.hashes:  # the image crashed its decoder
        return
    at = row - done.first
    record.sums[row], record.squares[row] = done.sums[at], done.squares[at]
    record.hashes[row], record.kinds[row] = done.hashes[at], done.kinds[at]


def is_outdated(record: CacheRecord, files: list[str] | None) -> bool:
    """Return whether an entry of an earlier version has images that decode differently now.

    These are images of 16 bits and files that could not be used, some of which can be now.
    """
    if files is None or record.decoder >= DECODER:
        return False
    return bool(record.bad) or any(map(is_deep_file, record.kinds, files))


def stamp(record: CacheRecord, entry: Path) -> None:
    """Mark an entry of an earlier version as looked at, so that it need not be again."""
    path = entry / f"index.{os.getpid()}"
    with contextlib.suppress(OSError):  # a cache that cannot be written is looked at again
        path.write_bytes(msgspec.json.encode(replace(record, decoder=DECODER)))
        path.replace(entry / "index.json")
