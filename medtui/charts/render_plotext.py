"""Draws a plot with plotext, for screens; the only module that imports it.

plotext 5.3.2 refuses infinities and draws what lies off the axis before it clips; `downsample`
keeps both from it. It has one global figure, so drawing is locked: any thread may call. Logarithmic
axes are linear to it: it gets logarithms, and ticks that say what they stand for.
"""

import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
from rich.color import Color
from rich.text import Text

from medtui.charts.layout import Frame, frame_of, x_ticks_of, y_ticks_of
from medtui.charts.plot import Plot, letter_of
from medtui.charts.style import ChartStyle

MIN_WIDTH, MIN_HEIGHT = 18, 4
"""A smaller chart shows numbers only."""

MAX_LETTERS = 26
"""Curves that plotext draws one by one, with their letters; more are drawn by `braille`."""

_MAX_LETTER_STEPS = 6
_AXIS = 1
"""Cells across which plotext draws an axis, and rows for its labels."""

_figure = threading.Lock()


def draw(plot: Plot, width: int, height: int, style: ChartStyle) -> Text:
    """Return the chart as `height` lines of at most `width` cells, without title and legend."""
    if plot.is_empty or width < MIN_WIDTH or height < MIN_HEIGHT:
        return _sentence(plot, width, height, style)
    frame = frame_of(plot, width)
    if not any(segments for _, segments in frame.ink):
        return _sentence(plot, width, height, style)
    with _figure:
        return Text.from_ansi(_draw(plot, frame, height, style))


def _draw(plot: Plot, frame: Frame, height: int, style: ChartStyle) -> str:
    import plotext  # drawn charts alone need it, and it costs a tenth of a second

    plotext.clear_figure()
    plotext.limit_size(False, False)
    plotext.plotsize(frame.columns, height)
    for paint in (plotext.canvas_color, plotext.axes_color):
        paint("default")
    plotext.ticks_color(_rgb(style.colours.muted))
    plotext.xaxes(True, False)
    plotext.yaxes(True, False)
    plotext.xlim(frame.left, frame.right)
    plotext.ylim(frame.low, frame.high)
    plotext.xticks(*x_ticks_of(plot, frame))
    plotext.yticks(*y_ticks_of(plot, frame, height))
    _draw_levels(plotext, plot, frame, height, style)
    _draw_bands(plotext, plot, frame, style)
    _draw_cursor(plotext, frame, height, style)
    faint_first = sorted(range(len(frame.ink)), key=lambda at: frame.ink[at][0].stroke != "faint")
    if len(frame.ink) > MAX_LETTERS:
        _draw_many(plotext, plot, frame, height, faint_first, style)
    else:
        for index in faint_first:
            _draw_series(plotext, plot, frame, index, style)
    _draw_letters(plotext, plot, frame, height, style)
    return str(plotext.build()).rstrip("\n")


def _draw_levels(
    plotext: Any,  # noqa: ANN401 - plotext has no types
    plot: Plot,
    frame: Frame,
    height: int,
    style: ChartStyle,
) -> None:
    colour = _rgb(style.colours.muted)
    for level in (each for each in frame.levels if each is not None):
        if plot.rows and frame.left <= level <= frame.right:
            ys = _steps(frame.low, frame.high, height)
            marker = "|" if style.is_ascii else "┊"
            plotext.scatter([level] * len(ys), ys, marker=marker, color=colour)
        elif not plot.rows and frame.low <= level <= frame.high:
            xs = _steps(frame.left, frame.right, frame.columns)
            marker = "-" if style.is_ascii else "╌"
            plotext.scatter(xs, [level] * len(xs), marker=marker, color=colour)


def _draw_bands(plotext: Any, plot: Plot, frame: Frame, style: ChartStyle) -> None:  # noqa: ANN401 - plotext has no types
    """Draw the edges of bands: a terminal's cell has no second colour to fill them with."""
    marker = "." if style.is_ascii else "braille"
    for _, edges in zip(plot.bands, frame.edges, strict=True):
        for segment in edges:
            xs, ys = segment.T.tolist()
            plotext.plot(xs, ys, marker=marker, color=_rgb(style.colours.muted))


def _draw_cursor(
    plotext: Any,  # noqa: ANN401 - plotext has no types
    frame: Frame,
    height: int,
    style: ChartStyle,
) -> None:
    if frame.cursor is None:
        return
    steps = _steps(frame.low, frame.high, height)
    marker = "|" if style.is_ascii else "┊"
    plotext.scatter(
        [frame.cursor] * len(steps), steps, marker=marker, color=_rgb(style.colours.strong)
    )


def _draw_series(
    plotext: Any,  # noqa: ANN401 - plotext has no types
    plot: Plot,
    frame: Frame,
    index: int,
    style: ChartStyle,
) -> None:
    series, segments = frame.ink[index]
    is_faint = series.stroke == "faint"
    colour = _rgb(style.colours.muted if is_faint else style.hue(plot, index))
    letter = letter_of(plot, index)[0]
    _draw_bars(plotext, frame, index, colour, style)
    for segment in segments if series.stroke != "bars" else ():
        xs, ys = segment.T.tolist()
        if series.stroke == "dots" or len(segment) == 1:
            marker = letter.lower() if style.is_ascii else "○" if series.is_hollow else "•"
            plotext.scatter(xs, ys, marker=marker, color=colour)
        else:
            marker = ("." if is_faint else letter) if style.is_ascii else "braille"
            plotext.plot(xs, ys, marker=marker, color=colour)


def _draw_bars(
    plotext: Any,  # noqa: ANN401 - plotext has no types
    frame: Frame,
    index: int,
    colour: tuple[int, int, int],
    style: ChartStyle,
) -> None:
    """Draw a series' error bars, upright or along its rows; bars of means are thicker."""
    is_bar = frame.ink[index][0].stroke == "bars"
    upright, lying = ("│", "━" if is_bar else "─")
    if style.is_ascii:
        upright, lying = ("|", "=" if is_bar else "-")
    for x, y, right, top in frame.bars[index]:
        num_steps = frame.columns if y == top else frame.columns // 2
        xs, ys = _steps(x, right, num_steps), _steps(y, top, num_steps)
        plotext.scatter(xs, ys, marker=lying if y == top else upright, color=colour)


def _draw_many(
    plotext: Any,  # noqa: ANN401 - plotext has no types
    plot: Plot,
    frame: Frame,
    height: int,
    order: list[int],
    style: ChartStyle,
) -> None:
    from medtui.charts.braille import Plane, cells_of

    labels = y_ticks_of(plot, frame, height)[1]
    columns = frame.columns - max(map(len, labels), default=0) - _AXIS
    plane = Plane(frame.left, frame.right, frame.low, frame.high, columns, height - 2 * _AXIS)
    curves = [(frame.ink[index][1], frame.ink[index][0].stroke != "dots") for index in order]
    cells = cells_of(curves, plane)
    owners = [order[cell.curve] for cell in cells]
    colours = [
        _rgb(style.colours.muted if series.stroke == "faint" else style.hue(plot, index))
        for index, series in enumerate(plot.series)
    ]
    glyphs = [cell.glyph for cell in cells]
    if style.is_ascii:
        glyphs = [letter_of(plot, index)[0] for index in owners]
    plotext.scatter(
        [cell.x for cell in cells],
        [cell.y for cell in cells],
        marker=glyphs,
        color=[colours[index] for index in owners],
    )


def _draw_letters(
    plotext: Any,  # noqa: ANN401 - plotext has no types
    plot: Plot,
    frame: Frame,
    height: int,
    style: ChartStyle,
) -> None:
    """Write each series' letter on its curve, each a little further from the right end.

    Letters of equal points stand beside each other: `BC`.
    """
    step = (frame.right - frame.left) / frame.columns
    row_step = (frame.high - frame.low) / height
    taken = set[tuple[int, int]]()
    for index, (series, segments) in enumerate(frame.ink[:MAX_LETTERS]):
        if not segments or series.stroke in {"faint", "bars"}:
            continue
        points = np.concatenate(segments)
        wanted = points[-1, 0] - step * 3 * (index % _MAX_LETTER_STEPS)
        x, y = points[np.abs(points[:, 0] - wanted).argmin()].tolist()
        cell, row = round((x - frame.left) / step), round((y - frame.low) / row_step)
        free = next(at for at in _beside(cell, frame.columns) if (at, row) not in taken)
        taken.add((free, row))
        colour = _rgb(style.hue(plot, index))
        place = x + (free - cell) * step
        plotext.text(letter_of(plot, index), place, y, color=colour, style="bold")


def _beside(cell: int, columns: int) -> Iterator[int]:
    """Yield a cell and those beside it: to the right up to the end, then to the left."""
    yield from range(cell, columns + 1)
    yield from count(cell - 1, -1)


def _sentence(plot: Plot, width: int, height: int, style: ChartStyle) -> Text:
    """Return what stands in the middle instead of a drawing: a sentence, or the latest numbers."""
    latest = [series.latest for series in plot.series if series.latest is not None]
    words = plot.empty if not latest else "  ".join(f"{value:.3g}" for value in latest)
    text = Text("\n" * max(0, (height - 1) // 2), style=style.colours.muted)
    text.append(words[: max(0, width)].center(max(0, width)))
    return text


def _steps(first: float, last: float, count: int) -> list[float]:
    return [first + (last - first) * at / count for at in range(count + 1)]


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = Color.parse(colour).get_truecolor()
    return red, green, blue
