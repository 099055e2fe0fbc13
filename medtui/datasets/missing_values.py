"""Cells that state no value: empty, or a word for it."""

_WORDS = frozenset(
    {
        "", "-", "--", "?", "na", "n/a", "#n/a", "n.a.", "nan", "<na>", "null", "none", "unknown",
        "missing",
    }
)  # fmt: skip

ORDINARY_WORDS = frozenset({"none", "unknown", "missing"})
"""Those of the words that may also name a class."""


def is_missing(cell: str) -> bool:
    """Return whether a cell is empty or a word for a missing value, in any case."""
    return cell.strip().casefold() in _WORDS
