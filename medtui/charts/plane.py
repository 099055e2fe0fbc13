"""A part of the plane, and the cells that show it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medtui.charts.downsample import Segment

DOTS_ACROSS, DOTS_UP = 2, 4
"""Dots of a braille glyph."""


@dataclass(frozen=True)
class Plane:
    """Cells whose dots span both axes: the outermost dots are at the ends."""

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
        across, up = self.columns * DOTS_ACROSS - 1, self.rows * DOTS_UP - 1
        return (
            (xs - self.left) / (self.right - self.left) * across,
            (ys - self.low) / (self.high - self.low) * up,
        )

    def column(self, x: float) -> int:
        """Return the canvas' column that shows x, which is within the axis."""
        dot = (x - self.left) / (self.right - self.left) * (self.columns * DOTS_ACROSS - 1)
        return self.first + min(max(int(dot + 0.5) // DOTS_ACROSS, 0), self.columns - 1)

    def row(self, y: float) -> int:
        """Return the row that shows y, which is within the axis, from the top."""
        if self.high <= self.low:
            return 0
        dot = (self.high - y) / (self.high - self.low) * (self.rows * DOTS_UP - 1)
        return min(max(int(dot + 0.5) // DOTS_UP, 0), self.rows - 1)

    def x_at(self, column: int) -> float | None:
        """Return the x in the middle of a column of the canvas; None outside the cells."""
        if not self.first <= column < self.first + self.columns:
            return None
        share = (column - self.first) / max(1, self.columns - 1)
        return self.left + (self.right - self.left) * share

    def value_of(self, row: int) -> float:
        """Return the y in the middle of a row."""
        return self.high - (self.high - self.low) * row / max(1, self.rows - 1)

    def holds(self, y: float) -> bool:
        """Return whether y is within the axis, but for rounding."""
        near = (self.high - self.low) / (self.rows * DOTS_UP)
        return self.low - near <= y <= self.high + near
