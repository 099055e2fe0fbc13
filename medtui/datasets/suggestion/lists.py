"""Official lists: text files of image names, one per line."""

from dataclasses import dataclass
from pathlib import Path

from medtui.datasets.files.scan import Scan
from medtui.datasets.suggestion import words
from medtui.datasets.suggestion.file_names import FileNames
from medtui.datasets.tables.text import read_lines
from medtui.errors import MedtuiError

_MOST_LISTS = 40
"""Text files that are read."""
_SHARE = 0.5
"""Share of a list's lines that must name files here."""


@dataclass(frozen=True)
class OfficialLists:
    """Lists that belong together."""

    test: str
    """List of the test images."""
    train: str
    """List of the train images; without `val`, of those for train and val."""
    val: str
    """List of the val images; empty without one."""
    counts: dict[str, int]
    """Part to the number of its images here."""

    @property
    def files(self) -> list[str]:
        """Return the names of the lists."""
        return [name for name in (self.train, self.val, self.test) if name]


def find_lists(folder: Path, found: Scan) -> list[OfficialLists]:
    """Return the lists of train, val and test images among the text files."""
    names = FileNames(found.files)
    kinds: dict[str, dict[str, tuple[str, int]]] = {}
    texts = [name for name in found.others if name.lower().endswith((".txt", ".lst", ".list"))]
    for name in sorted(texts)[:_MOST_LISTS]:
        stem = name.rpartition("/")[2].rpartition(".")[0]
        parts = [word for word in words.tokens(stem) if word in words.PART_WORDS]
        part = _part(parts)
        count = _num_files(folder / name, names) if part else 0
        if count:
            kinds.setdefault(_kin(name), {})[part] = (name, count)
    return [_together(kind) for kind in kinds.values() if {"train", "test"} <= kind.keys()]


def _part(parts: list[str]) -> str:
    if not parts:
        return ""
    if set(parts) & words.TRAIN_WORDS:
        return "train"
    return "val" if set(parts) & words.VAL_WORDS else "test"


def _kin(name: str) -> str:
    """Return the name without the words for parts: lists of one set share the rest."""
    kept = [word for word in words.tokens(name.rpartition(".")[0]) if word not in words.PART_WORDS]
    return " ".join(kept)


def _together(kind: dict[str, tuple[str, int]]) -> OfficialLists:
    counts = {part: count for part, (_, count) in kind.items()}
    val = kind.get("val", ("", 0))[0]
    return OfficialLists(kind["test"][0], kind["train"][0], val, counts)


def _num_files(path: Path, names: FileNames) -> int:
    try:
        lines, _ = read_lines(path)
    except MedtuiError:
        return 0
    given = [line for line in lines if line.strip()]
    known = sum(bool(names.find(line)) for line in given)
    return known if given and known >= _SHARE * len(given) else 0
