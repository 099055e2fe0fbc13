"""The ends of an axis, and its ticks."""

import math
from collections.abc import Iterable
from itertools import pairwise

_STEPS = (1.0, 2.0, 5.0, 10.0)
_SECONDS = 60
_CLOCK_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
"""Distances of ticks on an axis of time, in seconds."""
_NEAR = 1e-9
_MARGIN = 0.04
"""Share of the range left free above and below the data."""


def limits_of(
    values: Iterable[float], fixed: tuple[float | None, float | None] = (None, None)
) -> tuple[float, float]:
    """Return the ends of an axis that shows all values; a `fixed` end stays where it is."""
    present = list(values)
    low = min(present, default=0.0)
    high = max(present, default=1.0)
    margin = (high - low) * _MARGIN or abs(high) * _MARGIN or 0.5
    low = low - margin if fixed[0] is None else fixed[0]
    high = high + margin if fixed[1] is None else fixed[1]
    return (low, high) if high > low else (low, low + (abs(low) * _MARGIN or 1.0))


def ticks_of(low: float, high: float, most: int, *, are_whole: bool = False) -> list[float]:
    """Return at most `most` places in a range: multiples of 1, 2 or 5 times a power of 10."""
    if high <= low or most < 1:
        return []
    step = _step((high - low) / (most + 1), are_whole=are_whole)
    while math.floor(high / step) - math.ceil(low / step) + 1 > most:
        step = _step(step * 1.5, are_whole=are_whole)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [number * step for number in range(first, last + 1)]


def log_ticks_of(low: float, high: float, most: int) -> list[float]:
    """Return at most `most` powers of ten between two positive ends.

    Where there is room, or one power at most, 1, 2 and 5 times them; within a decade, evenly spaced
    round numbers, and the ends where there are none of these. `low` and `high` are values, not
    exponents.
    """
    if high < low * 10:
        even = ticks_of(low, high, most)
        return even if len(even) > 1 else [low, high]
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    powers = [10.0**power for power in range(first, last + 1)]
    fine = [
        tick for power in powers for factor in (1, 2, 5) if low <= (tick := factor * power) <= high
    ]
    decades = [power for power in powers if low <= power <= high]
    ticks = fine if len(fine) <= most or len(decades) < 2 else decades  # noqa: PLR2004 - an axis needs two
    return ticks[:: math.ceil(len(ticks) / max(1, most))] if len(ticks) > 1 else [low, high]


def label_ticks(ticks: list[float]) -> list[str]:
    """Return all ticks with the same number of decimals: the fewest that distinguish them."""
    if not ticks:
        return []
    largest = max(abs(tick) for tick in ticks)
    step = min((b - a for a, b in pairwise(ticks)), default=largest)
    if largest >= 1e6 or 0 < largest < 1e-3:  # noqa: PLR2004 - longer labels take too much space
        return [f"{tick:.1e}" for tick in ticks]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    return [f"{tick:.{min(decimals, 6)}f}" for tick in ticks]


def clock_ticks_of(left: float, right: float, most: int) -> list[float]:
    """Return at most `most` places on an axis of minutes: whole seconds, minutes or hours."""
    steps = (each / _SECONDS for each in _CLOCK_STEPS)
    step = next((each for each in steps if (right - left) / each <= most), None)
    if step is None:
        return ticks_of(left, right, most)
    first, last = math.ceil(left / step - _NEAR), math.floor(right / step + _NEAR)
    return [number * step for number in range(first, last + 1)][:most]


def label_clock(minutes: float) -> str:
    """Return minutes as `m:ss`, from an hour on as `h:mm:ss`."""
    seconds = round(minutes * _SECONDS)
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    hours, rest = divmod(seconds, _SECONDS**2)
    minute, second = divmod(rest, _SECONDS)
    return f"{sign}{hours}:{minute:02d}:{second:02d}" if hours else f"{sign}{minute}:{second:02d}"


def label_log_ticks(ticks: list[float]) -> list[str]:
    """Return each tick with its own decimals: decades need no common ones."""
    return [f"{tick:.3g}" for tick in ticks]


def _step(least: float, *, are_whole: bool) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * factor for factor in _STEPS if power * factor >= least * (1 - 1e-9))
    return max(1.0, step) if are_whole else step
