"""Draws a plot as text: axes with ticks, curves, levels, letters, and the legend below."""

import math
from dataclasses import dataclass, field

from rich.style import Style
from rich.text import Text

from medtui.tui.axis import label_log_ticks, label_ticks, limits_of, log_ticks_of, ticks_of
from medtui.tui.colours import Colours
from medtui.tui.plot import Plot, Series, letter_of
from medtui.tui.thinning import Segment, clip, split_at_gaps, within
from medtui.tui.widgets.canvas import Canvas

MIN_WIDTH, MIN_HEIGHT = 18, 4
"""A smaller chart shows numbers only."""

MAX_LETTERS = 26
"""Curves that get their letter drawn; more would hide what they name."""

_AXIS_ROWS = 2
"""Lines below the plane: the axis and its numbers."""
_COLUMNS_PER_X_TICK = 9
_ROWS_PER_Y_TICK = 3
_MAX_LETTER_STEPS = 6


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
    low: float = 0.0
    high: float = 1.0
    ink: list[tuple[Series, list[Segment]]] = field(default_factory=list)
    """Every series with its visible segments, in series order."""
    levels: list[float | None] = field(default_factory=list)
    """Heights of the plot's levels; None where one cannot be drawn."""

    def across(self, x: float) -> float:
        """Give a place between 0 and 1 where x is in view."""
        return (x - self.left) / (self.right - self.left)

    def up(self, y: float) -> float:
        """Likewise for y."""
        return (y - self.low) / (self.high - self.low)


def draw(plot: Plot, width: int, height: int, style: ChartStyle) -> Text:
    """Give the chart as `height` lines of at most `width` cells, without title and legend."""
    if plot.is_empty or width < MIN_WIDTH or height < MIN_HEIGHT:
        return _sentence(plot, width, height, style)
    frame = _frame_of(plot)
    if not any(segments for _, segments in frame.ink):
        return _sentence(plot, width, height, style)
    return _draw(plot, frame, width, height, style)


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


def _draw(plot: Plot, frame: _Frame, width: int, height: int, style: ChartStyle) -> Text:
    y_ticks = _y_ticks(plot, frame, height)
    margin = max((len(label) for _, label in y_ticks), default=0)
    canvas = Canvas(max(1, width - margin - 1), height - _AXIS_ROWS)
    _draw_levels(canvas, frame, style)
    _draw_cursor(canvas, plot, frame, style)
    faint_first = sorted(range(len(frame.ink)), key=lambda at: frame.ink[at][0].stroke != "faint")
    for index in faint_first:
        _draw_series(canvas, plot, frame, index, style)
    _draw_letters(canvas, plot, frame, style)
    muted = Style.parse(style.colours.muted)
    labels = {_row_of(frame.up(y), canvas.rows): label for y, label in y_ticks}
    text = Text()
    for row, line in enumerate(canvas.lines()):
        label = labels.get(row)
        text.append(f"{label or '':>{margin}}{'┤' if label else '│'}", muted)
        text.append_text(line)
        text.append("\n")
    text.append_text(_x_axis(plot, frame, margin, canvas.columns, muted))
    return text


def _x_axis(plot: Plot, frame: _Frame, margin: int, columns: int, style: Style) -> Text:
    """Give the lower axis and the numbers below it; a number that would touch another is left."""
    most = max(2, columns // _COLUMNS_PER_X_TICK)
    if plot.is_x_log:
        values = log_ticks_of(10**frame.left, 10**frame.right, most)
        ticks = zip(map(math.log10, values), label_log_ticks(values), strict=True)
    else:
        places = ticks_of(frame.left, frame.right, most, are_whole=plot.are_x_whole)
        ticks = zip(places, label_ticks(places), strict=True)
    axis, below = ["─"] * columns, ""
    for x, label in ticks:
        column = min(columns - 1, int(frame.across(x) * columns))
        start = max(0, margin + 1 + min(column - len(label) // 2, columns - len(label)))
        if start < len(below) + bool(below):
            continue
        axis[column] = "┬"
        below += " " * (start - len(below)) + label
    return Text(f"{'':>{margin}}└{''.join(axis)}\n{below}", style)


def _y_ticks(plot: Plot, frame: _Frame, height: int) -> list[tuple[float, str]]:
    most = max(2, height // _ROWS_PER_Y_TICK)
    if plot.is_log:
        values = log_ticks_of(10**frame.low, 10**frame.high, most)
        return list(zip(map(math.log10, values), label_log_ticks(values), strict=True))
    places = ticks_of(frame.low, frame.high, most)
    return list(zip(places, label_ticks(places), strict=True))


def _row_of(y: float, rows: int) -> int:
    return min(rows - 1, max(0, int((1 - y) * rows)))


def _frame_of(plot: Plot) -> _Frame:
    series = [_with_log_x(each) if plot.is_x_log else each for each in plot.series]
    xs = [x for each in series for x, y in each.points if y is not None and math.isfinite(x)]
    ends = [_log_x(end) if plot.is_x_log and end else end for end in plot.x_limits]
    left = min(xs, default=0.0) if ends[0] is None else ends[0]
    right = max(xs, default=1.0) if ends[1] is None else ends[1]
    if right <= left:
        left, right = (left - 0.5, left + 0.5) if plot.is_x_log else (left, left + 1)
    frame = _Frame(left, right)
    for each in series:
        segments = split_at_gaps(within(each.points, left, right), is_log=plot.is_log)
        frame.ink.append((each, segments))
    _fit_height(frame, plot)
    return frame


def _with_log_x(series: Series) -> Series:
    points = ((_log_x(x), y) for x, y in series.points)
    kept = tuple((x, y) for x, y in points if x is not None)
    return Series(series.label, kept, series.stroke, series.digits, series.tint, series.letter)


def _log_x(x: float) -> float | None:
    return math.log10(x) if x > 0 else None


def _fit_height(frame: _Frame, plot: Plot) -> None:
    """Choose the ends of y, as logarithms on a logarithmic axis."""
    values = [y for _, segments in frame.ink for segment in segments for _, y in segment]
    frame.levels = [_height_of(level.value, plot) for level in plot.levels]
    values += [level for level in frame.levels if level is not None]
    frame.low, frame.high = limits_of(values, (None, None) if plot.is_log else plot.y_limits)


def _height_of(value: float, plot: Plot) -> float | None:
    segments = split_at_gaps([(0, value)], is_log=plot.is_log)
    return segments[0][0][1] if segments else None


def _draw_levels(canvas: Canvas, frame: _Frame, style: ChartStyle) -> None:
    muted = Style.parse(style.colours.muted)
    for level in frame.levels:
        if level is not None:
            text = ("-" if style.is_ascii else "╌") * canvas.columns
            canvas.mark(0, frame.up(level), text, muted)


def _draw_cursor(canvas: Canvas, plot: Plot, frame: _Frame, style: ChartStyle) -> None:
    if plot.cursor is None:
        return
    x = _log_x(plot.cursor) if plot.is_x_log else plot.cursor
    for row in range(canvas.rows if x is not None else 0):
        assert x is not None
        y = 1 - (row + 0.5) / canvas.rows
        marker = "|" if style.is_ascii else "┊"
        canvas.mark(frame.across(x), y, marker, Style.parse(style.colours.strong))


def _draw_series(canvas: Canvas, plot: Plot, frame: _Frame, index: int, style: ChartStyle) -> None:
    import numpy as np

    series, segments = frame.ink[index]
    is_faint = series.stroke == "faint"
    ink = Style.parse(style.colours.muted if is_faint else style.hue(plot, index))
    letter = letter_of(plot, index)
    for segment in segments:
        if series.stroke == "dots" or len(segment) == 1:
            for x, y in clip(segment, frame.low, frame.high):
                marker = letter.lower() if style.is_ascii else "•"
                canvas.mark(frame.across(x), frame.up(y), marker, ink)
        else:
            points = np.array([(frame.across(x), frame.up(y)) for x, y in segment])
            drawn = ("." if is_faint else letter[0]) if style.is_ascii else ""
            canvas.curve(points[:, 0], points[:, 1], ink, drawn)


def _draw_letters(canvas: Canvas, plot: Plot, frame: _Frame, style: ChartStyle) -> None:
    """Write each series' letter on its curve, each a little further from the right end."""
    step = (frame.right - frame.left) / canvas.columns
    for index, (series, segments) in enumerate(frame.ink[:MAX_LETTERS]):
        if not segments or series.stroke == "faint":
            continue
        last_x = segments[-1][-1][0]
        wanted = last_x - step * 3 * (index % _MAX_LETTER_STEPS)
        x, y = min(
            (point for segment in segments for point in segment),
            key=lambda point: abs(point[0] - wanted),
        )
        bold = Style.parse(f"bold {style.hue(plot, index)}")
        canvas.mark(frame.across(x), frame.up(y), letter_of(plot, index), bold)


def _sentence(plot: Plot, width: int, height: int, style: ChartStyle) -> Text:
    """Say in the middle of the room what there is instead of a drawing."""
    latest = [series.latest for series in plot.series if series.latest is not None]
    words = plot.empty if not latest else "  ".join(f"{value:.3g}" for value in latest)
    text = Text("\n" * max(0, (height - 1) // 2), style=style.colours.muted)
    text.append(words[: max(0, width)].center(max(0, width)))
    return text
