"""Many curves over each other, as cells of braille dots.

plotext joins the points of a line in Python, which takes a tenth of a second for each curve.
However many curves there are, a cell shows at most one glyph in one colour: here these are computed
with arrays, and plotext only places the cells.

The raster holds for every dot the number of the curve that covers it; later curves overwrite
earlier ones. A curve costs its points plus the area of dots between its first and its last column,
and all glyphs together cost one pass over the raster.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medtui.charts.downsample import Segment

_ACROSS, _UP = 2, 4
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""The bit of each dot in a braille glyph, from the top."""
_BRAILLE = 0x2800
_NO_CURVE = -1


@dataclass(frozen=True)
class Plane:
    """A part of the plane, and the cells that show it: their centres span both axes."""

    left: float
    right: float
    low: float
    high: float
    columns: int
    rows: int

    def dots_of(self, segment: Segment) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return points in dots, counted from the left and from the bottom."""
        xs, ys = segment.T
        across, up = self.columns * _ACROSS - 1, self.rows * _UP - 1
        return (
            (xs - self.left) / (self.right - self.left) * across,
            (ys - self.low) / (self.high - self.low) * up,
        )

    def x_of(self, column: int) -> float:
        """Return the x that plotext rounds to this column."""
        return self.left + (self.right - self.left) * column / max(1, self.columns - 1)

    def y_of(self, row: int) -> float:
        """Return the y that plotext rounds to this row, counted from the bottom."""
        return self.low + (self.high - self.low) * row / max(1, self.rows - 1)


@dataclass(frozen=True)
class Cell:
    """One cell with something in it."""

    x: float
    y: float
    glyph: str
    curve: int
    """Place of the topmost curve, which gives the colour."""


def cells_of(curves: Sequence[tuple[Sequence[Segment], bool]], plane: Plane) -> list[Cell]:
    """Return the cells that curves pass through; later curves lie over earlier ones.

    A curve is its stretches without gaps, all within the plane, and whether their points are
    joined.
    """
    owner = np.full((plane.rows * _UP, plane.columns * _ACROSS), _NO_CURVE)
    for place, (segments, is_joined) in enumerate(curves):
        for segment in segments:
            xs, ys = plane.dots_of(segment)
            if is_joined:
                _join(owner, place, xs, ys)
            else:
                owner[_near(ys), _near(xs)] = place
    # A cell is a block of 4 x 2 dots. Row 0 of the raster is the lowest, of the text the highest.
    blocks = owner[::-1].reshape(plane.rows, _UP, plane.columns, _ACROSS)
    glyphs = ((blocks != _NO_CURVE) * _DOTS[None, :, None, :]).sum(axis=(1, 3))
    topmost = blocks.max(axis=(1, 3))
    return [
        Cell(
            plane.x_of(column),
            plane.y_of(plane.rows - 1 - line),
            chr(_BRAILLE + int(glyphs[line, column])),
            int(topmost[line, column]),
        )
        for line, column in np.argwhere(glyphs > 0).tolist()
    ]


def _join(
    owner: NDArray[np.int_], place: int, xs: NDArray[np.float64], ys: NDArray[np.float64]
) -> None:
    """Mark what a line covers: in each column of dots, from its lowest to its highest point.

    Bresenham's algorithm for every segment would be a loop in Python. A polyline covers in one
    column an unbroken range of dots, so two arrays over the columns say the same: the range begins
    as what the line spans between the column's two edges (by interpolation, which also joins it to
    its neighbours), and grows by the points inside the column, where the line may turn.
    """
    first, last = _near(xs[[0, -1]]).tolist()
    at_edges = np.interp(np.arange(first, last + 2) - 0.5, xs, ys)
    lowest = np.minimum(at_edges[:-1], at_edges[1:])
    highest = np.maximum(at_edges[:-1], at_edges[1:])
    inside = _near(xs) - first
    # Not `lowest[inside] = ...`: several points share a column, and each of them counts.
    np.minimum.at(lowest, inside, ys)
    np.maximum.at(highest, inside, ys)
    rows = np.arange(len(owner))[:, None]
    is_covered = (rows >= _near(lowest)) & (rows <= _near(highest))
    owner[:, first : last + 1][is_covered] = place


def _near(dots: NDArray[np.float64]) -> NDArray[np.int_]:
    return np.floor(dots + 0.5).astype(int)
