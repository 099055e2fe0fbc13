"""Draws lines with plotext, as dots of braille; the only module that imports it.

plotext 5.3.2 refuses infinities and draws what lies off the axis before it clips; `downsample`
keeps both from it. It has one global figure, so drawing is locked: any thread may call. An empty
chart of 63x15 cells takes it 2 ms, and each line 1 ms for 9 points and 14 ms for 126 (2-core
machine): lines are kept by their points and their plane, and long ones are left to `braille`.
"""

import threading
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from medtui.charts.downsample import Segment
from medtui.charts.plane import Plane

Bits = NDArray[np.uint8]
"""Of each cell of a plane, by row and column, the dots of its braille glyph."""

BRAILLE = 0x2800
"""The glyph without dots."""

_figure = threading.Lock()


def line_bits(segments: Sequence[Segment], plane: Plane) -> Bits:
    """Return the dots of joined stretches, which are within the plane."""
    return _drawn(tuple(each.tobytes() for each in segments), plane)


@lru_cache(maxsize=256)
def _drawn(stretches: tuple[bytes, ...], plane: Plane) -> Bits:
    with _figure:
        text = _text_of([np.frombuffer(each).reshape(-1, 2) for each in stretches], plane)
    bits = np.zeros((plane.rows, plane.columns), np.uint8)
    for row, line in enumerate(text.split("\n")[: plane.rows]):
        for column, glyph in enumerate(line[: plane.columns]):
            if glyph > chr(BRAILLE):
                bits[row, column] = ord(glyph) - BRAILLE
    bits.flags.writeable = False
    return bits


def _text_of(segments: Sequence[Segment], plane: Plane) -> str:
    import plotext  # drawn lines alone need it, and it costs a tenth of a second

    plotext.clear_figure()
    plotext.limit_size(False, False)
    plotext.plotsize(plane.columns, plane.rows)
    plotext.xaxes(False, False)
    plotext.yaxes(False, False)
    plotext.xticks([])
    plotext.yticks([])
    plotext.xlim(*plane.outer_x)  # to plotext an axis ends at its outermost dots
    plotext.ylim(*plane.outer_y)
    for segment in segments:
        xs, ys = segment.T.tolist()
        plotext.plot(xs, ys, marker="braille")
    return str(plotext.uncolorize(plotext.build()))
