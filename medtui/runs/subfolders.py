"""Folders of studies and runs within a folder."""

import os
from collections.abc import Callable
from pathlib import Path

from medtui.runs import run_names
from medtui.runs.utf8_names import is_utf8


def subfolders(path: Path, is_wanted: Callable[[str], bool] = is_utf8) -> list[Path]:
    """Return the folders in `path` whose names are wanted, ordered by name.

    Names that are not UTF-8 are left out.
    """
    try:
        paths = [each for each in path.iterdir() if is_utf8(each.name) and is_wanted(each.name)]
    except OSError:
        return []
    return sorted(filter(os.path.isdir, paths))  # which raises nothing for a loop of links


def is_file(path: Path) -> bool:
    """Return whether a file exists; in an unreadable folder, assume that it does."""
    try:
        return path.is_file()
    except OSError:
        return True


def is_planned(path: Path) -> bool:
    """Return whether a folder is that of a study or run, also where its preset is damaged."""
    names = ("preset.toml", "result.json", "events.jsonl", run_names.REFERENCE)
    return is_file(path / names[0]) or any(os.path.lexists(path / name) for name in names)
