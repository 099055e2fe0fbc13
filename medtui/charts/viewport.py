"""The viewport of a chart: logarithm, smoothing, a window of x, a cursor. Pure functions."""

from bisect import bisect_left
from dataclasses import dataclass, replace

from medtui.charts.plot import Plot, Series
from medtui.monitor.telemetry_curves import rolling_mean

ZOOM = 2.0
"""Factor of one zoom step."""

SMOOTHINGS = (0, 3, 9)
"""Numbers of points in the rolling mean of a smoothed curve, from one key press to the next."""


@dataclass(frozen=True)
class Viewport:
    """Changes to a plot before it is drawn."""

    is_log: bool | None = None
    """Whether y is logarithmic; None leaves it to the plot."""
    smoothing: int = 0
    """Points of the rolling mean of each curve, with the raw one faint behind it; 0 without."""
    window: tuple[float, float] | None = None
    """The x in view; None shows all."""
    cursor: float | None = None
    """The x whose values are read out; None reads none."""


def apply_viewport(viewport: Viewport, plot: Plot) -> Plot:
    """Return the plot as it is to be drawn."""
    series = plot.series
    if viewport.smoothing:
        raw = [replace(each, stroke="faint") for each in series if each.stroke == "line"]
        means = [
            smooth(each, viewport.smoothing) if each.stroke == "line" else each for each in series
        ]
        series = (*means, *raw)
    title = plot.title + (f", mean of {viewport.smoothing}" if viewport.smoothing else "")
    is_log = plot.is_log if viewport.is_log is None else viewport.is_log
    return replace(
        plot,
        title=title + (", log" if is_log else ""),
        series=series,
        is_log=is_log,
        x_limits=viewport.window or plot.x_limits,
        cursor=viewport.cursor,
    )


def smooth(series: Series, num_points: int) -> Series:
    """Return the rolling mean of a curve, which has no marks of measured points.

    It restarts after a gap.
    """
    means = tuple(rolling_mean(series.points, num_points))
    return replace(series, points=means, mark="none", kept=None)


def next_smoothing(smoothing: int) -> int:
    """Return the strength that follows another, and after the strongest none."""
    at = SMOOTHINGS.index(smoothing) if smoothing in SMOOTHINGS else 0
    return SMOOTHINGS[(at + 1) % len(SMOOTHINGS)]


def zoom(viewport: Viewport, plot: Plot, factor: float) -> Viewport:
    """Show `factor` times less of x around the cursor, else at the right end; at most all."""
    ends = ends_of(plot)
    if ends is None:
        return viewport
    left, right = viewport.window or ends
    width = (right - left) / factor
    if width >= ends[1] - ends[0]:
        return replace(viewport, window=None)
    centre = viewport.cursor if viewport.cursor is not None else ends[1] - width / 2
    return replace(viewport, window=_moved_inside((centre - width / 2, centre + width / 2), ends))


def step_cursor(viewport: Viewport, plot: Plot, step: int) -> Viewport:
    """Move the cursor to a neighbouring measured x, beginning at the last; the window follows."""
    xs = measured_xs(plot)
    ends = ends_of(plot)
    if not xs or ends is None:
        return viewport
    if viewport.cursor is None:
        at = len(xs) - 1
    else:
        at = min(len(xs) - 1, max(0, bisect_left(xs, viewport.cursor) + step))
    window = viewport.window
    if window is not None and not window[0] <= xs[at] <= window[1]:
        half = (window[1] - window[0]) / 2
        window = _moved_inside((xs[at] - half, xs[at] + half), ends)
    return replace(viewport, cursor=xs[at], window=window)


def measured_xs(plot: Plot) -> list[float]:
    """Return every x at which something was measured, in ascending order."""
    return sorted({x for each in plot.series for x, y in each.points if y is not None})


def ends_of(plot: Plot) -> tuple[float, float] | None:
    """Return the first and the last x a plot can show; None where nothing was measured."""
    xs = [x for each in plot.series for x, y in each.points if y is not None]
    if not xs:
        return None
    left = min(xs) if plot.x_limits[0] is None else plot.x_limits[0]
    right = max(xs) if plot.x_limits[1] is None else plot.x_limits[1]
    return (left, right) if right > left else (left, left + 1)


def _moved_inside(window: tuple[float, float], ends: tuple[float, float]) -> tuple[float, float]:
    width = window[1] - window[0]
    left = min(max(window[0], ends[0]), max(ends[0], ends[1] - width))
    return left, left + width
