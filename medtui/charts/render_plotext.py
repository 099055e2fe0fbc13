"""Draws a plot with plotext; the only room that knows it. Any thread may come in, one at a time.

plotext 5.3.2 refuses infinities and draws what lies off the axis before it clips; `thinning` keeps
both from it. Its one global figure is why drawing is locked. Logarithmic axes are linear to it:
what it gets are logarithms, and ticks that say what they stand for.
"""

import threading
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
"""Curves that are drawn one by one and get their letter; more are a crowd, seen as a whole."""

_MAX_LETTER_STEPS = 6
_AXIS = 1
"""Cells across which plotext draws an axis, and rows for its labels."""

_figure = threading.Lock()


def draw(plot: Plot, width: int, height: int, style: ChartStyle) -> Text:
    """Give the chart as `height` lines of at most `width` cells, without title and legend."""
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
    _draw_levels(plotext, frame, style)
    _draw_cursor(plotext, frame, height, style)
    faint_first = sorted(range(len(frame.ink)), key=lambda at: frame.ink[at][0].stroke != "faint")
    if len(frame.ink) > MAX_LETTERS:
        _draw_crowd(plotext, plot, frame, height, faint_first, style)
    else:
        for index in faint_first:
            _draw_series(plotext, plot, frame, index, style)
    _draw_letters(plotext, plot, frame, style)
    return str(plotext.build()).rstrip("\n")


def _draw_levels(plotext: Any, frame: Frame, style: ChartStyle) -> None:  # noqa: ANN401 - plotext has no types
    step = (frame.right - frame.left) / frame.columns
    xs = [frame.left + number * step for number in range(frame.columns + 1)]
    marker = "-" if style.is_ascii else "╌"
    for level in frame.levels:
        if level is not None and frame.low <= level <= frame.high:
            colour = _rgb(style.colours.muted)
            plotext.scatter(xs, [level] * len(xs), marker=marker, color=colour)


def _draw_cursor(
    plotext: Any,  # noqa: ANN401 - plotext has no types
    frame: Frame,
    height: int,
    style: ChartStyle,
) -> None:
    if frame.cursor is None:
        return
    steps = [frame.low + (frame.high - frame.low) * row / height for row in range(height + 1)]
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
    for segment in segments:
        xs, ys = segment.T.tolist()
        if series.stroke == "dots" or len(segment) == 1:
            marker = letter.lower() if style.is_ascii else "•"
            plotext.scatter(xs, ys, marker=marker, color=colour)
        else:
            marker = ("." if is_faint else letter) if style.is_ascii else "braille"
            plotext.plot(xs, ys, marker=marker, color=colour)


def _draw_crowd(
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


def _draw_letters(plotext: Any, plot: Plot, frame: Frame, style: ChartStyle) -> None:  # noqa: ANN401 - plotext has no types
    """Write each series' letter on its curve, each a little further from the right end."""
    step = (frame.right - frame.left) / frame.columns
    for index, (series, segments) in enumerate(frame.ink[:MAX_LETTERS]):
        if not segments or series.stroke == "faint":
            continue
        points = np.concatenate(segments)
        wanted = points[-1, 0] - step * 3 * (index % _MAX_LETTER_STEPS)
        x, y = points[np.abs(points[:, 0] - wanted).argmin()].tolist()
        colour = _rgb(style.hue(plot, index))
        plotext.text(letter_of(plot, index), x, y, color=colour, style="bold")


def _sentence(plot: Plot, width: int, height: int, style: ChartStyle) -> Text:
    """Say in the middle of the room what there is instead of a drawing."""
    latest = [series.latest for series in plot.series if series.latest is not None]
    words = plot.empty if not latest else "  ".join(f"{value:.3g}" for value in latest)
    text = Text("\n" * max(0, (height - 1) // 2), style=style.colours.muted)
    text.append(words[: max(0, width)].center(max(0, width)))
    return text


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = Color.parse(colour).get_truecolor()
    return red, green, blue
