"""The part of the plane that a chart shows: its ends, its ticks, and the curves within it.

Logarithmic axes are linear here: values are logarithms, and ticks are labelled with the original
values. Rows of names are flipped: row 0 is the highest.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medtui.charts.downsample import SMALLEST, Segment, clip, cut, measured, split_at_gaps, thin
from medtui.charts.plot import Plot, Series
from medtui.charts.ticks import label_log_ticks, label_ticks, limits_of, log_ticks_of, ticks_of
from medtui.monitor.telemetry_curves import Point

_COLUMNS_PER_X_TICK = 9
_ROWS_PER_Y_TICK = 3
_ROW_MARGIN = 0.5
_LONGEST_ROW_NAME = 30

Bar = tuple[float, float, float, float]
"""A straight line: x and y of its beginning and of its end."""


@dataclass
class Frame:
    """The visible part of the plane; logarithms on logarithmic axes."""

    left: float
    right: float
    columns: int
    low: float = 0.0
    high: float = 1.0
    ink: list[tuple[Series, list[Segment]]] = field(default_factory=list)
    """Every series with its visible segments, in series order."""
    bars: list[list[Bar]] = field(default_factory=list)
    """Of every series the error bars in view, in series order."""
    edges: list[list[Segment]] = field(default_factory=list)
    """Of every band its two edges."""
    levels: list[float | None] = field(default_factory=list)
    """Places of the plot's levels; None where one cannot be drawn."""
    cursor: float | None = None
    """Place of the plot's cursor on x; None where it has none, or out of view."""


def x_ticks_of(plot: Plot, frame: Frame) -> tuple[list[float], list[str]]:
    """Return places and labels along x."""
    most = max(2, frame.columns // _COLUMNS_PER_X_TICK)
    if plot.is_x_log:
        return _log_ticks(frame.left, frame.right, most)
    places = ticks_of(frame.left, frame.right, most, are_whole=plot.are_x_whole)
    return places, label_ticks(places)


def y_ticks_of(plot: Plot, frame: Frame, height: int) -> tuple[list[float], list[str]]:
    """Return places and labels along y, for a chart of so many rows."""
    if plot.rows:
        names = [name if len(name) <= _LONGEST_ROW_NAME else f"{name[: _LONGEST_ROW_NAME - 1]}…"
                 for name in plot.rows]  # fmt: skip
        return [_height_of_row(plot, row) for row in range(len(names))], names
    most = max(2, height // _ROWS_PER_Y_TICK)
    if plot.is_log:
        return _log_ticks(frame.low, frame.high, most)
    places = ticks_of(frame.low, frame.high, most)
    return places, label_ticks(places)


def _log_ticks(low: float, high: float, most: int) -> tuple[list[float], list[str]]:
    # The margin around the data may end beyond the numbers that a float can hold.
    first, last = (
        10.0 ** min(max(end, sys.float_info.min_10_exp), sys.float_info.max_10_exp)
        for end in (low, high)
    )
    values = log_ticks_of(first, last, most)
    # Decades differ in their exponents; evenly spaced ticks need the same decimals.
    labels = label_ticks(values) if last < 10 * first else label_log_ticks(values)
    return [math.log10(value) for value in values], labels


def frame_of(plot: Plot, columns: int) -> Frame:
    """Choose the ends of both axes, and clip every curve to them."""
    curves = [_points_of(plot, series.points) for series in plot.series]
    frame = Frame(*_ends_of_x(plot, curves), columns)
    for series, points in zip(plot.series, curves, strict=True):
        is_joined = series.stroke not in {"dots", "bars"}
        frame.ink.append((series, _visible(plot, frame, points, is_joined=is_joined)))
    for band in plot.bands:
        sides = ([(x, low) for x, low, _ in band.points], [(x, high) for x, _, high in band.points])
        lines = [_visible(plot, frame, _points_of(plot, side), is_joined=True) for side in sides]
        frame.edges.append([segment for line in lines for segment in line])
    _fit_height(frame, plot)
    frame.bars = [_bars_of(plot, frame, series) for series in plot.series]
    cursor = _log_x(plot.cursor) if plot.is_x_log and plot.cursor else plot.cursor
    if cursor is not None and frame.left <= cursor <= frame.right:
        frame.cursor = cursor
    return frame


def _visible(
    plot: Plot, frame: Frame, points: NDArray[np.float64], *, is_joined: bool
) -> list[Segment]:
    """Return the segments of a curve between the ends of x, thinned to the columns."""
    ends = (frame.left, frame.right)
    segments = split_at_gaps(points, is_log=plot.is_log and not plot.rows)
    seen = [cut(each, *ends, is_joined=is_joined) for each in segments]
    return [thin(each, *ends, frame.columns) for each in seen if len(each)]


def _points_of(plot: Plot, points: Sequence[Point]) -> NDArray[np.float64]:
    """Return points as an array: x by its logarithm where that axis has them, rows turned over."""
    array = measured(points)
    if plot.is_x_log:
        array = array[array[:, 0] > SMALLEST]
        array[:, 0] = np.log10(array[:, 0])
    if plot.rows:
        array[:, 1] = len(plot.rows) - 1 - array[:, 1]
    return array


def _ends_of_x(plot: Plot, curves: list[NDArray[np.float64]]) -> tuple[float, float]:
    every = np.concatenate(curves) if curves else np.empty((0, 2))
    xs = every[np.isfinite(every[:, 0]) & ~np.isnan(every[:, 1]), 0]
    if plot.rows:
        return _ends_of_rows(plot, xs)
    ends = [_log_x(end) if plot.is_x_log and end else end for end in plot.x_limits]
    left = float(xs.min(initial=np.inf)) if ends[0] is None else ends[0]
    right = float(xs.max(initial=-np.inf)) if ends[1] is None else ends[1]
    left, right = (left if math.isfinite(left) else 0.0), (right if math.isfinite(right) else 1.0)
    if right <= left:
        return (left - 0.5, left + 0.5) if plot.is_x_log else (left, left + 1)
    if plot.is_x_log and plot.x_limits == (None, None):
        return limits_of((left, right))
    return left, right


def _ends_of_rows(plot: Plot, xs: NDArray[np.float64]) -> tuple[float, float]:
    """Return the ends of x where values lie along it: error bars and levels are within."""
    if plot.x_limits != (None, None):
        return limits_of(xs.tolist(), plot.x_limits)
    values = [*xs.tolist(), *(level.value for level in plot.levels)]
    values += [end for series in plot.series for ends in series.intervals for end in ends]
    if any(series.stroke == "bars" for series in plot.series):
        values.append(0.0)
    return limits_of(value for value in values if math.isfinite(value))


def _log_x(x: float) -> float | None:
    return math.log10(x) if x > SMALLEST else None


def _fit_height(frame: Frame, plot: Plot) -> None:
    """Choose the ends of y, as logarithms on a logarithmic axis, and clip all curves to them."""
    if plot.rows:
        frame.low, frame.high = -_ROW_MARGIN, len(plot.rows) - 1 + _ROW_MARGIN
        frame.levels = [level.value for level in plot.levels]
        return
    drawn = [segments for _, segments in frame.ink] + frame.edges
    heights = [each[:, 1] for segments in drawn for each in segments]
    frame.levels = [_height_of(level.value, plot) for level in plot.levels]
    values = [float(end) for each in heights for end in (each.min(), each.max())]
    values += [level for level in frame.levels if level is not None]
    frame.low, frame.high = limits_of(values, (None, None) if plot.is_log else plot.y_limits)
    frame.ink = [
        (series, [clip(segment, frame.low, frame.high) for segment in segments])
        for series, segments in frame.ink
    ]
    frame.edges = [[clip(each, frame.low, frame.high) for each in edges] for edges in frame.edges]


def _bars_of(plot: Plot, frame: Frame, series: Series) -> list[Bar]:
    """Return a series' error bars, and its bars from 0, clipped to the frame."""
    if plot.rows:
        return _bars_along_rows(plot, frame, series)
    found = list[Bar]()
    for (x, _), (low, high) in zip(series.points, series.intervals, strict=False):
        at = _log_x(x) if plot.is_x_log else x
        ends = [_height_of(end, plot) for end in (low, high)]
        if at is None or None in ends or not frame.left <= at <= frame.right:
            continue
        bottom, top = (min(max(end or 0.0, frame.low), frame.high) for end in ends)
        if top > bottom:
            found.append((at, bottom, at, top))
    return found


def _bars_along_rows(plot: Plot, frame: Frame, series: Series) -> list[Bar]:
    def within(x: float) -> float:
        return min(max(x, frame.left), frame.right)

    ends = [(0.0, x) for x, _ in series.points] if series.stroke == "bars" else series.intervals
    return [
        (within(low), _height_of_row(plot, row), within(high), _height_of_row(plot, row))
        for (_, row), (low, high) in zip(series.points, ends, strict=False)
        if row is not None and math.isfinite(low) and math.isfinite(high)
    ]


def _height_of_row(plot: Plot, row: float) -> float:
    return len(plot.rows) - 1 - row


def _height_of(value: float, plot: Plot) -> float | None:
    segments = split_at_gaps(measured([(0.0, value)]), is_log=plot.is_log)
    return float(segments[0][0, 1]) if segments else None
