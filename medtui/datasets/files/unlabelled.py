"""Finds image files without labels: in folders, or named one by one. Decodes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from medtui.datasets.files.scan import Scan, scan
from medtui.errors import UsageError
from medtui.resources import find_card


@dataclass(frozen=True)
class FileName:
    """A file that was found."""

    name: str
    """Path as it is shown: below the folder as it was given."""
    problem: str = ""
    """Why it is not decoded; empty for candidates, whose content decides."""


def find_files(paths: Sequence[str | Path]) -> list[FileName]:
    """Return all files of `paths`, ordered by name in each folder, each once.

    In a folder, names and first bytes decide which files may be images; all others are returned
    with a reason. A file that is named itself is always a candidate.

    Raises:
        UsageError: a path does not exist or is an archive, or there is none.
        EnvironmentProblem: a folder cannot be read.
    """
    if not paths:
        raise UsageError("No image is named. Name a folder, a card or files.")
    found = dict[str, FileName]()
    for path in map(Path, paths):
        if not path.exists() and not path.is_symlink():
            raise UsageError(f"{path}: no such file or folder.")
        if path.suffix == ".npz" and path.is_file():
            raise UsageError(
                f"{path} is an archive of images, which a card describes.",
                hint=f"Name one: medtui predict RUN medmnist --root {path}",
            )
        for each in _in_folder(path) if path.is_dir() else [FileName(str(path))]:
            found.setdefault(each.name, each)
    return list(found.values())


def _in_folder(folder: Path) -> list[FileName]:
    found = scan(folder)
    names = [FileName(str(folder / name)) for name in found.files]
    names += [FileName(str(folder / name), why) for name, why in _skipped(found)]
    return sorted(names, key=lambda each: each.name)


def _skipped(found: Scan) -> Iterator[tuple[str, str]]:
    """Yield each path of a scan that is no candidate, and why."""
    yield from _each(found.others, "not an image by its name and content")
    for kind, names in found.unread.items():
        yield from _each(names, f"{kind} is not read; convert it to PNG or JPEG")
    yield from _each(found.masks, "a mask or thumbnail of another image")
    yield from _each(found.hidden, "hidden: its name begins with a dot")
    yield from _each(
        found.unreadable, "cannot be opened: no access, a broken link, or no regular file"
    )
    yield from _each(found.system_folders, "a folder of the file server or system")
    yield from _each(found.loops, "a link to a folder already visited")


def _each(names: Iterable[str], why: str) -> Iterator[tuple[str, str]]:
    return ((name, why) for name in names)


def is_card(path: str) -> bool:
    """Return whether an argument names a card: a TOML file, or a packaged card and no path here."""
    return path.endswith(".toml") or (not Path(path).exists() and find_card(path) is not None)
