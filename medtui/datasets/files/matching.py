"""Finds the file that a row of a table or a line of a list names.

A row and a file belong together by the longest common tail of their paths: tables were written
where other folders stood above the images. Where spellings differ (case, ending, Unicode form,
leading zeros), the next weaker comparison is tried for the rows that are left, and counted.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from medtui.datasets.files.path_tails import (
    COMPARISONS,
    SEVERAL,
    Comparison,
    Parts,
    PathTails,
    comparison_key,
    num_common_folders,
    parts_of,
)
from medtui.datasets.files.signatures import IMAGE_SUFFIXES, suffix_of


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


def match_files(names: Sequence[str], files: Sequence[str]) -> Matches:
    """Return the file of each name; `files` are relative paths with `/`.

    The cost is linear in the number of path components.
    """
    matching = _Matching(names, files)
    for comparison in COMPARISONS:
        if matching.pending:
            matching.compare(comparison)
    if matching.pending:
        matching.match_folders()
    return matching.result()


class _Matching:
    """Names and files of one call, and what was found so far."""

    def __init__(self, names: Sequence[str], files: Sequence[str]) -> None:
        self._names, self._files = names, files
        self._rows = [parts_of(name) for name in names]
        self._paths: list[Parts] = [tuple(file.split("/")) for file in files]
        self._row_prefix = num_common_folders(row for row in self._rows if row)
        self._path_prefix = num_common_folders(self._paths)
        bases = Counter(row[-1] for row in set(self._rows) if row)
        self._are_bases_unique = len(bases) == bases.total()
        self.pending = [at for at, row in enumerate(self._rows) if row]
        self._rows_of: dict[int, list[int]] = {}
        self._found = Matches(
            missing=[name for name, row in zip(names, self._rows, strict=True) if not row]
        )

    def compare(self, comparison: Comparison) -> None:
        """Match the pending rows by one comparison."""
        files: Sequence[int] = range(len(self._files))
        if not comparison.is_same_image:
            files = [at for at in files if at not in self._rows_of]
        tails = PathTails(self._paths, files, comparison)
        claims = defaultdict[int, list[tuple[int, int]]](list)
        left = []
        for row in self.pending:
            file, num_common = tails.find(self._rows[row])
            if file == SEVERAL and self._needs(row) <= num_common:
                self._found.ambiguous.append(self._names[row])
            elif file in {None, SEVERAL} or not self._is_telling(row, file, num_common):
                left.append(row)
            else:
                claims[file].append((num_common, row))
        for file, claim in claims.items():
            left += self._settle(file, claim, comparison)
        self.pending = left

    def _settle(self, file: int, claim: list[tuple[int, int]], comparison: Comparison) -> list[int]:
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

    def _are_spellings(self, rows: list[int], comparison: Comparison) -> bool:
        """Return whether each of the rows is the tail of the longest one."""
        keys = sorted({comparison_key(self._rows[row], comparison) for row in rows}, key=len)
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
        tails = PathTails(folders, range(len(folders)), COMPARISONS[0])
        row_of: dict[int, list[int]] = {}
        depth_of: dict[int, int] = {}
        for row in rows:
            at, num_common = tails.find(self._rows[row])
            if at is None or at == SEVERAL or num_common < min(self._needs(row), len(folders[at])):
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
