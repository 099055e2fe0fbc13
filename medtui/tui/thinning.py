"""Makes points fit to be drawn: gaps for what is not finite, clipped, two points per column.

plotext makes a mark for every column between two points before it clips them, and refuses
infinities, so nothing reaches it that did not pass here. Pure functions.
"""

import math
from collections.abc import Iterable, Iterator, Sequence

from medtui.tui.plot import Point

LARGEST = 1e300
"""What is not below it is taken for not finite: an axis around it would overflow."""

Segment = list[tuple[float, float]]
"""A stretch of a curve without gaps."""


def split_at_gaps(points: Iterable[Point], *, is_log: bool = False) -> list[Segment]:
    """Break a curve where y is missing or not finite.

    With `is_log`, y becomes its logarithm to base 10, and the curve breaks also where y <= 0.
    """
    segments: list[Segment] = []
    current: Segment = []
    for x, y in points:
        height = _height(y, is_log=is_log)
        if height is None or not math.isfinite(x):
            if current:
                segments.append(current)
            current = []
        else:
            current.append((x, height))
    if current:
        segments.append(current)
    return segments


def _height(y: float | None, *, is_log: bool) -> float | None:
    if y is None or not abs(y) < LARGEST or (is_log and y <= 0):
        return None
    return math.log10(y) if is_log else y


def clip(segment: Segment, low: float, high: float) -> Segment:
    """Hold every y within the ends of the axis; what lies outside runs along the edge."""
    return [(x, min(high, max(low, y))) for x, y in segment]


def within(points: Sequence[Point], left: float, right: float) -> list[Point]:
    """Give the points with x in view, and one neighbour on either side so that lines run on."""
    inside = [index for index, (x, _) in enumerate(points) if left <= x <= right]
    if not inside:
        return []
    return list(points[max(0, inside[0] - 1) : inside[-1] + 2])


def thin(segment: Segment, left: float, right: float, columns: int) -> Segment:
    """Keep the lowest and the highest point of every column, in their order.

    A spike of one point stays visible, however many points share its column.
    """
    if len(segment) <= 2 * columns or right <= left:
        return segment
    scale = columns / (right - left)
    kept: Segment = []
    for column in _columns(segment, left, scale):
        lowest = min(column, key=lambda point: point[1])
        highest = max(column, key=lambda point: point[1])
        kept += sorted({lowest, highest})
    return kept


def _columns(segment: Segment, left: float, scale: float) -> Iterator[Segment]:
    column: Segment = []
    number: int | None = None
    for point in segment:
        here = int((point[0] - left) * scale)
        if here != number and column:
            yield column
            column = []
        number = here
        column.append(point)
    if column:
        yield column
