"""Titles of runs that are shortened where there is little room; the density is never cut.

In one table the same words are shortened in all titles: `FPrune60` beside `FilterPrune60Stock`
would look like two schemes.
"""

from collections.abc import Sequence

_SHORTER = (
    ("Quantize", "Q"),
    ("Group", "G"),
    ("Struct", "S"),
    ("Filter", "F"),
    ("Prune", "P"),
    (" seed ", " s"),
)
"""Words and what stands for them, in the order in which they are replaced."""

_ALONE = "Quantize"
"""A scheme of this word alone keeps it: `Q16` would say nothing."""


def fitted_titles(titles: Sequence[str], width: int) -> list[str]:
    """Return titles with as many shortened words as it takes for all to fit."""
    shown = list(titles)
    for word, short in _SHORTER:
        if all(len(title) <= width for title in shown):
            break
        if any(len(title) > width and word in title for title in shown):
            shown = [title if title.startswith(_ALONE) else title.replace(word, short)
                     for title in shown]  # fmt: skip
    return [_cut(title, width) for title in shown]


def fitted_title(title: str, width: int) -> str:
    """Return one title with as many shortened words as it takes to fit: `PruneQ16 0.1`."""
    return fitted_titles([title], width)[0]


def _cut(title: str, width: int) -> str:
    """Return a title whose name is cut, with an ellipsis, where it is still too long."""
    if len(title) <= width:
        return title
    name, blank, rest = title.partition(" ")
    room = width - len(rest) - len(blank) - 1
    return f"{name[:room]}…{blank}{rest}" if room > 0 else title
