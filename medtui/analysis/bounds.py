"""Explains the intervals of changes that are the same whichever patient is left out.

Such changes have no spread to compute an interval from. Theirs is an exact bound, as wide as the
number of patients makes it: see `metrics.jackknife`. Loads no numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from medtui.metrics.intervals import Difference
    from medtui.metrics.shortage import Unit

_ROUNDING = 1e-12
"""Changes below it are none."""


def describe_bounds(
    changes: Iterable[tuple[str, Difference | None]], *, unit: Unit = "patient"
) -> str:
    """Return which named changes have a bound for an interval, and what it means.

    A sentence for those without a change and one for others; empty where no interval is a bound.
    """
    bounded = [(name, each.value) for name, each in changes if each and each.has_bound]
    sentences = []
    for is_none in (True, False):
        kind = [(name, value) for name, value in bounded if _is_none(value) == is_none]
        if kind:
            names = ", ".join(dict.fromkeys(name for name, _ in kind))
            sentences.append(f"{names}: {bound_meaning([value for _, value in kind], unit)}.")
    return " ".join(sentences)


def bound_meaning(values: Sequence[float], unit: Unit) -> str:
    """Return what the intervals of changes with these values mean, in words."""
    what = "unchanged" if all(map(_is_none, values)) else "the same"
    return f"{what} whichever {unit} is left out; the number of {unit}s alone sets the interval"


def _is_none(value: float) -> bool:
    return abs(value) < _ROUNDING
