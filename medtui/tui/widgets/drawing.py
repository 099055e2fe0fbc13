"""Draws a plot with plotext; the only room that knows it. Any thread may come in, one at a time.

plotext 5.3.2 refuses infinities and draws what lies off the axis before it clips; `thinning` keeps
both from it. Its one global figure is why drawing is locked. Logarithmic axes are linear to it:
what it gets are logarithms, and ticks that say what they stand for.
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

MAX_LETTERS = 26
"""Curves that get their letter drawn; more would hide what they name."""

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

    def hue(self, plot: Plot, index: int) -> str:
        """Give the colour of a plot's series; more series than colours share them."""
        tint = plot.series[index].tint
        series = self.colours.series
        return series[(index if tint is None else tint) % len(series)]


@dataclass
class _Frame:
    """The part of the plane that is in view; logarithms where an axis has them."""

    left: float
    right: float
    columns: int
    low: float = 0.0
    high: float = 1.0
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
        place = f"{plot.cursor:g}" if plot.are_x_whole or plot.is_x_log else f"{plot.cursor:.2f}"
        legend.append(f"{plot.x_label} {place}:  ", style=f"bold {style.colours.strong}")
    for index, series in enumerate(plot.series):
        if series.stroke == "faint" or not series.label:
            continue
        value = series.latest if plot.cursor is None else series.value_at(plot.cursor)
        legend.append(
            f"{letter_of(plot, index)} {series.label}", style=f"bold {style.hue(plot, index)}"
        )
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
    plotext.xticks(*_x_ticks(plot, frame))
    plotext.yticks(*_y_ticks(plot, frame, height))
    _draw_levels(plotext, frame, style)
    _draw_cursor(plotext, plot, frame, height, style)
    faint_first = sorted(range(len(frame.ink)), key=lambda at: frame.ink[at][0].stroke != "faint")
    for index in faint_first:
        _draw_series(plotext, plot, frame, index, style)
    _draw_letters(plotext, plot, frame, style)
    return str(plotext.build()).rstrip("\n")


def _x_ticks(plot: Plot, frame: _Frame) -> tuple[list[float], list[str]]:
    most = max(2, frame.columns // _COLUMNS_PER_X_TICK)
    if plot.is_x_log:
        return _log_ticks(frame.left, frame.right, most)
    places = ticks_of(frame.left, frame.right, most, are_whole=plot.are_x_whole)
    return places, label_ticks(places)


def _y_ticks(plot: Plot, frame: _Frame, height: int) -> tuple[list[float], list[str]]:
    most = max(2, height // _ROWS_PER_Y_TICK)
    if plot.is_log:
        return _log_ticks(frame.low, frame.high, most)
    places = ticks_of(frame.low, frame.high, most)
    return places, label_ticks(places)


def _log_ticks(low: float, high: float, most: int) -> tuple[list[float], list[str]]:
    values = log_ticks_of(10**low, 10**high, most)
    return [math.log10(value) for value in values], label_log_ticks(values)


def _frame_of(plot: Plot, width: int) -> _Frame:
    series = [_with_log_x(each) if plot.is_x_log else each for each in plot.series]
    xs = [x for each in series for x, y in each.points if y is not None and math.isfinite(x)]
    ends = [_log_x(end) if plot.is_x_log and end else end for end in plot.x_limits]
    left = min(xs, default=0.0) if ends[0] is None else ends[0]
    right = max(xs, default=1.0) if ends[1] is None else ends[1]
    if right <= left:
        left, right = (left - 0.5, left + 0.5) if plot.is_x_log else (left, left + 1)
    elif plot.is_x_log and plot.x_limits == (None, None):
        left, right = limits_of((left, right))
    frame = _Frame(left, right, width)
    for each in series:
        segments = split_at_gaps(within(each.points, left, right), is_log=plot.is_log)
        frame.ink.append((each, [thin(segment, left, right, width) for segment in segments]))
    _fit_height(frame, plot)
    return frame


def _with_log_x(series: Series) -> Series:
    points = ((_log_x(x), y) for x, y in series.points)
    kept = tuple((x, y) for x, y in points if x is not None)
    return Series(series.label, kept, series.stroke, series.digits, series.tint, series.letter)


def _log_x(x: float) -> float | None:
    return math.log10(x) if x > 0 else None


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


def _draw_levels(plotext: Any, frame: _Frame, style: ChartStyle) -> None:  # noqa: ANN401 - plotext has no types
    step = (frame.right - frame.left) / frame.columns
    xs = [frame.left + number * step for number in range(frame.columns + 1)]
    marker = "-" if style.is_ascii else "╌"
    for level in frame.levels:
        if level is not None and frame.low <= level <= frame.high:
            colour = _rgb(style.colours.muted)
            plotext.scatter(xs, [level] * len(xs), marker=marker, color=colour)


def _draw_cursor(
    plotext: Any,  # noqa: ANN401 - plotext has no types
    plot: Plot,
    frame: _Frame,
    height: int,
    style: ChartStyle,
) -> None:
    x = _log_x(plot.cursor) if plot.is_x_log and plot.cursor else plot.cursor
    if x is None or not frame.left <= x <= frame.right:
        return
    steps = [frame.low + (frame.high - frame.low) * row / height for row in range(height + 1)]
    marker = "|" if style.is_ascii else "┊"
    plotext.scatter([x] * len(steps), steps, marker=marker, color=_rgb(style.colours.strong))


def _draw_series(
    plotext: Any,  # noqa: ANN401 - plotext has no types
    plot: Plot,
    frame: _Frame,
    index: int,
    style: ChartStyle,
) -> None:
    series, segments = frame.ink[index]
    is_faint = series.stroke == "faint"
    colour = _rgb(style.colours.muted if is_faint else style.hue(plot, index))
    letter = letter_of(plot, index)[0]
    for segment in segments:
        xs, ys = [x for x, _ in segment], [y for _, y in segment]
        if series.stroke == "dots" or len(segment) == 1:
            marker = letter.lower() if style.is_ascii else "•"
            plotext.scatter(xs, ys, marker=marker, color=colour)
        else:
            marker = ("." if is_faint else letter) if style.is_ascii else "braille"
            plotext.plot(xs, ys, marker=marker, color=colour)


def _draw_letters(plotext: Any, plot: Plot, frame: _Frame, style: ChartStyle) -> None:  # noqa: ANN401 - plotext has no types
    """Write each series' letter on its curve, each a little further from the right end."""
    step = (frame.right - frame.left) / frame.columns
    for index, (series, segments) in enumerate(frame.ink[:MAX_LETTERS]):
        if not segments or series.stroke == "faint":
            continue
        last_x = segments[-1][-1][0]
        wanted = last_x - step * 3 * (index % _MAX_LETTER_STEPS)
        x, y = min(
            (point for segment in segments for point in segment),
            key=lambda point: abs(point[0] - wanted),
        )
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
