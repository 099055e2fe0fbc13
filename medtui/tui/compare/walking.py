"""Walking along the points of a chart: from run to run, as their points lie from left to right."""

from collections.abc import Mapping

from medtui.charts.plot import Plot, Series


def next_point(plot: Plot, keys: Mapping[str, str], current: str | None, step: int) -> str | None:
    """Return the run whose point follows that of `current`; None where runs are no points.

    `keys` are the runs by letter. A run without a point begins at the first, or the last.
    """
    dots = [series for series in plot.series if series.letter in keys and _is_point(series)]
    if not dots:
        return None
    dots.sort(key=lambda series: series.points[0])
    order = [keys[series.letter] for series in dots]
    if current not in order:
        return order[0 if step > 0 else -1]
    return order[min(len(order) - 1, max(0, order.index(current) + step))]


def run_at(plot: Plot, keys: Mapping[str, str], x: float) -> str | None:
    """Return the run whose point lies at x; None where runs are no points."""
    for series in plot.series:
        if series.letter in keys and _is_point(series) and series.points[0][0] == x:
            return keys[series.letter]
    return None


def _is_point(series: Series) -> bool:
    return series.stroke == "dots" and len(series.points) == 1
