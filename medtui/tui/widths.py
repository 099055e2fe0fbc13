"""Widths of panes as `<` and `>` left them: a file of the user, for all runs folders."""

from contextlib import suppress
from pathlib import Path

import msgspec

from medtui.errors import EnvironmentProblem
from medtui.runs.atomic_file import publish_text
from medtui.runs.json_record import DECODE_ERRORS
from medtui.storage import read_bytes
from medtui.user_folders import user_folder

_MAX_BYTES = 1024 * 1024

_decoder = msgspec.json.Decoder(dict[str, int])


def widths_path() -> Path:
    """Return where the widths are."""
    return user_folder("state") / "widths.json"


def read_widths() -> dict[str, int]:
    """Return cells by name of the pane; empty where the file is not there or damaged."""
    try:
        return _decoder.decode(read_bytes(widths_path(), _MAX_BYTES))
    except (EnvironmentProblem, *DECODE_ERRORS):
        return {}


def remember_width(pane: str, cells: int) -> None:
    """Store the width of a pane; where that is not possible, it is as wide again next time."""
    known = read_widths() | {pane: cells}
    with suppress(OSError, EnvironmentProblem):
        path = widths_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        publish_text(path, msgspec.json.encode(known).decode())
