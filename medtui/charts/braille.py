"""Long lines and many lines, as dots of braille.

plotext joins the points of a line in Python, see `render_plotext`; here arrays do it. A line costs
its points plus the area of dots between its first and its last column.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medtui.charts.downsample import Segment
from medtui.charts.plane import DOTS_ACROSS, DOTS_UP, Plane

_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)
"""The bit of each dot in a braille glyph, from the top."""


def line_bits(segments: Sequence[Segment], plane: Plane) -> NDArray[np.uint8]:
    """Return of each cell the dots of its braille glyph; stretches are within the plane."""
    raster = np.zeros((plane.rows * DOTS_UP, plane.columns * DOTS_ACROSS), np.bool_)
    for segment in segments:
        _join(raster, *plane.dots_of(segment))
    # A cell is a block of 4 x 2 dots. Row 0 of the raster is the lowest, of the text the highest.
    blocks = raster[::-1].reshape(plane.rows, DOTS_UP, plane.columns, DOTS_ACROSS)
    bits: NDArray[np.uint8] = (blocks * _DOTS[None, :, None, :]).sum(axis=(1, 3), dtype=np.uint8)
    return bits


def _join(raster: NDArray[np.bool_], xs: NDArray[np.float64], ys: NDArray[np.float64]) -> None:
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
    rows = np.arange(len(raster))[:, None]
    raster[:, first : last + 1] |= (rows >= _near(lowest)) & (rows <= _near(highest))


def _near(dots: NDArray[np.float64]) -> NDArray[np.int_]:
    return np.floor(dots + 0.5).astype(int)
