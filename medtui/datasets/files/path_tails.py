"""Paths by their tails, and the ways in which two spellings of a path are compared."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from medtui.datasets.files.signatures import IMAGE_SUFFIXES, UNREAD_SUFFIXES, suffix_of

Parts = tuple[str, ...]
"""Folders and name of a path."""

SEVERAL = -1
"""Stands for a file where several have the same tail."""
_SUFFIXES = IMAGE_SUFFIXES | UNREAD_SUFFIXES.keys()
_NUMBER = re.compile(r"0*(\d+)(?:\.0+)?\Z")


@dataclass(frozen=True)
class Comparison:
    """One way of comparing names."""

    disregards: str
    """What may differ; empty where it needs no note."""
    normalise: Callable[[str], str]
    """Applied to each component of a path."""
    has_suffixes: bool = True
    """Whether the suffix of the file counts, where the row has one."""
    is_same_image: bool = True
    """Whether a name that differs so from a matched name is a further spelling of it."""


def _composed(part: str) -> str:
    return part if part.isascii() else unicodedata.normalize("NFC", part)


def _caseless(part: str) -> str:
    return _composed(_composed(part).casefold())


def _without_zeros(part: str) -> str:
    number = _NUMBER.match(part)
    return number[1] if number else _caseless(part)


COMPARISONS = (
    Comparison("", str),
    Comparison("the Unicode form of letters", _composed),
    Comparison("the case of letters", _caseless),
    Comparison("the ending", _caseless, has_suffixes=False, is_same_image=False),
    Comparison(
        "the number of leading zeros", _without_zeros, has_suffixes=False, is_same_image=False
    ),
)
"""From the strictest to the weakest; each disregards what those before it disregard."""


def parts_of(name: str) -> Parts:
    r"""Return the components of a path as a table spells it: `C:\films\1.png`, `./films/1.png`."""
    split = name.strip().replace("\\", "/").split("/")
    return tuple(part for part in split if part not in {"", ".", ".."})


class PathTails:
    """Files by every tail of their paths."""

    def __init__(
        self, paths: Sequence[Parts], chosen: Sequence[int], comparison: Comparison
    ) -> None:
        self._comparison = comparison
        self._paths, self._chosen = paths, chosen
        self._by_name: dict[str, int] = {}
        self._whole: dict[str, int] = {}
        if comparison.has_suffixes:
            for at in chosen:
                parts = list(map(comparison.normalise, paths[at]))
                self._whole[_add_tails(self._by_name, parts, at)] = at

    @cached_property
    def _by_stem(self) -> dict[str, int]:
        """Files by tails without the suffix; most tables need none of them."""
        by_stem: dict[str, int] = {}
        for at in self._chosen:
            key = comparison_key(self._paths[at], self._comparison)
            is_bare = suffix_of(self._paths[at][-1]) not in _SUFFIXES
            if not (is_bare and self._comparison.has_suffixes):
                _add_tails(by_stem, key, at)
        return by_stem

    def find(self, row: Parts) -> tuple[int | None, int]:
        """Return the file with the longest tail in common and the length of the tail.

        The file is None where none has the row's name, `SEVERAL` where the tail fits several.
        """
        parts = [self._comparison.normalise(part) for part in row]
        if self._comparison.has_suffixes:
            file, num_common = _longest(self._by_name, parts)
            if file == SEVERAL:
                file = self._whole.get("/".join(parts), SEVERAL)
            if file is not None:
                return file, num_common
            return _longest(self._by_stem, parts)
        return _longest(self._by_stem, [*parts[:-1], comparison_key(row, self._comparison)[-1]])


def _add_tails(tails: dict[str, int], parts: Sequence[str], file: int) -> str:
    """Add a file under each tail of its path; return the whole path."""
    tail = ""
    for part in reversed(parts):
        tail = f"{part}/{tail}" if tail else part
        tails[tail] = file if tails.get(tail, file) == file else SEVERAL
    return tail


def _longest(tails: dict[str, int], parts: Sequence[str]) -> tuple[int | None, int]:
    found, num_common, tail = None, 0, ""
    for part in reversed(parts):
        tail = f"{part}/{tail}" if tail else part
        file = tails.get(tail)
        if file is None:
            break
        found, num_common = file, num_common + 1
    return found, num_common


def comparison_key(parts: Parts, comparison: Comparison) -> Parts:
    """Return the components normalised, without the suffix of an image."""
    *folders, name = parts
    if suffix_of(name) in _SUFFIXES:
        name = name[: name.rfind(".")]
    return (*map(comparison.normalise, folders), comparison.normalise(name))


def num_common_folders(paths: Iterable[Parts]) -> int:
    """Return the number of leading folders that all paths have in common."""
    first: Parts | None = None
    common = 0
    for path in paths:
        if first is None:
            first, common = path, len(path) - 1
        common = min(common, len(path) - 1)
        while first[:common] != path[:common]:
            common -= 1
        if not common:
            break
    return common
