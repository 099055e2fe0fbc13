"""Levels of folders: which may name classes, which parts of the set, which neither."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from medtui.datasets.suggestion import words

Kind = Literal["classes", "numbers", "magnifications", "identifiers", "containers"]

_MOST_CLASSES = 50
"""A level of more folders is no level of classes."""
_LONG_NUMBER = 3
"""Digits of a number that make a folder's name an identifier."""


@dataclass(frozen=True)
class Level:
    """All folders at one distance above the images."""

    above: int
    """1 for the folder that holds the image, 2 for the folder above it."""
    counts: Counter[str]
    """Folder to its number of images."""
    kind: Kind
    """What the names of the folders say."""

    @property
    def value(self) -> str:
        """Return the name by which the level is chosen: its largest folder's."""
        return self.counts.most_common(1)[0][0]


@dataclass(frozen=True)
class Layout:
    """Folders of a set of images."""

    files: list[str]
    """Images that are no masks by the names of their folders."""
    levels: list[Level]
    """Levels of two or more folders, those that may name classes first."""
    parts: Counter[str]
    """Train, val and test with their images; empty without folders of parts."""
    num_masks: int
    """Images in folders of masks."""

    @property
    def class_levels(self) -> list[Level]:
        """Return the levels that may name classes."""
        return [level for level in self.levels if level.kind == "classes"]


def read_layout(files: Sequence[str]) -> Layout:
    """Return the levels of the folders that hold `files`."""
    images = [name for name in files if not _is_mask(name)]
    containers = _containers(images)
    paths = [_without(name, containers) for name in images]
    levels = _levels(paths)
    if not levels:  # parts of an archive, which only a person can call classes
        levels = _levels([name.split("/")[:-1] for name in images])
    levels.sort(key=lambda level: (level.kind != "classes", len(level.counts)))
    return Layout(images, levels, part_folders(images), len(files) - len(images))


def _levels(paths: Sequence[Sequence[str]]) -> list[Level]:
    """Return the levels of two or more folders that every path has; equal divisions once."""
    levels: list[Level] = []
    seen: set[tuple[str, ...]] = set()
    for above in range(1, min(map(len, paths), default=0) + 1):
        column = tuple(path[-above] for path in paths)
        if len(set(column)) > 1 and column not in seen:
            seen.add(column)
            levels.append(Level(above, Counter(dict(Counter(column).most_common())), _kind(column)))
    return levels


def part_folders(files: Sequence[str]) -> Counter[str]:
    """Return train, val and test with their images; empty unless folders are named so."""
    parts = Counter(
        next((part for each in name.split("/")[:-1] if (part := words.part_of(each))), "")
        for name in files
    )
    del parts[""]
    return parts if len(parts) > 1 else Counter()


def _is_mask(name: str) -> bool:
    return any(words.is_mask(each) for each in name.split("/")[:-1])


def _containers(files: Sequence[str]) -> set[str]:
    """Return the folders that stand for no class: `images` beside nothing but `masks`, `train`.

    A folder `original` beside `fake` is a class.
    """
    inside: dict[str, set[str]] = {}
    for folder in {name.rpartition("/")[0] for name in files}:
        parts = folder.split("/")
        for depth, part in enumerate(parts):
            inside.setdefault("/".join(parts[:depth]), set()).add(part)
    found = set()
    for parent, names in inside.items():
        are_containers = all(words.is_container(name) or words.part_of(name) for name in names)
        for name in names:
            if are_containers or words.part_of(name):
                found.add(f"{parent}/{name}" if parent else name)
    return found


def _without(name: str, containers: set[str]) -> list[str]:
    """Return an image's folders without those that stand for no class."""
    parts = name.split("/")[:-1]
    return [
        part for depth, part in enumerate(parts, 1) if "/".join(parts[:depth]) not in containers
    ]


def _kind(column: Sequence[str]) -> Kind:
    names = sorted(set(column))
    if all(map(words.is_magnification, names)):
        return "magnifications"
    if all(map(words.is_number, names)):
        return "numbers"
    if len(names) > _MOST_CLASSES or len(names) > len(column) // 2 or _are_identifiers(names):
        return "identifiers"
    if all(map(words.part_of, names)):
        return "containers"
    different = words.without_common_start(names)
    if all(not each or words.is_container(each) or each.isdigit() for each in different):
        return "containers"
    return "classes"


def _are_identifiers(names: Sequence[str]) -> bool:
    """Return whether more than half of the names hold a long number: `patient00012`."""
    return 2 * sum(_has_long_number(name) for name in names) > len(names)


def _has_long_number(name: str) -> bool:
    return any(len(word) >= _LONG_NUMBER and word.isdigit() for word in words.tokens(name))
