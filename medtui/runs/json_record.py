"""A record of a run or a study in a JSON file of its own: there whole, or not at all."""

from pathlib import Path
from typing import TypeVar

import msgspec

from medtui.errors import EnvironmentProblem
from medtui.runs.atomic_file import publish_bytes

DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading damaged JSON raises; bytes in a string that are not UTF-8, an error of Python's."""

_Record = TypeVar("_Record")


def encode_stored(record: msgspec.Struct) -> bytes:
    """Return a record as the indented JSON of its file."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"


def write_stored(path: Path, record: msgspec.Struct) -> None:
    """Put a record in place of the one before.

    Raises:
        OSError: the disk is full; the file is as it was.
    """
    publish_bytes(path, encode_stored(record))


def read_stored(
    path: Path, decoder: "msgspec.json.Decoder[_Record]", *, hint: str = ""
) -> _Record | None:
    """Read a record; None while there is none. `hint` says how a damaged one is made anew.

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
