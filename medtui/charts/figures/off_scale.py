"""Ends of an axis beyond which single points are far off: a collapsed run squeezes no others."""

from collections.abc import Iterable
from dataclasses import replace

from medtui.charts.plot import Interval, Plot, Series

_FAR = 4.0
"""A point that is so many times as far from the centre as all nearer ones is off the scale."""

_LEAST_REACH = 0.05
"""Share of the bounds around the centre within which no curve is far."""

_FEWEST_CURVES = 3
"""Curves of which one can be far from the others."""

_ROOM = 0.08
"""Share of the range left free above and below what is on the scale."""


def near_limits(
    points: Iterable[tuple[float, Interval]], centre: float, fixed: Iterable[float] = ()
) -> tuple[float | None, float | None]:
    """Return ends of y that leave points far below out; None where none is far.

    What is far above is drawn: it is no collapse. `points` are values with the ends of their error
    bars; `fixed` is shown in any case.
    """
    shown, far = [centre, *fixed], False
    reach = max(abs(value - centre) for value in shown) or 1.0
    for value, ends in sorted(points, key=lambda point: abs(point[0] - centre)):
        distance = abs(value - centre)
        if value < centre and distance > _FAR * reach:
            far = True
            continue
        reach = max(reach, distance, *(abs(end - centre) for end in ends))
        shown += [value, *ends]
    if not far:
        return None, None
    return _with_room(shown)


def _with_room(shown: list[float]) -> Interval:
    room = _ROOM * (max(shown) - min(shown))
    return min(shown) - room, max(shown) + room


def without_far_points(plot: Plot) -> Plot:
    """Return a plot whose y axis shows what lies near its first level; others are at its edge.

    A plot without a level has no centre, and remains as it is.
    """
    if not plot.levels:
        return plot
    points = [
        (y, series.intervals[at] if series.intervals else (y, y))
        for series in plot.series
        if series.stroke == "dots"
        for at, (_, y) in enumerate(series.points)
        if y is not None
    ]
    levels = [level.value for level in plot.levels]
    fixed = [*levels[1:], *(zone.low for zone in plot.zones)]
    return replace(plot, y_limits=near_limits(points, levels[0], fixed))


def without_far_curves(plot: Plot) -> Plot:
    """Return a plot of curves by run in which one far from all others is its last point alone.

    That point is at the edge of the axis, with its value. A plot that follows no bounds remains.
    """
    low, high = plot.y_bounds
    curves = [each for each in plot.series if each.stroke == "line" and each.latest is not None]
    if low is None or high is None or len(curves) < _FEWEST_CURVES:
        return plot
    lasts = sorted(each.latest or 0.0 for each in curves)
    centre = plot.levels[0].value if plot.levels else lasts[len(lasts) // 2]
    least = _LEAST_REACH * (high - low)
    fixed = [*(level.value for level in plot.levels), centre - least, min(high, centre + least)]
    shown = near_limits([(last, (last, last)) for last in lasts], centre, fixed)
    for _ in range(2):  # a curve that began low is not far, nor is one that ends above its start
        near = [each for each in curves if not _is_far(each, shown)]
        if len(near) == len(curves):
            return plot
        shown = _with_room([centre, *fixed, *(end for each in near for end in _ends_of(each))])
    limits = (max(low, shown[0] or low), min(high, shown[1] or high))
    series = tuple(_as_point(each) if each.stroke == "line" and _is_far(each, limits) else each
                   for each in plot.series)  # fmt: skip
    return replace(plot, series=series, y_limits=limits)


def _ends_of(series: Series) -> Interval:
    values = [y for _, y in series.points if y is not None]
    return min(values), max(values)


def _is_far(series: Series, limits: tuple[float | None, float | None]) -> bool:
    low, high = limits
    last = series.latest
    return last is not None and low is not None and high is not None and not low <= last <= high


def _as_point(series: Series) -> Series:
    last = max((point for point in series.points if point[1] is not None), key=lambda each: each[0])
    return replace(series, points=(last,), stroke="dots")
