"""Measured points, kept models and error bars on a chart of cells."""

import math

from medtui.charts.canvas import Canvas
from medtui.charts.layout import Bar, Frame
from medtui.charts.plane import Plane
from medtui.charts.plot import Plot, Series, letter_of
from medtui.charts.style import ChartStyle
from medtui.units import MINUS

_CELLS_PER_MARK = 3
"""A line has marks where so many cells at least fall to each of its points."""

_CELLS_FOR_TWO = 6
"""The same for two marks beside each other."""


def columns_of(frame: Frame, plane: Plane) -> dict[int, int]:
    """Return the columns of lone dots with upright error bars: each has those of its letter."""
    found, taken = dict[int, int](), set[int]()
    last = plane.first + plane.columns
    for index, (series, _) in enumerate(frame.ink):
        if not is_lettered(series) or not frame.bars[index] or not len(frame.measured[index]):
            continue
        column = plane.column(float(frame.measured[index][0, 0]))
        length = len(series.letter)
        places = (*range(column, last - length + 1), *range(column, plane.first - 1, -1))
        free = (at for at in places if at + length <= last
                and taken.isdisjoint(range(at, at + length)))  # fmt: skip
        found[index] = next(free, column)
        taken.update(range(found[index], found[index] + length))
    return found


def draw_points(canvas: Canvas, plot: Plot, frame: Frame, plane: Plane, style: ChartStyle) -> None:
    """Draw the marks of all series, the lit one last; a lone dot is its letter."""
    taken = set[tuple[int, int]]()
    for index in _in_front_last(frame):
        series, _ = frame.ink[index]
        points = frame.measured[index]
        if series.stroke in {"faint", "bars"} or not len(points):
            continue
        if series.stroke == "line" and len(points) > max(1, plane.columns // _CELLS_PER_MARK):
            continue
        if is_lettered(series):
            _draw_letter(canvas, plot, frame, plane, index, style, taken)
        else:
            _draw_marks(canvas, plot, frame, plane, index, style)
    for index in _in_front_last(frame):
        _star(canvas, frame, plane, index, style.line_hue(plot, index), style)


def _in_front_last(frame: Frame) -> list[int]:
    """Return the series with dots in order, then lines from the last to the first, then the lit."""

    def depth(at: int) -> tuple[bool, bool, int]:
        series = frame.ink[at][0]
        is_line = series.stroke == "line"
        return series.is_lit, is_line, -at if is_line else at

    return sorted(range(len(frame.ink)), key=depth)


def is_lettered(series: Series) -> bool:
    """Return whether a series is one dot, which is drawn as its letter."""
    return series.stroke == "dots" and len(series.points) == 1 and bool(series.letter)


def _draw_marks(
    canvas: Canvas, plot: Plot, frame: Frame, plane: Plane, index: int, style: ChartStyle
) -> None:
    series, _ = frame.ink[index]
    glyph = style.glyphs.mark_of(series)
    if style.is_ascii and series.stroke == "dots" and not series.name:
        glyph = letter_of(plot, index)[0].lower()
    colour = style.line_hue(plot, index)
    points = frame.measured[index].tolist()
    has_room = bool(series.name) and plane.columns >= _CELLS_FOR_TWO * len(points)
    taken = _cells_of_earlier(frame, plane, index) if has_room else set()
    for x, y in points:
        if glyph and plane.holds(y):
            column, row = plane.column(x), plane.row(y)
            if (column, row) in taken:  # val and test of one model: both are seen
                column += 1 if column == plane.first else -1
            canvas.put(column, row, glyph, colour, is_bold=True)


def _cells_of_earlier(frame: Frame, plane: Plane, index: int) -> set[tuple[int, int]]:
    """Return the cells of the marks of named curves before one of them."""
    return {
        (plane.column(x), plane.row(y))
        for at, (series, _) in enumerate(frame.ink[:index])
        if series.name and series.stroke == "line"
        for x, y in frame.measured[at].tolist()
        if plane.holds(y)
    }


def _star(
    canvas: Canvas, frame: Frame, plane: Plane, index: int, colour: str, style: ChartStyle
) -> None:
    kept = frame.ink[index][0].kept
    for x, y in frame.measured[index].tolist() if kept is not None else ():
        if x == kept and plane.holds(y):
            canvas.put(plane.column(x), plane.row(y), style.glyphs.kept, colour, is_bold=True)


def _draw_letter(
    canvas: Canvas,
    plot: Plot,
    frame: Frame,
    plane: Plane,
    index: int,
    style: ChartStyle,
    taken: set[tuple[int, int]],
) -> None:
    """Write a dot's letter: beside others of the same cell, and with its value where it is off."""
    series, _ = frame.ink[index]
    x, y = frame.measured[index][0].tolist()
    letter, colour = letter_of(plot, index), style.hue(plot, index)
    if plot.rows:
        _draw_marks_along_row(canvas, frame, plane, index, style, colour)
        return
    column, row = columns_of(frame, plane).get(index, plane.column(x)), plane.row(y)
    if not plane.holds(y):
        arrow = style.glyphs.off_below if y < plane.low else style.glyphs.off_above
        letter = f"{letter}{arrow}{series.points[0][1]:.{series.digits or 1}f}"
    cells = len(letter) + (series.is_hollow and plane.holds(y))
    column, row = _free_place(column, row, cells, plane, taken)
    taken.update((column + at, row) for at in range(cells))
    if series.is_hollow and plane.holds(y):
        canvas.put(column, row, style.glyphs.marks["val_only"], colour, is_bold=True)
        canvas.put(column + 1, row, letter, colour)
    elif series.is_lit:
        canvas.put(column, row, letter, style.colours.ground, back=colour, is_bold=True)
    else:
        canvas.put(column, row, letter, colour, is_bold=True)


def _free_place(
    column: int, row: int, length: int, plane: Plane, taken: set[tuple[int, int]]
) -> tuple[int, int]:
    """Return the nearest free cells for a letter: to the right, to the left, then above or below.

    Letters of equal numbers would cover each other, and at the right edge nothing is further right.
    """
    last = plane.first + plane.columns - length
    column = min(column, last)
    across = (*range(column, last + 1), *range(column - 1, plane.first - 1, -1))
    lines = sorted(range(plane.rows), key=lambda line: abs(line - row))
    places = ((at, line) for line in lines for at in across)
    free = (
        (at, line) for at, line in places
        if taken.isdisjoint((at + step, line) for step in range(length))
    )  # fmt: skip
    return next(free, (column, row))


def _draw_marks_along_row(
    canvas: Canvas, frame: Frame, plane: Plane, index: int, style: ChartStyle, colour: str
) -> None:
    for x, y in frame.measured[index].tolist():
        if plane.holds(y):
            glyph = style.glyphs.marks["val_only" if frame.ink[index][0].is_hollow else "measured"]
            canvas.put(plane.column(x), plane.row(y), glyph, colour, is_bold=True)


def draw_intervals(
    canvas: Canvas, plot: Plot, frame: Frame, plane: Plane, style: ChartStyle
) -> None:
    """Draw error bars upright, or along rows with their ends; bars from 0 are heavier."""
    order = sorted(range(len(frame.ink)), key=lambda at: frame.ink[at][0].is_lit)
    columns = {} if plot.rows else columns_of(frame, plane)
    for index in order:
        series, _ = frame.ink[index]
        colour = style.line_hue(plot, index)
        if plot.rows:
            _draw_off_rows(canvas, plot, plane, index, style, colour)
        for bar in frame.bars[index]:
            if plot.rows:
                _draw_along_row(canvas, plane, bar, series, colour, style)
            else:
                column, top = columns.get(index, plane.column(bar[0])), plane.row(bar[3])
                for row in range(top, plane.row(bar[1]) + 1):
                    canvas.put(column, row, style.glyphs.whisker, colour)


def _draw_along_row(
    canvas: Canvas, plane: Plane, bar: Bar, series: Series, colour: str, style: ChartStyle
) -> None:
    if not plane.holds(bar[1]):
        return
    first, last, row = plane.column(bar[0]), plane.column(bar[2]), plane.row(bar[1])
    left, middle, right = style.glyphs.interval
    if series.stroke == "bars":
        canvas.put(first, row, style.glyphs.bar * (last - first + 1), colour)
        return
    middle = style.glyphs.lit_interval if series.is_lit else middle
    canvas.put(first, row, middle * (last - first + 1), colour)
    glyphs = style.glyphs
    canvas.put(first, row, left if bar[0] > plane.left else glyphs.off_left, colour)
    canvas.put(last, row, right if bar[2] < plane.right else glyphs.off_right, colour)


def _draw_off_rows(
    canvas: Canvas, plot: Plot, plane: Plane, index: int, style: ChartStyle, colour: str
) -> None:
    """Name values that are left or right of the axis, with their intervals, at the edge."""
    series = plot.series[index]
    for at, (x, row) in enumerate(series.points):
        if row is None or not math.isfinite(x) or plane.left <= x <= plane.right:
            continue
        height = len(plot.rows) - 1 - row
        digits = 1 if series.digits is None else series.digits
        text = f"{x:+.{digits}f}"
        if at < len(series.intervals):
            text += " [{:+.{digits}f}, {:+.{digits}f}]".format(*series.intervals[at], digits=digits)
        text = text.replace("-", MINUS)
        is_left = x < plane.left
        said = f"{style.glyphs.off_left} {text}" if is_left else f"{text} {style.glyphs.off_right}"
        column = plane.first if is_left else plane.first + plane.columns - len(said)
        if plane.holds(height):
            canvas.put(column, plane.row(height), said, colour, is_bold=True)
