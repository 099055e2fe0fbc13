"""What the cells of a column look like: labels, 0/1, lists, joined labels, parts of a set."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from medtui.datasets.suggestion.words import part_of
from medtui.datasets.tables.label_cell import split_labels

Form = Literal["plain", "joined", "list"]

_FEWEST_VALUES = 2
_MOST_VALUES = 64
"""A column of more values is no label."""
_SEPARATORS = ("|", ";", ",")
_EMPTY = frozenset({"", "na", "n/a", "nan", "none", "null", "-", "?"})
_ONE = frozenset({"1", "1.0", "true", "yes"})
_ZERO = frozenset({"0", "0.0", "false", "no"})
_UNCERTAIN = frozenset({"-1", "-1.0", "u"})
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_LIST = re.compile(r"\[.*\]", re.DOTALL)


@dataclass(frozen=True)
class LabelCells:
    """The labels in a column."""

    counts: Counter[str]
    """Label to its number of cells."""
    form: Form
    """One label per cell, labels joined by a separator, or lists written as text."""
    separator: str = "|"
    """Separator of joined labels."""


def is_empty(cell: str) -> bool:
    """Return whether a cell has no value."""
    return cell.strip().casefold() in _EMPTY


def label_cells(cells: Sequence[str]) -> LabelCells | None:
    """Return the labels of a column; None where its cells are no labels."""
    values = Counter(cell.strip() for cell in cells if cell.strip())
    if not values:
        return None
    if all(_LIST.fullmatch(value) for value in values):
        return _checked(LabelCells(_listed(values), "list"), len(cells))
    for separator in _SEPARATORS:
        if any(separator in value for value in values):
            parts = _parts(values, separator)
            is_sure = separator == _SEPARATORS[0] or len(parts) <= len(values)
            if is_sure and _are_reused(values, separator):
                return _checked(LabelCells(parts, "joined", separator), len(cells))
    unused = next(each for each in ("|", ";", "||", ";;", "|||") if each not in "".join(values))
    return _checked(LabelCells(values, "plain", unused), len(cells))


def _checked(found: LabelCells, num_cells: int) -> LabelCells | None:
    """Return labels that are few and repeat; numbers with a fraction are measurements."""
    num_values = len(found.counts)
    if not _FEWEST_VALUES <= num_values <= min(_MOST_VALUES, max(2, num_cells // 2)):
        return None
    if any(_is_fraction(value) for value in found.counts):
        return None
    return found


def _is_fraction(value: str) -> bool:
    return bool(_NUMBER.fullmatch(value)) and float(value) % 1 != 0


def _listed(values: Counter[str]) -> Counter[str]:
    parts: Counter[str] = Counter()
    for value, count in values.items():
        for label in split_labels(value, "|") or ():
            parts[label] += count
    return parts


def _parts(values: Counter[str], separator: str) -> Counter[str]:
    parts: Counter[str] = Counter()
    for value, count in values.items():
        for part in value.split(separator):
            if part.strip():
                parts[part.strip()] += count
    return parts


def _are_reused(values: Counter[str], separator: str) -> bool:
    """Return whether a part of a joined cell is also a cell or part of another."""
    cells_of: Counter[str] = Counter()
    for value in values:
        cells_of.update({part.strip() for part in value.split(separator) if part.strip()})
    joined = [value for value in values if separator in value]
    return any(cells_of[part.strip()] > 1 for value in joined for part in value.split(separator))


@dataclass(frozen=True)
class BinaryCells:
    """The cells of a 0/1 column."""

    num_ones: int
    num_uncertain: int
    """Cells of -1 or U."""
    is_numeric: bool
    """Whether the cells are numbers, not yes and no."""
    ones: frozenset[int]
    """Rows of the ones."""


def binary_cells(cells: Sequence[str]) -> BinaryCells | None:
    """Return what a 0/1 column holds; None where another value occurs or no cell is filled."""
    ones, num_uncertain, num_zeros = [], 0, 0
    is_numeric = False
    for row, cell in enumerate(cells):
        word = cell.strip().casefold()
        if word in _ONE:
            ones.append(row)
        elif word in _UNCERTAIN:
            num_uncertain += 1
        elif word in _ZERO:
            num_zeros += 1
        elif word not in _EMPTY:
            return None
        is_numeric |= word[:1] in {"0", "1", "-"} and len(word) > 0
    if not ones and not num_zeros:
        return None
    return BinaryCells(len(ones), num_uncertain, is_numeric, frozenset(ones))


def are_repeated_numbers(cells: Sequence[str]) -> bool:
    """Return whether cells are numbers of which each occurs twice or more on average."""
    values = set(cells)
    return 2 * len(values) <= len(cells) and all(_NUMBER.fullmatch(cell.strip()) for cell in values)


def parts_named(cells: Sequence[str]) -> Counter[str]:
    """Return train, val and test with their rows; empty where a cell means none of them."""
    values = Counter(cell.strip() for cell in cells if cell.strip())
    named = {value: part_of(value) for value in values}
    if len(values) > 8 or not all(named.values()):  # noqa: PLR2004 - no split has more spellings
        return Counter()
    found: Counter[str] = Counter()
    for value, count in values.items():
        found[named[value]] += count
    return found
