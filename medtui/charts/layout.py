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
from medtui.charts.even_scale import Scale, even_scale, is_evenly_logarithmic
from medtui.charts.plane import Plane
from medtui.charts.plot import Plot, Series
from medtui.charts.ticks import (
    clock_ticks_of,
    label_clock,
    label_log_ticks,
    label_ticks,
    limits_of,
    log_ticks_of,
    ticks_of,
)
from medtui.control_characters import one_line
from medtui.monitor.telemetry_curves import Point

_COLUMNS_PER_X_TICK = 6
_COLUMNS_PER_LOG_TICK = 5
_ROWS_PER_Y_TICK = 3
_ROW_MARGIN = 0.5
_ROW_SPACING = 2
_LONGEST_ROW_NAME = 30
_LABEL_CELLS = 6
"""Width of labels along y from which curves are thinned, before the labels are known."""
_AXIS = 1
"""Cells across which an axis is drawn, and rows for its labels."""

Bar = tuple[float, float, float, float]
"""A straight line: x and y of its beginning and of its end."""

Ticks = list[tuple[float, str]]
"""Places along an axis, and their labels."""


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
    measured: list[NDArray[np.float64]] = field(default_factory=list)
    """Of every series the measured points in view, which may be above or below the axis."""
    bars: list[list[Bar]] = field(default_factory=list)
    """Of every series the error bars in view, in series order."""
    levels: list[float | None] = field(default_factory=list)
    """Places of the plot's levels; None where one cannot be drawn."""
    cursor: float | None = None
    """Place of the plot's cursor on x; None where it has none, or out of view."""
    y_ticks: Ticks = field(default_factory=list)

    def plane(self, width: int, height: int, gutter: int) -> Plane:
        """Return the cells that are left for curves: without labels, axes and a right gutter."""
        labels = max((len(label) for _, label in self.y_ticks), default=0)
        first = labels + _AXIS
        columns = max(1, width - first - gutter)
        return Plane(self.left, self.right, self.low, self.high, columns,
                     rows_of(height), first)  # fmt: skip


def rows_of(height: int) -> int:
    """Return the rows for curves in a chart of so many rows."""
    return max(1, height - 2 * _AXIS)


def x_ticks_of(plot: Plot, frame: Frame, columns: int) -> Ticks:
    """Return places and labels along x."""
    most = max(2, columns // _COLUMNS_PER_X_TICK)
    if plot.is_x_log:
        cells = _COLUMNS_PER_LOG_TICK if frame.right - frame.left >= 1 else 2 * _COLUMNS_PER_X_TICK
        return _log_ticks(frame.left, frame.right, max(2, columns // cells))
    if plot.is_clock:
        return [(at, label_clock(at)) for at in clock_ticks_of(frame.left, frame.right, most)]
    places = ticks_of(frame.left, frame.right, most, are_whole=plot.are_x_whole)
    # Names come first: a number that would touch one is left out.
    named = [each for each in plot.x_names if frame.left <= each[0] <= frame.right]
    numbers = [place for place in places if not plot.name_of_x(place)]
    return [*named, *zip(numbers, label_ticks(numbers), strict=True)]


def _log_ticks(low: float, high: float, most: int) -> Ticks:
    # The margin around the data may end beyond the numbers that a float can hold.
    first, last = (
        10.0 ** min(max(end, sys.float_info.min_10_exp), sys.float_info.max_10_exp)
        for end in (low, high)
    )
    values = log_ticks_of(first, last, most)
    # Decades differ in their exponents; evenly spaced ticks need the same decimals.
    labels = label_ticks(values) if last < 10 * first else label_log_ticks(values)
    return [(math.log10(value), label) for value, label in zip(values, labels, strict=True)]


def frame_of(plot: Plot, width: int, height: int) -> Frame:
    """Choose the ends of both axes, and clip every curve to them."""
    curves = [_points_of(plot, series.points) for series in plot.series]
    frame = Frame(*_ends_of_x(plot, curves), max(1, width - _LABEL_CELLS))
    for series, points in zip(plot.series, curves, strict=True):
        frame.ink.append((series, _visible(plot, frame, points, is_joined=series.is_joined)))
        frame.measured.append(_measured_in_view(plot, frame, points))
    _fit_height(frame, plot, rows_of(height))
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


def _measured_in_view(plot: Plot, frame: Frame, points: NDArray[np.float64]) -> NDArray[np.float64]:
    segments = split_at_gaps(points, is_log=plot.is_log and not plot.rows)
    if not segments:
        return np.empty((0, 2))
    every = np.concatenate(segments)
    seen = every[(frame.left <= every[:, 0]) & (every[:, 0] <= frame.right)]
    return thin(seen, frame.left, frame.right, frame.columns) if len(seen) else seen


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


def _fit_height(frame: Frame, plot: Plot, rows: int) -> None:
    """Choose the ends of y, as logarithms on a logarithmic axis, and clip all curves to them."""
    frame.levels = [_height_of(level.value, plot) for level in plot.levels]
    if plot.rows:
        _fit_rows(frame, plot, rows)
        return
    heights = _heights(frame, plot)
    low, high = limits_of(heights, (None, None) if plot.is_log else plot.y_limits)
    if not plot.is_log and min(heights, default=-1) >= 0 and plot.y_limits[0] is None:
        low = max(0.0, low)  # a margin does not make negative what never was
    top = plot.y_bounds[1]
    if not plot.is_log and top is not None and plot.y_limits[1] is None:
        high = max(min(high, top), max(heights, default=low))  # nor 101 % of what is a share
    scale = _scale_of(plot, low, high, rows)
    frame.low, frame.high = scale.low, scale.high
    frame.y_ticks = list(zip(scale.ticks, scale.labels, strict=True))
    frame.ink = [
        (series, [clip(segment, frame.low, frame.high) for segment in segments])
        for series, segments in frame.ink
    ]


def _scale_of(plot: Plot, low: float, high: float, rows: int) -> Scale:
    if not plot.is_log:
        # Beyond these differences between numbers are lost: such an axis has its ends only.
        if high - low <= max(abs(low), abs(high)) * sys.float_info.epsilon * rows:
            return Scale(low, high)
        bounds = (0.0 if plot.y_bounds[0] is None and low >= 0 else plot.y_bounds[0],
                  plot.y_bounds[1])  # fmt: skip
        # An end within the bounds leaves far points out, and may be any row near it.
        fixed = [None if bound is not None and end != bound else end
                 for end, bound in zip(plot.y_limits, plot.y_bounds, strict=True)]  # fmt: skip
        return even_scale(low, high, rows, fixed=(fixed[0], fixed[1]), bounds=bounds)
    if is_evenly_logarithmic(low, high):
        floats = (sys.float_info.min_10_exp, sys.float_info.max_10_exp)
        return even_scale(low, high, rows, bounds=floats, is_log=True)
    ticks = _log_ticks(low, high, max(2, rows // _ROWS_PER_Y_TICK))
    return Scale(low, high, tuple(at for at, _ in ticks), tuple(label for _, label in ticks))


def _heights(frame: Frame, plot: Plot) -> list[float]:
    """Return every value that the axis is to show."""
    values = [float(end) for _, segments in frame.ink for each in segments
              for end in (each[:, 1].min(), each[:, 1].max())]  # fmt: skip
    values += [level for level in frame.levels if level is not None]
    ends = [end for _, *sides in (each for band in plot.bands for each in band.points)
            for end in sides]  # fmt: skip
    ends += [end for zone in plot.zones if not zone.is_off for end in (zone.low, zone.high)]
    return values + [at for end in ends if (at := _height_of(end, plot)) is not None]


def _fit_rows(frame: Frame, plot: Plot, rows: int) -> None:
    """Set a row for each name, evenly spaced; without room for all, the lit one is included."""
    count = len(plot.rows)
    spacing = min(_ROW_SPACING, (rows - 1) // max(1, count - 1)) or 1
    frame.high = count - 1 + max(0, rows - 1 - spacing * (count - 1)) // 2 / spacing
    lit = [row for series in plot.series if series.is_lit for _, row in series.points]
    if rows < count and lit and lit[0] is not None:
        frame.high = count - 1 - min(max(0, int(lit[0]) - rows // 2), count - rows)
    frame.low = frame.high - (rows - 1) / spacing if rows > 1 else frame.high - _ROW_MARGIN
    names = [name if len(name) <= _LONGEST_ROW_NAME else f"{name[: _LONGEST_ROW_NAME - 1]}…"
             for name in map(one_line, plot.rows)]  # fmt: skip
    frame.y_ticks = [
        (at, name)
        for row, name in enumerate(names)
        if frame.low <= (at := _height_of_row(plot, row)) <= frame.high
    ]


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
        if row is not None
        and math.isfinite(low)
        and math.isfinite(high)
        and high >= frame.left
        and low <= frame.right
    ]


def _height_of_row(plot: Plot, row: float) -> float:
    return len(plot.rows) - 1 - row


def _height_of(value: float, plot: Plot) -> float | None:
    if plot.rows:
        return value
    segments = split_at_gaps(measured([(0.0, value)]), is_log=plot.is_log)
    return float(segments[0][0, 1]) if segments else None
