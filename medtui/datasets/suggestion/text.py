"""Short sentences about counts, for evidence and comments."""

from collections.abc import Mapping

from medtui.control_characters import one_line

_SHOWN = 8
"""Values that are listed with their counts."""
_WIDTH = 40
"""Characters of a value."""


def shown(text: str) -> str:
    """Return a value in one line, shortened, without control characters."""
    line = one_line(" ".join(text.split()))
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."


def counted(counts: Mapping[str, int], most: int = _SHOWN) -> str:
    """Return values with their counts, the most frequent first: `benign 20, malignant 19`."""
    items = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    words = [f"{shown(value)} {count:,}" for value, count in items[:most]]
    rest = len(items) - most
    return ", ".join([*words, f"and {rest:,} more"] if rest > 0 else words)
