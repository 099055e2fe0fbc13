"""Subgroups of patients from cells of a table. They are not model inputs."""

import re
from bisect import bisect_right

from medtui.datasets.missing_values import is_missing
from medtui.datasets.table_section import Subgroup

UNKNOWN = "unknown"
"""Subgroup of an image whose cell is empty, or not a number where bins need one."""

OLDEST = 120.0
"""Ages above this many years are data errors: ChestX-ray14 has patients aged 414."""

_AGE = re.compile(r"0*(\d+(?:\.\d+)?)\s*([YMWD]?)", re.IGNORECASE)
_PER_YEAR = {"": 1.0, "y": 1.0, "m": 12.0, "w": 52.18, "d": 365.25}


def subgroup_of(cell: str, subgroup: Subgroup) -> str:
    """Return the subgroup of a cell: its value, or its bin.

    Binned numbers may be DICOM ages: `060Y`, `018M`, `003D`.
    """
    value = "" if is_missing(cell) else cell.strip()
    if not subgroup.bins:
        return value or UNKNOWN
    number = _number(value)
    return UNKNOWN if number is None else bin_of(number, subgroup.bins)


def _number(value: str) -> float | None:
    age = _AGE.fullmatch(value)
    if age is None:
        return None
    number = float(age.group(1)) / _PER_YEAR[age.group(2).lower()]
    return number if number <= OLDEST else None


def bin_of(number: float, edges: tuple[float, ...]) -> str:
    """Return the name of a number's bin: `<18`, `18-39`, `80+`."""
    at = bisect_right(edges, number)
    if at == 0:
        return f"<{edges[0]:g}"
    if at == len(edges):
        return f"{edges[-1]:g}+"
    low, high = edges[at - 1], edges[at]
    upper = high - 1 if low.is_integer() and high.is_integer() else high
    return f"{low:g}-{upper:g}"
