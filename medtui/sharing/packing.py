"""Writes packs: all or nothing, and the same bytes from the same files."""

import fcntl
import hashlib
import io
import os
import secrets
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import medtui
from medtui.runs.atomic_file import sync_folder
from medtui.runs.json_record import encode_json_record
from medtui.runs.ownership.flock import try_flock
from medtui.sharing.manifest import NAME, PackManifest
from medtui.sharing.members import Member
from medtui.storage import FileDigest, open_regular
from medtui.storage.writing import writing

_CHUNK_BYTES = 1024 * 1024

_TIME = (1980, 1, 1, 0, 0, 0)
"""The first time that zip archives know, in place of the files' own: equal files, equal packs."""

_COMPRESSED = {".npz", ".png", ".pt2", ".packed", ".pdf"}
"""Files that deflate makes no smaller."""

Before = Callable[[Path], None]
"""Called with the whole pack under its temporary name; an error keeps it from being published."""


@dataclass(frozen=True)
class PackContents:
    """What is written into a pack."""

    studies: list[str]
    members: Iterable[Member]
    is_pseudonymised: bool = False
    left_out: tuple[str, ...] = ()
    num_bytes: int = 0
    """About how much is written, for the error of a full disk."""


def write_pack(path: Path, contents: PackContents, before: Before | None = None) -> PackManifest:
    """Write a pack to `path` by rename; return what it holds.

    Raises:
        OSError: a file cannot be read, or the disk is full; `path` is unchanged.
        Exception: that of `contents.members` or `before`; `path` is unchanged.
    """
    with writing(path, contents.num_bytes), _file_beside(path) as (file, beside):
        manifest = _fill(file, contents)
        file.flush()
        os.fsync(file.fileno())
        if before is not None:
            before(beside)
        beside.replace(path)
        sync_folder(path.parent)
    return manifest


def _fill(file: BinaryIO, contents: PackContents) -> PackManifest:
    files = dict[str, FileDigest]()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in contents.members:
            files[member.name] = _add(archive, member)
        manifest = PackManifest(
            medtui=medtui.__version__,
            is_pseudonymised=contents.is_pseudonymised,
            studies=contents.studies,
            left_out=list(contents.left_out),
            files=files,
        )
        _add(archive, Member(NAME, encode_json_record(manifest)))
    return manifest


def _add(archive: zipfile.ZipFile, member: Member) -> FileDigest:
    """Add one file; return the digest of what was added."""
    entry = zipfile.ZipInfo(member.name, _TIME)
    entry.external_attr = 0o100644 << 16
    is_compressed = Path(member.name).suffix in _COMPRESSED
    entry.compress_type = zipfile.ZIP_STORED if is_compressed else zipfile.ZIP_DEFLATED
    checksum, num_bytes = hashlib.sha256(), 0
    with _open(member.content) as source, archive.open(entry, "w", force_zip64=True) as target:
        while chunk := source.read(_CHUNK_BYTES):
            checksum.update(chunk)
            num_bytes += len(chunk)
            target.write(chunk)
    return FileDigest(checksum.hexdigest(), num_bytes)


def _open(content: Path | bytes) -> BinaryIO:
    return io.BytesIO(content) if isinstance(content, bytes) else open_regular(content)


@contextmanager
def _file_beside(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Open a temporary file beside `path`, and delete it at the end if it is still there.

    Files of writers that were killed are deleted first: nobody holds their lock.
    """
    for former in path.parent.glob(f".{path.name}.*.part"):
        _delete_orphan(former)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with beside.open("x+b") as file:
            _lock(file)
            yield file, beside
    finally:
        beside.unlink(missing_ok=True)


def _delete_orphan(path: Path) -> None:
    try:
        with open_regular(path) as file:
            if _lock(file):
                path.unlink(missing_ok=True)
    except OSError:
        return  # another user's, or gone


def _lock(file: BinaryIO) -> bool:
    """Lock a file; return False where another process has, or the file system has no locks."""
    try:
        return try_flock(file.fileno(), fcntl.LOCK_EX)
    except OSError:
        return False
