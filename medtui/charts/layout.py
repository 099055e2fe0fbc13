"""The part of the plane that a chart shows: its ends, its ticks, and the curves within it.

Logarithmic axes are linear here: values are logarithms, and ticks say what they stand for.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medtui.charts.downsample import SMALLEST, Segment, clip, cut, measured, split_at_gaps, thin
from medtui.charts.plot import Plot, Series
from medtui.charts.ticks import label_log_ticks, label_ticks, limits_of, log_ticks_of, ticks_of

_COLUMNS_PER_X_TICK = 9
_ROWS_PER_Y_TICK = 3


@dataclass
class Frame:
    """The part of the plane that is in view; logarithms where an axis has them."""

    left: float
    right: float
    columns: int
    low: float = 0.0
    high: float = 1.0
    ink: list[tuple[Series, list[Segment]]] = field(default_factory=list)
    """Every series with its visible segments, in series order."""
    levels: list[float | None] = field(default_factory=list)
    """Heights of the plot's levels; None where one cannot be drawn."""
    cursor: float | None = None
    """Where the plot's cursor stands on x; None where it has none, or out of view."""


def x_ticks_of(plot: Plot, frame: Frame) -> tuple[list[float], list[str]]:
    """Give places and labels along x."""
    most = max(2, frame.columns // _COLUMNS_PER_X_TICK)
    if plot.is_x_log:
        return _log_ticks(frame.left, frame.right, most)
    places = ticks_of(frame.left, frame.right, most, are_whole=plot.are_x_whole)
    return places, label_ticks(places)


def y_ticks_of(plot: Plot, frame: Frame, height: int) -> tuple[list[float], list[str]]:
    """Give places and labels along y, for a chart of so many rows."""
    most = max(2, height // _ROWS_PER_Y_TICK)
    if plot.is_log:
        return _log_ticks(frame.low, frame.high, most)
    places = ticks_of(frame.low, frame.high, most)
    return places, label_ticks(places)


def _log_ticks(low: float, high: float, most: int) -> tuple[list[float], list[str]]:
    values = log_ticks_of(10**low, 10**high, most)
    return [math.log10(value) for value in values], label_log_ticks(values)


def frame_of(plot: Plot, columns: int) -> Frame:
    """Choose the ends of both axes, and make every curve fit between them."""
    curves = [_points_of(series, is_log=plot.is_x_log) for series in plot.series]
    frame = Frame(*_ends_of_x(plot, curves), columns)
    for series, points in zip(plot.series, curves, strict=True):
        ends, is_joined = (frame.left, frame.right), series.stroke != "dots"
        segments = split_at_gaps(points, is_log=plot.is_log)
        visible = [cut(each, *ends, is_joined=is_joined) for each in segments]
        frame.ink.append((series, [thin(each, *ends, columns) for each in visible if len(each)]))
    _fit_height(frame, plot)
    cursor = _log_x(plot.cursor) if plot.is_x_log and plot.cursor else plot.cursor
    if cursor is not None and frame.left <= cursor <= frame.right:
        frame.cursor = cursor
    return frame


def _points_of(series: Series, *, is_log: bool) -> NDArray[np.float64]:
    """Give a curve's points; on a logarithmic axis those right of 0, at their logarithm."""
    points = measured(series.points)
    if is_log:
        points = points[points[:, 0] > SMALLEST]
        points[:, 0] = np.log10(points[:, 0])
    return points


def _ends_of_x(plot: Plot, curves: list[NDArray[np.float64]]) -> tuple[float, float]:
    every = np.concatenate(curves) if curves else np.empty((0, 2))
    xs = every[np.isfinite(every[:, 0]) & ~np.isnan(every[:, 1]), 0]
    ends = [_log_x(end) if plot.is_x_log and end else end for end in plot.x_limits]
    left = float(xs.min(initial=np.inf)) if ends[0] is None else ends[0]
    right = float(xs.max(initial=-np.inf)) if ends[1] is None else ends[1]
    left, right = (left if math.isfinite(left) else 0.0), (right if math.isfinite(right) else 1.0)
    if right <= left:
        return (left - 0.5, left + 0.5) if plot.is_x_log else (left, left + 1)
    if plot.is_x_log and plot.x_limits == (None, None):
        return limits_of((left, right))
    return left, right


def _log_x(x: float) -> float | None:
    return math.log10(x) if x > SMALLEST else None


def _fit_height(frame: Frame, plot: Plot) -> None:
    """Choose the ends of y, as logarithms on a logarithmic axis, and hold all curves within."""
    heights = [each[:, 1] for _, segments in frame.ink for each in segments]
    frame.levels = [_height_of(level.value, plot) for level in plot.levels]
    values = [float(end) for each in heights for end in (each.min(), each.max())]
    values += [level for level in frame.levels if level is not None]
    frame.low, frame.high = limits_of(values, (None, None) if plot.is_log else plot.y_limits)
    frame.ink = [
        (series, [clip(segment, frame.low, frame.high) for segment in segments])
        for series, segments in frame.ink
    ]


def _height_of(value: float, plot: Plot) -> float | None:
    segments = split_at_gaps(measured([(0.0, value)]), is_log=plot.is_log)
    return float(segments[0][0, 1]) if segments else None
