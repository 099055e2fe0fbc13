"""Names of folders that are not UTF-8, which are not shown."""

import os
from pathlib import Path


def unreadable_names(path: Path) -> list[str]:
    """Return a message for each study or run in `path` whose name is not UTF-8."""
    try:
        names = [each.name for each in path.iterdir() if not is_utf8(each.name)]
    except OSError:
        return []
    return [
        f"{path}/{os.fsencode(name).decode(errors='backslashreplace')} is not shown: its name is "
        "not UTF-8. Rename it."
        for name in sorted(names)
        if _is_file(path / name / "preset.toml")
    ]


def is_utf8(name: str) -> bool:
    """Return whether a name of the file system is UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_file(path: Path) -> bool:
    """Return whether a file exists; in an unreadable folder, assume that it does."""
    try:
        return path.is_file()
    except OSError:
        return True
