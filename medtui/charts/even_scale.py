"""Axes whose round ticks stand on evenly spaced rows.

A chart of so many rows shows a multiple of `step / rows_per_tick` in each: every tick is then in
the middle of a row, and all are the same number of rows apart. The ends of the axis follow.
"""

import math
from dataclasses import dataclass

from medtui.charts.ticks import label_log_ticks, label_ticks

_STEPS = (1, 2, 5)
_SPACINGS = range(2, 8)
"""Rows between two ticks that are tried."""
_WANTED = ((4, 1), (10, 2), (18, 3))
"""Number of rows up to which ticks are best so many rows apart."""
_WIDEST = 4
_FEWEST = 3
"""Rows from which an axis can begin on its grid of rows and show all."""
_PREFERENCE = 0.1
"""Share of its height that a chart gives up for ticks one row nearer to the wanted distance."""
_DECADES = 2
"""Decades from which a logarithmic axis has powers of ten only, evenly spaced."""
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Scale:
    """The ends of an axis, in the middle of its first and last row, and its ticks."""

    low: float
    high: float
    ticks: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()


def even_scale(
    low: float,
    high: float,
    rows: int,
    *,
    fixed: tuple[float | None, float | None] = (None, None),
    bounds: tuple[float | None, float | None] = (None, None),
    is_log: bool = False,
) -> Scale:
    """Return the narrowest scale of so many rows that shows all from `low` to `high`.

    A `fixed` end is the middle of the outermost row; `bounds` are kept where the data allow it.
    """
    if rows < _FEWEST or not high > low:
        return Scale(low, high if high > low else low + 1)
    is_anchored = fixed != (None, None)
    step, per_row = _finest(high - low, rows, is_anchored=is_anchored, is_log=is_log)
    bottom = _bottom(low, high, rows, per_row, fixed, bounds)
    first = bottom * per_row
    last = (bottom + rows - 1) * per_row
    end = last if fixed[1] is None else min(last, fixed[1])
    numbers = range(
        math.ceil(first / step - _TOLERANCE),
        math.floor(end / step + _TOLERANCE) + 1,
    )
    ticks = [number * step for number in numbers if _is_within(number * step, bounds)]
    labels = label_log_ticks([10.0**tick for tick in ticks]) if is_log else label_ticks(ticks)
    return Scale(first, last, tuple(ticks), tuple(labels))


def is_evenly_logarithmic(low: float, high: float) -> bool:
    """Return whether a logarithmic axis between two exponents has decades enough for ticks."""
    return high - low >= _DECADES


def _finest(span: float, rows: int, *, is_anchored: bool, is_log: bool) -> tuple[float, float]:
    """Return the tick step and the value of a row that show a span at the largest size.

    Without a fixed end the axis begins anywhere on the grid of rows, which costs one row.
    """
    wanted = next((each for most, each in _WANTED if rows <= most), _WIDEST)
    least = span / max(1, rows - 1 - (0 if is_anchored else 1)) * (1 - _TOLERANCE)
    power = math.floor(math.log10(least))
    exponents = range(max(1, power + 3)) if is_log else range(power, power + 3)
    found = (
        (_PREFERENCE * abs(spacing - wanted), factor * 10.0**exponent, spacing)
        for exponent in exponents
        for factor in _STEPS
        for spacing in (_SPACINGS if wanted > 1 else (1, *_SPACINGS))
        if factor * 10.0**exponent / spacing >= least
    )
    _, step, spacing = min(found, key=lambda each: each[1] / each[2] * (1 + each[0]))
    return step, step / spacing


def _bottom(
    low: float,
    high: float,
    rows: int,
    per_row: float,
    fixed: tuple[float | None, float | None],
    bounds: tuple[float | None, float | None],
) -> float:
    """Return the value of the lowest row in rows from 0: data are in the middle, within bounds."""
    if fixed[0] is not None:
        return fixed[0] / per_row
    if fixed[1] is not None:
        return fixed[1] / per_row - (rows - 1)
    first = math.floor(low / per_row + _TOLERANCE)
    spare = first + rows - 1 - math.ceil(high / per_row - _TOLERANCE)
    bottom = first - spare // 2
    if bounds[1] is not None:
        bottom = min(bottom, math.ceil(bounds[1] / per_row - _TOLERANCE) - (rows - 1))
        bottom = min(bottom, first)
    if bounds[0] is not None:
        bottom = min(first, max(bottom, math.floor(bounds[0] / per_row + _TOLERANCE)))
    # Bounds yield to the data.
    return max(bottom, math.ceil(high / per_row - _TOLERANCE) - (rows - 1))


def _is_within(tick: float, bounds: tuple[float | None, float | None]) -> bool:
    low, high = bounds
    return (low is None or tick >= low - _TOLERANCE) and (high is None or tick <= high + _TOLERANCE)
