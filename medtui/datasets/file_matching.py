"""Finds the file that a row of a table or a line of a list names.

A row and a file belong together by the longest common tail of their paths: tables were written
where other folders stood above the images. Where spellings differ (case, ending, Unicode form,
leading zeros), the next weaker comparison is tried for the rows that are left, and counted.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from medtui.datasets.file_signatures import IMAGE_SUFFIXES, UNREAD_SUFFIXES, suffix_of

Parts = tuple[str, ...]
"""Folders and name of a path."""

_SEVERAL = -1
"""Stands for a file where several have the same tail."""
_SUFFIXES = IMAGE_SUFFIXES | UNREAD_SUFFIXES.keys()
_NUMBER = re.compile(r"0*(\d+)(?:\.0+)?\Z")


@dataclass
class Matches:
    """Which name belongs to which file."""

    pairs: list[tuple[int, str]] = field(default_factory=list)
    """Position of a name and its file; spellings of one image have the same file."""
    folders: list[str] = field(default_factory=list)
    """Names that are folders, whose files are all in `pairs`."""
    ambiguous: list[str] = field(default_factory=list)
    """Names that fit several files; they get none."""
    contended: list[str] = field(default_factory=list)
    """Names of different images that fit the same file only; they get none."""
    missing: list[str] = field(default_factory=list)
    """Names without a file."""
    weaker: Counter[str] = field(default_factory=Counter)
    """What had to be disregarded (`the case of letters`) to the number of names."""


@dataclass(frozen=True)
class _Comparison:
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


_COMPARISONS = (
    _Comparison("", str),
    _Comparison("the Unicode form of letters", _composed),
    _Comparison("the case of letters", _caseless),
    _Comparison("the ending", _caseless, has_suffixes=False, is_same_image=False),
    _Comparison(
        "the number of leading zeros", _without_zeros, has_suffixes=False, is_same_image=False
    ),
)
"""From the strictest to the weakest; each disregards what those before it disregard."""


def match_files(names: Sequence[str], files: Sequence[str]) -> Matches:
    """Return the file of each name; `files` are relative paths with `/`.

    The cost is linear in the number of path components.
    """
    matching = _Matching(names, files)
    for comparison in _COMPARISONS:
        if matching.pending:
            matching.compare(comparison)
    if matching.pending:
        matching.match_folders()
    return matching.result()


def parts_of(name: str) -> Parts:
    r"""Return the components of a path as a table spells it: `C:\films\1.png`, `./films/1.png`."""
    split = name.strip().replace("\\", "/").split("/")
    return tuple(part for part in split if part not in {"", ".", ".."})


class _Matching:
    """Names and files of one call, and what was found so far."""

    def __init__(self, names: Sequence[str], files: Sequence[str]) -> None:
        self._names, self._files = names, files
        self._rows = [parts_of(name) for name in names]
        self._paths: list[Parts] = [tuple(file.split("/")) for file in files]
        self._row_prefix = _num_common_folders(row for row in self._rows if row)
        self._path_prefix = _num_common_folders(self._paths)
        bases = Counter(row[-1] for row in set(self._rows) if row)
        self._are_bases_unique = len(bases) == bases.total()
        self.pending = [at for at, row in enumerate(self._rows) if row]
        self._rows_of: dict[int, list[int]] = {}
        self._found = Matches(
            missing=[name for name, row in zip(names, self._rows, strict=True) if not row]
        )

    def compare(self, comparison: _Comparison) -> None:
        """Match the pending rows by one comparison."""
        files: Sequence[int] = range(len(self._files))
        if not comparison.is_same_image:
            files = [at for at in files if at not in self._rows_of]
        tails = _Tails(self._paths, files, comparison)
        claims = defaultdict[int, list[tuple[int, int]]](list)
        left = []
        for row in self.pending:
            file, num_common = tails.find(self._rows[row])
            if file == _SEVERAL and self._needs(row) <= num_common:
                self._found.ambiguous.append(self._names[row])
            elif file in {None, _SEVERAL} or not self._is_telling(row, file, num_common):
                left.append(row)
            else:
                claims[file].append((num_common, row))
        for file, claim in claims.items():
            left += self._settle(file, claim, comparison)
        self.pending = left

    def _settle(
        self, file: int, claim: list[tuple[int, int]], comparison: _Comparison
    ) -> list[int]:
        """Assign a file to the rows that claim it; return those that have to look further."""
        taken = self._rows_of.get(file, [])
        if taken:
            joining = [row for _, row in claim if self._are_spellings([*taken, row], comparison)]
        else:
            longest = max(num_common for num_common, _ in claim)
            joining = [row for num_common, row in claim if num_common == longest]
            all_rows = [row for _, row in claim]
            if len(claim) > 1 and self._are_spellings(all_rows, comparison):
                joining = all_rows
            elif len(joining) > 1 and not self._are_spellings(joining, comparison):
                self._found.contended += [self._names[row] for row in joining]
                return [row for row in all_rows if row not in joining]
        self._rows_of[file] = [*taken, *joining]
        if comparison.disregards and joining:
            self._found.weaker[comparison.disregards] += len(joining)
        return [row for _, row in claim if row not in joining]

    def _are_spellings(self, rows: list[int], comparison: _Comparison) -> bool:
        """Return whether each of the rows is the tail of the longest one."""
        keys = sorted({_key(self._rows[row], comparison) for row in rows}, key=len)
        longest = keys[-1]
        return all(longest[len(longest) - len(key) :] == key for key in keys)

    def _needs(self, row: int) -> int:
        return len(self._rows[row]) - self._row_prefix

    def _is_telling(self, row: int, file: int, num_common: int) -> bool:
        """Return whether a common tail is enough to say that a row means a file.

        It must be the whole of either path, without the folders that all rows or all files have in
        common: `p7/view1.png` does not mean `p9/view1.png`. Only where no two rows have the same
        file name may the folders differ.
        """
        whole = min(self._needs(row), len(self._paths[file]) - self._path_prefix)
        return num_common >= whole or self._are_bases_unique

    def match_folders(self) -> None:
        """Match the pending rows that name a folder with all free files below it."""
        rows = [row for row in self.pending if suffix_of(self._rows[row][-1]) not in IMAGE_SUFFIXES]
        free = [at for at in range(len(self._files)) if at not in self._rows_of]
        if not rows or not free:
            return
        below = defaultdict[Parts, list[int]](list)
        for file in free:
            path = self._paths[file]
            for depth in range(1, len(path)):
                below[path[:depth]].append(file)
        folders = list(below)
        tails = _Tails(folders, range(len(folders)), _COMPARISONS[0])
        row_of: dict[int, list[int]] = {}
        depth_of: dict[int, int] = {}
        for row in rows:
            at, num_common = tails.find(self._rows[row])
            if at is None or at == _SEVERAL or num_common < min(self._needs(row), len(folders[at])):
                continue
            for file in below[folders[at]]:
                depth = len(folders[at])
                if depth > depth_of.get(file, 0):
                    row_of[file], depth_of[file] = [row], depth
                elif depth == depth_of[file]:
                    row_of[file].append(row)
        self._rows_of |= row_of
        matched = {row for each in row_of.values() for row in each}
        self._found.folders = [self._names[row] for row in sorted(matched)]
        self.pending = [row for row in self.pending if row not in matched]

    def result(self) -> Matches:
        """Return what was found, in the order of the files."""
        self._found.missing += [self._names[row] for row in sorted(self.pending)]
        self._found.pairs = [
            (row, self._files[file])
            for file in sorted(self._rows_of)
            for row in self._rows_of[file]
        ]
        return self._found


class _Tails:
    """Files by every tail of their paths."""

    def __init__(
        self, paths: Sequence[Parts], chosen: Sequence[int], comparison: _Comparison
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
            key = _key(self._paths[at], self._comparison)
            is_bare = suffix_of(self._paths[at][-1]) not in _SUFFIXES
            if not (is_bare and self._comparison.has_suffixes):
                _add_tails(by_stem, key, at)
        return by_stem

    def find(self, row: Parts) -> tuple[int | None, int]:
        """Return the file with the longest tail in common and the length of the tail.

        The file is None where none has the row's name, `_SEVERAL` where the tail fits several.
        """
        parts = [self._comparison.normalise(part) for part in row]
        if self._comparison.has_suffixes:
            file, num_common = _longest(self._by_name, parts)
            if file == _SEVERAL:
                file = self._whole.get("/".join(parts), _SEVERAL)
            if file is not None:
                return file, num_common
            return _longest(self._by_stem, parts)
        return _longest(self._by_stem, [*parts[:-1], _key(row, self._comparison)[-1]])


def _add_tails(tails: dict[str, int], parts: Sequence[str], file: int) -> str:
    """Add a file under each tail of its path; return the whole path."""
    tail = ""
    for part in reversed(parts):
        tail = f"{part}/{tail}" if tail else part
        tails[tail] = file if tails.get(tail, file) == file else _SEVERAL
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


def _key(parts: Parts, comparison: _Comparison) -> Parts:
    """Return the components normalised, without the suffix of an image."""
    *folders, name = parts
    if suffix_of(name) in _SUFFIXES:
        name = name[: name.rfind(".")]
    return (*map(comparison.normalise, folders), comparison.normalise(name))


def _num_common_folders(paths: Iterable[Parts]) -> int:
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
