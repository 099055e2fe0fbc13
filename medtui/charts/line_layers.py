"""Lines over each other: cells that several share show each of them in turn along x.

Lines of one colour are one layer. A line under the cursor is drawn last and keeps all its cells;
faint ones lie behind the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medtui.charts import braille, render_plotext
from medtui.charts.canvas import Canvas
from medtui.charts.downsample import Segment
from medtui.charts.layout import Frame
from medtui.charts.plane import Plane
from medtui.charts.plot import Plot, letter_of
from medtui.charts.render_plotext import BRAILLE, Bits
from medtui.charts.style import ChartStyle

MAX_POINTS = 160
"""Points up to which plotext joins them; more are joined by `braille`."""


@dataclass(frozen=True)
class _Layer:
    bits: Bits
    colour: str
    letter: str
    """In ASCII what its cells show; empty for dots."""


def draw_lines(canvas: Canvas, plot: Plot, frame: Frame, plane: Plane, style: ChartStyle) -> None:
    """Draw every joined series."""
    groups: dict[tuple[int, str, str], list[Segment]] = {}
    for index, (series, segments) in enumerate(frame.ink):
        if not series.is_joined or not segments:
            continue
        is_faint = series.stroke == "faint"
        letter = "" if not style.is_ascii else "." if is_faint else letter_of(plot, index)[0]
        colour = style.line_hue(plot, index)
        depth = 0 if is_faint else 2 if series.is_lit else 1
        groups.setdefault((depth, colour, letter), []).extend(
            each for each in segments if len(each) > 1
        )
    num_points = sum(len(each) for segments in groups.values() for each in segments)
    bits_of = render_plotext.line_bits if num_points <= MAX_POINTS else braille.line_bits
    for depth in range(3):
        _put(canvas, plane, [
            _Layer(bits_of(segments, plane), colour, letter)
            for (at, colour, letter), segments in groups.items()
            if at == depth and segments
        ])  # fmt: skip


def _put(canvas: Canvas, plane: Plane, layers: Sequence[_Layer]) -> None:
    if not layers:
        return
    stack = np.stack([layer.bits for layer in layers])
    every = np.bitwise_or.reduce(stack, axis=0)
    counts = (stack > 0).sum(axis=0)
    topmost = np.argmax(stack > 0, axis=0)
    for row, column in np.argwhere(every > 0).tolist():
        owner = int(topmost[row, column])
        if counts[row, column] > 1:
            owners = np.flatnonzero(stack[:, row, column]).tolist()
            owner = owners[column % len(owners)]
        layer = layers[owner]
        glyph = layer.letter or chr(BRAILLE + int(every[row, column]))
        canvas.put(plane.first + column, row, glyph, layer.colour)
