"""Finds image files below a folder by their names. Opens no file."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from medtui.datasets.findings import Findings, note, warning
from medtui.datasets.index import some
from medtui.errors import EnvironmentProblem
from medtui.units import plural

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp"})
"""Suffixes of candidate files; the content decides when a file is decoded."""


@dataclass
class Scan:
    """Files found below a folder, and paths that were skipped."""

    files: list[str] = field(default_factory=list)
    """Sorted relative paths of regular files with an image suffix."""
    others: list[str] = field(default_factory=list)
    """Names of other files: `Thumbs.db`, notes, archives."""
    loops: list[str] = field(default_factory=list)
    """Links to a folder that was already visited."""
    unreadable: list[str] = field(default_factory=list)
    """Folders and links that cannot be opened."""

    @property
    def findings(self) -> Findings:
        """Return one finding per kind of skipped path; hidden files are not mentioned."""
        found = []
        if self.others:
            sentence = f"{plural(len(self.others), 'file')} without an image suffix skipped"
            found.append(note("other-files", f"{sentence}: {some(self.others)}"))
        if self.loops:
            sentence = f"{plural(len(self.loops), 'link')} to a folder already visited skipped"
            found.append(note("repeated-links", f"{sentence}: {some(self.loops)}"))
        if self.unreadable:
            sentence = f"{plural(len(self.unreadable), 'path')} cannot be opened"
            found.append(warning("unreadable-paths", f"{sentence}: {some(self.unreadable)}"))
        return tuple(found)


def scan(folder: Path) -> Scan:
    """Return the image files below `folder`; links are followed, each folder is visited once.

    Raises:
        EnvironmentProblem: the folder itself is missing or cannot be read.
    """
    found = Scan()
    seen: set[tuple[int, int]] = set()
    pending = [""]
    while pending:
        current = pending.pop()
        path = os.path.join(folder, current)  # noqa: PTH118 - pathlib doubles the time of a scan
        try:
            status = os.stat(path)  # noqa: PTH116 - as above
            if (status.st_dev, status.st_ino) in seen:
                found.loops.append(current)
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(path) as entries:
                pending.extend(_sort_in(found, current and f"{current}/", entries))
        except OSError as error:
            if not current:
                raise _unreadable(folder, error) from error
            found.unreadable.append(current)
    found.files.sort()
    return found


def _sort_in(found: Scan, prefix: str, entries: Iterator[os.DirEntry[str]]) -> Iterator[str]:
    """Add a folder's files to `found` and yield its subfolders."""
    for entry in entries:
        name = entry.name
        if name.startswith("."):
            continue
        try:
            if entry.is_dir():
                yield prefix + name
            elif not entry.is_file():
                found.unreadable.append(prefix + name)
            elif name[name.rfind(".") :].lower() in IMAGE_SUFFIXES:
                found.files.append(prefix + name)
            else:
                found.others.append(prefix + name)
        except OSError:
            found.unreadable.append(prefix + name)


def _unreadable(folder: Path, error: OSError) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{folder}: {error.strerror or error}. The images cannot be read.",
        hint="Set the folder of the images: --set data.root=/path/to/images",
    )
