"""Filters that were given a name: a file of the user, for all runs folders."""

from pathlib import Path

import msgspec

from medtui.errors import EnvironmentProblem, UsageError
from medtui.runs.atomic_file import publish_text
from medtui.runs.json_record import DECODE_ERRORS
from medtui.storage import read_bytes
from medtui.user_folders import user_folder

_MAX_BYTES = 1024 * 1024

_decoder = msgspec.json.Decoder(dict[str, str])


def filters_path() -> Path:
    """Return where the named filters are."""
    return user_folder("state") / "filters.json"


def read_filters() -> dict[str, str]:
    """Return the named filters, the latest first; empty where the file is not there or damaged."""
    try:
        found = _decoder.decode(read_bytes(filters_path(), _MAX_BYTES))
    except (EnvironmentProblem, *DECODE_ERRORS):
        return {}
    return dict(reversed(found.items()))


def name_filter(name: str, expression: str) -> Path:
    """Store an expression by a name, in place of a former one; return the file.

    Raises:
        UsageError: the name is empty, or the file cannot be written.
    """
    if not name.strip():
        raise UsageError("The name is empty.")
    known = dict(reversed(read_filters().items()))
    known.pop(name.strip(), None)
    known[name.strip()] = expression
    path = filters_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        publish_text(path, msgspec.json.format(msgspec.json.encode(known), indent=1).decode())
    except OSError as error:
        raise UsageError(f"Could not write {path}: {error.strerror}.") from error
    return path
