"""A curve in one row of characters."""

from collections.abc import Sequence

_LEVELS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int, scale: tuple[float, float]) -> str:
    """Return at most `width` bars; of more values, each bar is the last of those that it covers.

    `scale` holds the values of the lowest and of the highest bar: lines with the same scale can be
    compared. Values beyond it are drawn at its ends.
    """
    if len(values) > width:
        values = [values[(at + 1) * len(values) // width - 1] for at in range(width)]
    low, high = scale
    span = (high - low) or 1.0
    top = len(_LEVELS) - 1
    return "".join(_LEVELS[min(top, max(0, round((value - low) / span * top)))] for value in values)
