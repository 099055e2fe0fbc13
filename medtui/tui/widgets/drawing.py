"""Draws a plot with plotext; the only room that knows it. Any thread may come in, one at a time.

plotext 5.3.2 refuses infinities and draws what lies off the axis before it clips; `thinning` keeps
both from it. Its one global figure is why drawing is locked.
"""

import math
import threading
from dataclasses import dataclass, field
from typing import Any

from rich.color import Color
from rich.text import Text

from medtui.tui.axis import label_log_ticks, label_ticks, limits_of, log_ticks_of, ticks_of
from medtui.tui.colours import Colours
from medtui.tui.plot import Plot, Series, letter_of
from medtui.tui.thinning import Segment, clip, split_at_gaps, thin, within

MIN_WIDTH, MIN_HEIGHT = 18, 4
"""A smaller chart shows numbers only."""

_COLUMNS_PER_X_TICK = 9
_ROWS_PER_Y_TICK = 3
_MAX_LETTER_STEPS = 6

_figure = threading.Lock()


@dataclass(frozen=True)
class ChartStyle:
    """How charts look in the running application."""

    colours: Colours
    is_ascii: bool = False
    """Draw curves with their letters instead of braille dots."""


@dataclass
class _Frame:
    """The part of the plane that is in view."""

    left: float
    right: float
    low: float
    high: float
    columns: int
    ink: list[tuple[Series, list[Segment]]] = field(default_factory=list)
    """Every series with its visible segments, in series order."""
    levels: list[float | None] = field(default_factory=list)
    """Heights of the plot's levels; None where one cannot be drawn."""


def draw(plot: Plot, width: int, height: int, style: ChartStyle) -> Text:
    """Give the chart as `height` lines of at most `width` cells, without title and legend."""
    if plot.is_empty or width < MIN_WIDTH or height < MIN_HEIGHT:
        return _sentence(plot, width, height, style)
    frame = _frame_of(plot, width)
    if not any(segments for _, segments in frame.ink):
        return _sentence(plot, width, height, style)
    with _figure:
        return Text.from_ansi(_draw(plot, frame, height, style))


def legend_of(plot: Plot, style: ChartStyle) -> Text:
    """Give letter, colour, name and value of every series: the latest, or those at the cursor."""
    legend = Text()
    if plot.cursor is not None:
        place = f"{plot.cursor:g}" if plot.are_x_whole else f"{plot.cursor:.2f}"
        legend.append(f"{plot.x_label} {place}:  ", style=f"bold {style.colours.strong}")
    for index, series in enumerate(plot.series):
        if series.stroke == "faint":
            continue
        colour = style.colours.series[index]
        value = series.latest if plot.cursor is None else series.value_at(plot.cursor)
        legend.append(f"{letter_of(index)} {series.label}", style=f"bold {colour}")
        said = "" if value is None else f" {value:.{series.digits}f}"
        legend.append(f"{said}  ", style=style.colours.strong)
    for level in plot.levels:
        legend.append(f"╌ {level.label} {level.value:.1f}  ", style=style.colours.muted)
    legend.append(plot.remark, style=style.colours.muted)
    legend.rstrip()
    return legend


def _draw(plot: Plot, frame: _Frame, height: int, style: ChartStyle) -> str:
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
    _set_ticks(plotext, plot, frame, height)
    _draw_levels(plotext, frame, style)
    if plot.cursor is not None and frame.left <= plot.cursor <= frame.right:
        steps = [frame.low + (frame.high - frame.low) * row / height for row in range(height + 1)]
        marker = "|" if style.is_ascii else "┊"
        colour = _rgb(style.colours.strong)
        plotext.scatter([plot.cursor] * len(steps), steps, marker=marker, color=colour)
    for index in sorted(
        range(len(frame.ink)), key=lambda each: frame.ink[each][0].stroke != "faint"
    ):
        _draw_series(plotext, index, *frame.ink[index], style)
    _draw_letters(plotext, frame, style)
    return str(plotext.build()).rstrip("\n")


def _frame_of(plot: Plot, width: int) -> _Frame:
    xs = [x for series in plot.series for x, y in series.points if y is not None]
    left = min(xs) if plot.x_limits[0] is None else plot.x_limits[0]
    right = max(xs) if plot.x_limits[1] is None else plot.x_limits[1]
    if right <= left:
        right = left + 1
    frame = _Frame(left, right, 0.0, 1.0, width)
    for series in plot.series:
        segments = split_at_gaps(within(series.points, left, right), is_log=plot.is_log)
        frame.ink.append((series, [thin(each, left, right, width) for each in segments]))
    _fit_height(frame, plot)
    return frame


def _fit_height(frame: _Frame, plot: Plot) -> None:
    """Choose the ends of y, as logarithms on a logarithmic axis, and hold all curves within."""
    values = [y for _, segments in frame.ink for segment in segments for _, y in segment]
    frame.levels = [_height_of(level.value, plot) for level in plot.levels]
    values += [level for level in frame.levels if level is not None]
    frame.low, frame.high = limits_of(values, (None, None) if plot.is_log else plot.y_limits)
    frame.ink = [
        (series, [clip(segment, frame.low, frame.high) for segment in segments])
        for series, segments in frame.ink
    ]


def _height_of(value: float, plot: Plot) -> float | None:
    segments = split_at_gaps([(0, value)], is_log=plot.is_log)
    return segments[0][0][1] if segments else None


def _set_ticks(plotext: Any, plot: Plot, frame: _Frame, height: int) -> None:  # noqa: ANN401 - plotext has no types
    most = max(2, height // _ROWS_PER_Y_TICK)
    if plot.is_log:
        values = log_ticks_of(10**frame.low, 10**frame.high, most)
        plotext.yticks([math.log10(value) for value in values], label_log_ticks(values))
    else:
        y_ticks = ticks_of(frame.low, frame.high, most)
        plotext.yticks(y_ticks, label_ticks(y_ticks))
    most = max(2, frame.columns // _COLUMNS_PER_X_TICK)
    x_ticks = ticks_of(frame.left, frame.right, most, are_whole=plot.are_x_whole)
    plotext.xticks(x_ticks, label_ticks(x_ticks))


def _draw_levels(plotext: Any, frame: _Frame, style: ChartStyle) -> None:  # noqa: ANN401 - plotext has no types
    step = (frame.right - frame.left) / frame.columns
    xs = [frame.left + number * step for number in range(frame.columns + 1)]
    marker = "-" if style.is_ascii else "╌"
    for level in frame.levels:
        if level is not None and frame.low <= level <= frame.high:
            colour = _rgb(style.colours.muted)
            plotext.scatter(xs, [level] * len(xs), marker=marker, color=colour)


def _draw_series(
    plotext: Any,  # noqa: ANN401 - plotext has no types
    index: int,
    series: Series,
    segments: list[Segment],
    style: ChartStyle,
) -> None:
    is_faint = series.stroke == "faint"
    colour = _rgb(style.colours.muted if is_faint else style.colours.series[index])
    for segment in segments:
        xs, ys = [x for x, _ in segment], [y for _, y in segment]
        if series.stroke == "dots" or len(segment) == 1:
            marker = letter_of(index).lower() if style.is_ascii else "•"
            plotext.scatter(xs, ys, marker=marker, color=colour)
        else:
            marker = ("." if is_faint else letter_of(index)) if style.is_ascii else "braille"
            plotext.plot(xs, ys, marker=marker, color=colour)


def _draw_letters(plotext: Any, frame: _Frame, style: ChartStyle) -> None:  # noqa: ANN401 - plotext has no types
    """Write each series' letter on its curve, each a little further from the right end."""
    step = (frame.right - frame.left) / frame.columns
    for index, (series, segments) in enumerate(frame.ink):
        if not segments or series.stroke == "faint":
            continue
        last_x = segments[-1][-1][0]
        wanted = last_x - step * 3 * (index % _MAX_LETTER_STEPS)
        x, y = min(
            (point for segment in segments for point in segment),
            key=lambda point: abs(point[0] - wanted),
        )
        plotext.text(letter_of(index), x, y, color=_rgb(style.colours.series[index]), style="bold")


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
