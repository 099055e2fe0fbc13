"""Records of runs and studies in JSON files, written atomically."""

from pathlib import Path
from typing import TypeVar

import msgspec

from medtui.errors import EnvironmentProblem
from medtui.runs.atomic_file import publish_bytes

DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""Exceptions raised for damaged JSON, including strings that are not UTF-8."""

_Record = TypeVar("_Record")


def encode_json_record(record: msgspec.Struct) -> bytes:
    """Return a record as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"


def write_json_record(path: Path, record: msgspec.Struct) -> None:
    """Replace a record's file atomically.

    Raises:
        OSError: the disk is full; the file is unchanged.
    """
    publish_bytes(path, encode_json_record(record))


def read_json_record(
    path: Path, decoder: "msgspec.json.Decoder[_Record]", *, hint: str = ""
) -> _Record | None:
    """Return a record; None where the file does not exist.

    `hint` tells the user how to recreate a damaged file.

    Raises:
        EnvironmentProblem: the file is damaged or of another version.
    """
    try:
        return decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be read: {error.strerror}.") from error
    except DECODE_ERRORS as error:
        raise EnvironmentProblem(f"{path} is damaged: {error}.", hint=hint) from error
