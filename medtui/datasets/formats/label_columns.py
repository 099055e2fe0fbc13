"""Reads the labels in a row's cells: joined in one column, or a 0/1 column for each class."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from medtui.datasets.formats import Uncertain

CellValue = Literal["positive", "negative", "uncertain"]

_WORDS: dict[CellValue, tuple[str, ...]] = {
    "positive": ("true", "yes", "y", "t", "positive", "pos", "present"),
    "negative": ("", "false", "no", "n", "f", "negative", "neg", "absent"),
    "uncertain": (
        "u",
        "uncertain",
        "nan",
        "na",
        "n/a",
        "<na>",
        "null",
        "none",
        "unknown",
        "?",
        "-",
    ),
}
_VALUE_OF = {word: value for value, words in _WORDS.items() for word in words}
_VALUE_OF_NUMBER: dict[float, CellValue] = {1.0: "positive", 0.0: "negative", -1.0: "uncertain"}


@dataclass(frozen=True)
class RowLabels:
    """Labels of one row of a table."""

    present: list[str]
    """Labels that the row gives its image, in the order of the table."""
    unknown: frozenset[str] = frozenset()
    """Classes of which the row says neither yes nor no; their labels are masked."""


@dataclass(frozen=True)
class UnusableRow:
    """Why a row gives its image no labels."""

    reason: str


@dataclass
class OneHotColumns:
    """The 0/1 columns of a table, and what was uncertain in the rows read so far."""

    class_at: dict[str, int]
    """Position of each class's column."""
    uncertain: Uncertain | None
    """None makes rows with an uncertain value unusable."""
    num_uncertain: Counter[str] = field(default_factory=Counter)
    """Class to its number of uncertain values."""
    num_uncertain_rows: int = 0

    def read(self, row: list[str]) -> RowLabels | UnusableRow | None:
        """Return a row's labels; None where `uncertain` is None and a value is uncertain."""
        values = {name: cell_value(row[at]) for name, at in self.class_at.items()}
        for name, value in values.items():
            if value is None:
                cell = row[self.class_at[name]].strip()
                return UnusableRow(f"{name} is `{cell[:20]}`, neither 0 nor 1")
        present = [name for name, value in values.items() if value == "positive"]
        doubtful = [name for name, value in values.items() if value == "uncertain"]
        if not doubtful:
            return RowLabels(present)
        self.num_uncertain.update(doubtful)
        self.num_uncertain_rows += 1
        match self.uncertain:
            case "ignore":
                return RowLabels(present, frozenset(doubtful))
            case "positive":
                return RowLabels([name for name in values if name in {*present, *doubtful}])
            case "negative":
                return RowLabels(present)
            case None:
                return None


def cell_value(cell: str) -> CellValue | None:
    """Return what a cell of a 0/1 column says; None where it is none of the known spellings.

    A blank is negative, as CheXpert's labeler defines it: the finding is not mentioned.
    """
    word = cell.strip().casefold()
    if word in _VALUE_OF:
        return _VALUE_OF[word]
    try:
        return _VALUE_OF_NUMBER.get(float(word.replace(",", ".")))
    except ValueError:
        return None
