"""Who is on an image: cells of a table as subgroups of patients. No network sees them."""

import re
from bisect import bisect_right

from medtui.datasets.card import Subgroup

UNKNOWN = "unknown"
"""Subgroup of an image whose cell is empty, or no number where one is needed."""

OLDEST = 120.0
"""An age above it is a slip of the pen: ChestX-ray14 has patients of 414 years."""

_AGE = re.compile(r"0*(\d+(?:\.\d+)?)\s*([YMWD]?)", re.IGNORECASE)
_PER_YEAR = {"": 1.0, "y": 1.0, "m": 12.0, "w": 52.18, "d": 365.25}


def subgroup_of(cell: str, subgroup: Subgroup) -> str:
    """Return the subgroup that a cell puts its image into: the cell itself, or its bin.

    Binned numbers may be ages as films write them: `060Y`, `018M`, `003D`.
    """
    value = cell.strip()
    if not subgroup.bins:
        return value or UNKNOWN
    number = _number(value)
    return UNKNOWN if number is None else _bin(number, subgroup.bins)


def _number(value: str) -> float | None:
    age = _AGE.fullmatch(value)
    if age is None:
        return None
    number = float(age.group(1)) / _PER_YEAR[age.group(2).lower()]
    return number if number <= OLDEST else None


def _bin(number: float, edges: tuple[float, ...]) -> str:
    """Name the bin: `<18`, `18-39`, `80+`."""
    at = bisect_right(edges, number)
    if at == 0:
        return f"<{edges[0]:g}"
    if at == len(edges):
        return f"{edges[-1]:g}+"
    low, high = edges[at - 1], edges[at]
    upper = high - 1 if low.is_integer() and high.is_integer() else high
    return f"{low:g}-{upper:g}"
