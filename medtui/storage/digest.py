"""Digests of files: whether a file still has the content that was written."""

import hashlib
import os
from pathlib import Path

import msgspec

from medtui.storage.problems import DamagedFile, unreadable
from medtui.storage.regular_file import open_regular

_CHUNK_BYTES = 1024 * 1024


class FileDigest(msgspec.Struct, frozen=True):
    """Length and checksum of a file, or of the beginning of a log that grows."""

    sha256: str
    num_bytes: int


def digest_of(content: bytes) -> FileDigest:
    """Return the digest of a file's content."""
    return FileDigest(hashlib.sha256(content).hexdigest(), len(content))


def digest_of_file(path: Path, num_bytes: int | None = None) -> FileDigest:
    """Return the digest of a file, or of its first `num_bytes`, read in chunks.

    Raises:
        UnreadableFile: it is missing or cannot be read.
    """
    checksum = hashlib.sha256()
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            left = size if num_bytes is None else min(size, num_bytes)
            total = 0
            while left and (chunk := file.read(min(left, _CHUNK_BYTES))):
                checksum.update(chunk)
                total += len(chunk)
                left -= len(chunk)
    except OSError as error:
        raise unreadable(path, error) from error
    return FileDigest(checksum.hexdigest(), total)


def require_digest(
    path: Path, expected: FileDigest | None, *, is_growing: bool = False, hint: str = ""
) -> None:
    """Check a file against the digest that was recorded when it was written; None checks nothing.

    Of a log that is `is_growing`, the part that had been written is checked.

    Raises:
        UnreadableFile: it is missing, cannot be read, or has changed.
    """
    if expected is None:
        return
    size = _size_of(path)
    if size < expected.num_bytes or (size > expected.num_bytes and not is_growing):
        # A wrong length is told without reading the file, which may be huge.
        raise DamagedFile(path, _wrong_length(size, expected), hint=hint)
    _compare(path, digest_of_file(path, expected.num_bytes), expected, hint)


def require_content(
    path: Path, content: bytes, expected: FileDigest | None, *, hint: str = ""
) -> None:
    """Check content that was read from `path` against its recorded digest; None checks nothing.

    Raises:
        DamagedFile: it has changed.
    """
    if expected is not None:
        _compare(path, digest_of(content), expected, hint)


def _compare(path: Path, found: FileDigest, expected: FileDigest, hint: str) -> None:
    if found.num_bytes != expected.num_bytes:
        raise DamagedFile(path, _wrong_length(found.num_bytes, expected), hint=hint)
    if found.sha256 != expected.sha256:
        raise DamagedFile(path, "its checksum does not match the recorded one", hint=hint)


def _wrong_length(size: int, expected: FileDigest) -> str:
    return f"it has {size:,} bytes in place of {expected.num_bytes:,}"


def _size_of(path: Path) -> int:
    try:
        with open_regular(path) as file:
            return os.fstat(file.fileno()).st_size
    except OSError as error:
        raise unreadable(path, error) from error
