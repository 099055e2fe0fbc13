"""Draws a plot on a canvas of cells, for screens.

From the back: zones and bands, levels, the cursor, lines, error bars, measured points, names. Lines
are plotext's, see `render_plotext`; all else is placed here, since plotext's cells have one colour.
"""

import math

from medtui.charts.canvas import BLANK, Canvas
from medtui.charts.cell_marks import draw_intervals, draw_points
from medtui.charts.cell_names import MAX_LETTERS, draw_level_names, draw_names, gutter_of
from medtui.charts.glyphs import Glyphs
from medtui.charts.layout import Frame, frame_of, x_ticks_of
from medtui.charts.line_layers import draw_lines
from medtui.charts.plane import Plane
from medtui.charts.plot import Band, Plot, Zone
from medtui.charts.style import ChartStyle
from medtui.units import MINUS

MIN_WIDTH, MIN_HEIGHT = 18, 4
"""A smaller chart shows numbers only."""

_DOTTED = 4
"""Every so many cells of a band have a dot, moved from row to row."""

__all__ = ["MAX_LETTERS", "MIN_HEIGHT", "MIN_WIDTH", "draw"]


def draw(plot: Plot, width: int, height: int, style: ChartStyle) -> Canvas:
    """Return the chart on `width` by `height` cells, without title and legend."""
    canvas = Canvas(width, height)
    if plot.is_empty or width < MIN_WIDTH or height < MIN_HEIGHT:
        _write_sentence(canvas, plot, style)
        return canvas
    frame = frame_of(plot, width, height)
    plane = frame.plane(width, height, gutter_of(plot, frame))
    if not any(segments for _, segments in frame.ink):
        _write_sentence(canvas, plot, style)
        return canvas
    canvas.plane = None if plot.is_x_log else plane
    canvas.zoomed = _zoom_of(plot, plane)
    for zone in plot.zones:
        _draw_zone(canvas, zone, plot, plane, style)
    for band in plot.bands:
        _draw_band(canvas, band, plot, plane, style)
    _draw_levels(canvas, plot, frame, plane, style)
    _draw_cursor(canvas, frame, plane, style)
    draw_lines(canvas, plot, frame, plane, style)
    draw_intervals(canvas, plot, frame, plane, style)
    draw_points(canvas, plot, frame, plane, style)
    _draw_axes(canvas, plot, frame, plane, style)
    draw_names(canvas, plot, frame, plane, style)
    draw_level_names(canvas, plot, frame, plane, style)
    return canvas


def _zoom_of(plot: Plot, plane: Plane) -> str:
    """Return the part of a bounded axis that is shown: `90.5-94`; empty where it is all of it."""
    low, high = plot.y_bounds
    if low is None or high is None or plot.is_log or plot.rows:
        return ""
    if plane.low <= low and plane.high >= high:
        return ""
    shown = (max(plane.low, low), min(plane.high, high))
    return "\N{EN DASH}".join(f"{end:.3g}" for end in shown)


def _draw_zone(canvas: Canvas, zone: Zone, plot: Plot, plane: Plane, style: ChartStyle) -> None:
    back = style.colours.off if zone.is_off else style.colours.band
    if plot.rows:
        columns = plane.columns_between(zone.low, zone.high)
        for row in range(plane.rows if columns else 0):
            canvas.put(columns.start, row, BLANK * len(columns), back=back)
        return
    for row in plane.rows_between(_height(zone.low, plot), _height(zone.high, plot)):
        text = _dotted(plane.columns, row, style) if not zone.is_off else BLANK * plane.columns
        canvas.put(plane.first, row, text, style.colours.faint, back=back)


def _dotted(columns: int, row: int, style: ChartStyle) -> str:
    """Return a row of a band; its dots show it where there are no colours."""
    unit = style.glyphs.band + BLANK * (_DOTTED - 1)
    first = row % _DOTTED
    return (unit * (columns // _DOTTED + 2))[first : first + columns]


def _draw_band(canvas: Canvas, band: Band, plot: Plot, plane: Plane, style: ChartStyle) -> None:
    """Fill between two curves; each column has the ends that are interpolated there."""
    import numpy as np

    points = [(x, low, high) for x, low, high in band.points if not plot.is_x_log or x > 0]
    if not points:
        return
    xs = [math.log10(x) if plot.is_x_log else x for x, *_ in points]
    lows, highs = ([_height(each[at], plot) for each in points] for at in (1, 2))
    for column in plane.columns_between(xs[0], xs[-1]):
        x = plane.x_of(column)
        low, high = float(np.interp(x, xs, lows)), float(np.interp(x, xs, highs))
        for row in plane.rows_between(low, high):
            glyph = _dotted(1, row + column - plane.first, style)
            canvas.put(column, row, glyph, style.colours.faint, back=style.colours.band)


def _draw_levels(canvas: Canvas, plot: Plot, frame: Frame, plane: Plane, style: ChartStyle) -> None:
    pairs = zip(plot.levels, frame.levels, strict=True)
    for level, place in sorted(pairs, key=lambda pair: pair[0].role == "control"):
        if place is None:
            continue
        colour = style.level_hue(level.role)
        if plot.rows:
            if plane.left <= place <= plane.right:
                for row in range(plane.rows):
                    canvas.put(plane.column(place), row, style.glyphs.upright[level.role], colour)
        elif plane.holds(place):
            line = style.glyphs.levels[level.role] * plane.columns
            canvas.put(plane.first, plane.row(place), line, colour)


def _draw_cursor(canvas: Canvas, frame: Frame, plane: Plane, style: ChartStyle) -> None:
    if frame.cursor is not None:
        for row in range(plane.rows):
            canvas.put(plane.column(frame.cursor), row, style.glyphs.cursor, style.colours.strong)


def _draw_axes(canvas: Canvas, plot: Plot, frame: Frame, plane: Plane, style: ChartStyle) -> None:
    glyphs, colours, edge = style.glyphs, style.colours, plane.first - 1
    for row in range(plane.rows if not plot.rows else 0):
        canvas.put(edge, row, glyphs.axis, colours.faint)
    canvas.put(edge, plane.rows, glyphs.corner + glyphs.ground * plane.columns, colours.faint)
    lit = {row for series in plot.series if series.is_lit for _, row in series.points
           if plot.rows and row is not None}  # fmt: skip
    for place, label in frame.y_ticks:
        row = plane.row(place)
        name = len(plot.rows) - 1 - place if plot.rows else None
        colour = colours.strong if name in lit else colours.text if plot.rows else colours.muted
        column = 0 if plot.rows else edge - len(label)
        text = label if plot.rows else label.replace("-", MINUS)
        canvas.put(column, row, text, colour, is_bold=name in lit)
        if not plot.rows:
            canvas.put(edge, row, glyphs.tick_left, colours.faint)
    _label_x(canvas, plot, frame, plane, glyphs, style)


def _label_x(
    canvas: Canvas, plot: Plot, frame: Frame, plane: Plane, glyphs: Glyphs, style: ChartStyle
) -> None:
    """Write the labels below the axis; one that would touch an earlier one is left out."""
    taken = set[int]()
    for place, label in x_ticks_of(plot, frame, plane.columns):
        if not plane.left <= place <= plane.right:
            continue
        column = plane.column(place)
        first = max(plane.first - 1, min(column - len(label) // 2, canvas.width - len(label)))
        cells = range(first, first + len(label))
        if not taken.isdisjoint(cells):
            continue
        taken.update(cells, (cells.start - 1, cells.stop))
        canvas.put(column, plane.rows, glyphs.tick_below, style.colours.faint)
        said = label if plot.name_of_x(place) else label.replace("-", MINUS)
        canvas.put(first, plane.rows + 1, said, style.colours.muted)
    _name_x(canvas, plot, plane, glyphs, style)


def _name_x(
    canvas: Canvas, plot: Plot, plane: Plane, glyphs: Glyphs, style: ChartStyle
) -> None:  # fmt: skip
    """Write what x counts into the axis: in the last gap between ticks, else at its end."""
    name = f" {'time, min:s' if plot.is_clock else plot.x_label} "
    last = plane.first + plane.columns - len(name) - 1
    if not plot.x_label or last < plane.first:
        return
    for column in range(last, plane.first - 1, -1):
        cells = (canvas.glyph(at, plane.rows) for at in range(column, column + len(name)))
        if all(cell == glyphs.ground for cell in cells):
            break
    else:
        column = last
    canvas.put(column, plane.rows, name, style.colours.muted)


def _height(value: float, plot: Plot) -> float:
    """Return a value as the axis counts it; what has no logarithm is below all that has one."""
    if not plot.is_log:
        return value
    return math.log10(value) if value > 0 else -math.inf


def _write_sentence(canvas: Canvas, plot: Plot, style: ChartStyle) -> None:
    """Write in the middle what stands instead of a drawing: a sentence, or the latest numbers."""
    latest = [series.latest for series in plot.series if series.latest is not None]
    words = plot.empty if not latest else "  ".join(f"{value:.3g}" for value in latest)
    first = max(0, (canvas.width - len(words)) // 2)
    canvas.put(first, max(0, (canvas.height - 1) // 2), words, style.colours.muted)
