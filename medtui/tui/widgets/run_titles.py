"""Titles of runs that are shortened where there is little room; the density is never cut."""

_SHORTER = (
    ("Quantize", "Q"),
    ("Group", "G"),
    ("Struct", "S"),
    ("Filter", "F"),
    ("Prune", "P"),
    (" seed ", " s"),
)
"""Words and what stands for them, in the order in which they are replaced."""


def fitted_title(title: str, width: int) -> str:
    """Return a title with as many shortened words as it takes to fit: `PruneQ16 0.1`."""
    for word, short in _SHORTER:
        if len(title) <= width:
            return title
        title = title.replace(word, short)
    if len(title) <= width:
        return title
    name, blank, rest = title.partition(" ")
    room = width - len(rest) - len(blank) - 1
    return f"{name[:room]}…{blank}{rest}" if room > 0 else title
