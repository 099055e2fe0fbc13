"""A part of the plane, and the cells that show it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medtui.charts.downsample import Segment

DOTS_ACROSS, DOTS_UP = 2, 4
"""Dots of a braille glyph."""


_NEAR = 1e-9
"""Share of a cell that rounding may add or take away."""


@dataclass(frozen=True)
class Plane:
    """Cells whose outermost centres are the ends of both axes.

    One mapping serves lines, marks, levels, bands and ticks: the middle of row k, counted from the
    bottom, is the value `low + k * (high - low) / (rows - 1)`. In dots that is `4 * k + 1.5`: the
    first of the row's four dots is `4 * k`. Columns, of two dots, likewise.
    """

    left: float
    right: float
    low: float
    high: float
    columns: int
    rows: int
    first: int = 0
    """Column of the canvas where the cells begin; their rows begin at the top."""

    def dots_of(self, segment: Segment) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return points in dots, counted from the left and from the bottom."""
        xs, ys = segment.T
        across = (xs - self.left) / (self.right - self.left) * (self.columns - 1)
        up = (ys - self.low) / (self.high - self.low) * (self.rows - 1)
        return (
            across * DOTS_ACROSS + (DOTS_ACROSS - 1) / 2,
            up * DOTS_UP + (DOTS_UP - 1) / 2,
        )

    @property
    def outer_x(self) -> tuple[float, float]:
        """The x of the first and of the last dot, which are beyond the ends of the axis."""
        return _outermost(self.left, self.right, self.columns, DOTS_ACROSS)

    @property
    def outer_y(self) -> tuple[float, float]:
        """The y of the lowest and of the highest dot, which are beyond the ends of the axis."""
        return _outermost(self.low, self.high, self.rows, DOTS_UP)

    def column(self, x: float) -> int:
        """Return the canvas' column that shows x, which is within the axis."""
        at = (x - self.left) / (self.right - self.left) * (self.columns - 1)
        return self.first + min(max(_round(at), 0), self.columns - 1)

    def row(self, y: float) -> int:
        """Return the row that shows y, which is within the axis, from the top."""
        if self.high <= self.low:
            return 0
        at = (self.high - y) / (self.high - self.low) * (self.rows - 1)
        return min(max(_round(at), 0), self.rows - 1)

    def x_at(self, column: int) -> float | None:
        """Return the x in the middle of a column of the canvas; None outside the cells."""
        is_inside = self.first <= column < self.first + self.columns
        return self.x_of(column) if is_inside else None

    def x_of(self, column: int) -> float:
        """Return the x in the middle of a column of the canvas."""
        share = (column - self.first) / max(1, self.columns - 1)
        return self.left + (self.right - self.left) * share

    def value_of(self, row: int) -> float:
        """Return the y in the middle of a row."""
        return self.high - (self.high - self.low) * row / max(1, self.rows - 1)

    def holds(self, y: float) -> bool:
        """Return whether y is within the axis, but for rounding."""
        near = (self.high - self.low) / (self.rows * DOTS_UP)
        return self.low - near <= y <= self.high + near

    def rows_between(self, low: float, high: float) -> range:
        """Return the rows whose middle is within a range of y, from the top."""
        return _between(-high, -low, -self.high, -self.low, self.rows)

    def columns_between(self, left: float, right: float) -> range:
        """Return the canvas' columns whose middle is within a range of x."""
        found = _between(left, right, self.left, self.right, self.columns)
        return range(self.first + found.start, self.first + found.stop)


def _between(low: float, high: float, first: float, last: float, cells: int) -> range:
    """Return the cells whose middle is within a range; those of the ends are `first` and `last`."""
    if not low <= high or not first < last:
        return range(0)
    lowest, highest = ((end - first) / (last - first) * (cells - 1) for end in (low, high))
    start = 0 if lowest <= 0 else math.ceil(min(lowest, cells) - _NEAR)
    stop = cells - 1 if highest >= cells - 1 else math.floor(max(highest, -1) + _NEAR)
    return range(start, max(start, stop + 1))


def _outermost(first: float, last: float, cells: int, dots: int) -> tuple[float, float]:
    """Return the values of the outermost dots of cells whose middles span an axis."""
    beyond = (last - first) * (dots - 1) / 2 / (dots * (cells - 1)) if cells > 1 else 0.0
    return first - beyond, last + beyond


def _round(at: float) -> int:
    return math.floor(at + 0.5)
