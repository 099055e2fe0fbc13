"""Records of runs and studies in JSON files, written atomically and with a checksum."""

import re
from pathlib import Path
from typing import TypeVar

import msgspec

from medtui.runs.atomic_file import publish_bytes
from medtui.runs.ownership.claim import Fence, unfenced
from medtui.storage import DamagedFile, MissingFile, read_bytes
from medtui.storage.json_seal import check_seal, seal

DECODE_ERRORS = (ValueError, RecursionError)
"""Exceptions raised for damaged JSON: wrong syntax, types, encoding, values or checksum."""

MAX_BYTES = 64 * 1024 * 1024
"""More than any record has: that of a network with a thousand layers and classes has 1 MiB."""

_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"')
_HUGE_NUMBER = re.compile(rb"(?<![.0-9])[0-9]{20}")
"""Integers beyond 64 bits, which no record has, and which cannot be formatted or divided. Fractions
may have as many digits: a probability of 0.0001 is written in full."""

_RUN_OF_DIGITS = b"d" * 20
_DIGITS = bytes.maketrans(b"0123456789", b"d" * 10)
"""Search by these is 15 times faster than by the pattern, which few records need."""

_Record = TypeVar("_Record")


def encode_json_record(record: object) -> bytes:
    """Return a struct or dictionary as indented JSON whose last key is its checksum."""
    return seal(msgspec.json.format(msgspec.json.encode(record), indent=1))


def write_json_record(path: Path, record: object, fence: Fence = unfenced) -> None:
    """Replace a record's file atomically.

    Raises:
        OSError: the disk is full; the file is unchanged.
        Superseded: by `fence`; the file is unchanged.
    """
    publish_bytes(path, encode_json_record(record), fence)


def read_json_record(
    path: Path, decoder: "msgspec.json.Decoder[_Record]", *, hint: str = ""
) -> _Record | None:
    """Return a record; None where the file does not exist.

    `hint` tells the user how to recreate a damaged file.

    Raises:
        UnreadableFile: the file is damaged or of another version.
    """
    try:
        return require_json_record(path, decoder, hint=hint)
    except MissingFile:
        return None


def require_json_record(
    path: Path, decoder: "msgspec.json.Decoder[_Record]", *, hint: str = ""
) -> _Record:
    """Return a record.

    Raises:
        UnreadableFile: the file is missing, damaged or of another version.
    """
    raw = read_bytes(path, MAX_BYTES)
    try:
        check_seal(raw)
        _check_numbers(raw)
        return decoder.decode(raw)
    except DECODE_ERRORS as error:
        raise DamagedFile(path, str(error), hint=hint) from error


def _check_numbers(raw: bytes) -> None:
    """Check that no integer is longer than 64 bits.

    Raises:
        ValueError: one is.
    """
    if _RUN_OF_DIGITS not in raw.translate(_DIGITS):
        return
    if _HUGE_NUMBER.search(raw) and _HUGE_NUMBER.search(_TEXT.sub(b"", raw)):
        raise ValueError("a number is out of range")
