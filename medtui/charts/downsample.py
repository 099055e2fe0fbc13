"""Prepares points for drawing: gaps at values that are not finite, clipping, two points per column.

plotext makes a dot for every column between two points before it clips them, and refuses
infinities, so nothing reaches it that did not pass here. Pure functions.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medtui.monitor.telemetry_curves import Point

LARGEST = 1e300
"""Values of this size and above count as not finite: an axis around them would overflow."""

SMALLEST = 1 / LARGEST
"""Values up to this count as zero on a logarithmic axis, for the same reason."""

Segment = NDArray[np.float64]
"""A segment of a curve without gaps, (N, 2): x and y, in ascending x."""


def measured(points: Sequence[Point]) -> NDArray[np.float64]:
    """Return points as an array (N, 2); missing values are NaN."""
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def split_at_gaps(points: NDArray[np.float64], *, is_log: bool = False) -> list[Segment]:
    """Break a curve where y is missing or not finite.

    With `is_log`, y becomes its logarithm to base 10, and the curve breaks where there is none.
    """
    xs, ys = points.T
    is_drawable = np.isfinite(xs) & (np.abs(ys) < LARGEST)
    if is_log:
        is_drawable &= ys > SMALLEST
        ys = np.log10(ys, out=np.full_like(ys, np.nan), where=is_drawable)
    turns = np.flatnonzero(np.diff(is_drawable)) + 1
    stretches = np.split(np.column_stack((xs, ys)), turns)
    kept = np.split(is_drawable, turns)
    return [each for each, is_kept in zip(stretches, kept, strict=True) if is_kept[:1].any()]


def clip(segment: Segment, low: float, high: float) -> Segment:
    """Clip every y to the ends of the axis; values outside are drawn along the edge."""
    return np.column_stack((segment[:, 0], segment[:, 1].clip(low, high)))


def cut(segment: Segment, left: float, right: float, *, is_joined: bool) -> Segment:
    """Return the visible points; a joined line continues to the edges, where it is interpolated."""
    xs, ys = segment.T
    inside: Segment = segment[(left <= xs) & (xs <= right)]
    if not is_joined:
        return inside
    edges = [edge for edge in (left, right) if xs[0] < edge < xs[-1]]
    ends = np.column_stack((edges, np.interp(edges, xs, ys)))
    seen: Segment = np.concatenate([ends[ends[:, 0] == left], inside, ends[ends[:, 0] == right]])
    return seen


def thin(segment: Segment, left: float, right: float, columns: int) -> Segment:
    """Keep the lowest and the highest point of every column, in their order.

    A spike of one point stays visible, however many points share its column; a mean, or every n-th
    point, would lose it. Sorting by column and height puts each column's extremes at the ends of
    its stretch, so that the whole costs one sort, O(n log n), and no loop over columns.
    """
    if len(segment) <= 2 * columns or right <= left:
        return segment
    xs, ys = segment.T
    column = np.floor((xs - left) * (columns / (right - left)))
    by_column_and_height = np.lexsort((ys, column))
    # A segment begins where the column changes; NaN differs from all, so the first one begins too.
    starts = np.flatnonzero(np.diff(column[by_column_and_height], prepend=np.nan))
    ends = np.append(starts[1:], len(segment)) - 1
    extremes = by_column_and_height[np.concatenate((starts, ends))]
    thinned: Segment = segment[np.unique(extremes)]
    return thinned


MAX_COLUMNS = 600
"""A curve is kept at two points for each of so many columns: neither screen nor page shows more."""


def thin_points(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Return a curve with no more points than can be seen; gaps stay gaps.

    The first and the last point stay, so that a second pass finds the same columns and changes
    nothing.
    """
    if len(points) <= 2 * MAX_COLUMNS:
        return points
    left, right = points[0][0], points[-1][0]
    kept: list[Point] = []
    for segment in split_at_gaps(measured(points)):
        if kept:
            kept.append((float(segment[0, 0]), None))
        ends = (segment[:1], thin(segment, left, right, MAX_COLUMNS), segment[-1:])
        whole = np.unique(np.concatenate(ends), axis=0)
        kept += map(tuple, whole.tolist())
    return tuple(kept)
