"""Names at the ends of curves and beside levels, on a chart of cells."""

from collections.abc import Iterator

from medtui.charts.canvas import BLANK, Canvas
from medtui.charts.cell_marks import is_lettered
from medtui.charts.layout import Frame
from medtui.charts.plane import Plane
from medtui.charts.plot import Plot, Series, letter_of
from medtui.charts.style import ChartStyle

MAX_LETTERS = 26
"""Curves that have their name at their end; with more, names would hide the curves."""

_GAP = 1
"""Cells between the end of a curve and its name."""
_MOST_GUTTER = 7

_TALL = 12
"""Rows from which a name may stand beside its line: in fewer, it would be at another value."""


def gutter_of(plot: Plot, frame: Frame) -> int:
    """Return the columns to keep free on the right for names of curves that end there."""
    ends = [
        segments[-1][-1, 0]
        for index, (series, segments) in enumerate(frame.ink[:MAX_LETTERS])
        if segments and _is_named(series) and not plot.rows and not is_lettered(series)
    ]
    if not ends or max(ends) < frame.left + (frame.right - frame.left) * 0.9:
        return 0
    names = [_name_of(plot, index) for index in range(min(MAX_LETTERS, len(plot.series)))
             if _is_named(plot.series[index])]  # fmt: skip
    if any(len(name) > 1 for name in names):  # apart from the curve, and from the frame
        return min(_MOST_GUTTER, 3 * _GAP + max(map(len, names)))
    return min(_MOST_GUTTER, _GAP + min(len(names), 3))


def draw_names(canvas: Canvas, plot: Plot, frame: Frame, plane: Plane, style: ChartStyle) -> None:
    """Write each series' name beside the end of its curve; letters of equal ends stand as `BC`."""
    if plot.rows:
        return
    taken = set[tuple[int, int]]()
    order = sorted(range(len(frame.ink)), key=lambda at: not frame.ink[at][0].is_lit)
    for index in order:
        series, segments = frame.ink[index]
        if index >= MAX_LETTERS or not segments or not _is_named(series) or is_lettered(series):
            continue
        name, (x, y) = _name_of(plot, index), segments[-1][-1].tolist()
        column, row = plane.column(x), plane.row(min(max(y, plane.low), plane.high))
        at, line = _place(canvas, name, column, row, plane, taken)
        if series.name and line != row and plane.rows < _TALL:
            continue  # the legend has its mark and value
        apart = len(name) > 1
        taken.update((at + step, line) for step in range(-apart, len(name) + apart))
        canvas.put(at, line, name, style.line_hue(plot, index), is_bold=True)


def draw_level_names(
    canvas: Canvas, plot: Plot, frame: Frame, plane: Plane, style: ChartStyle
) -> None:
    """Name the control and the reference on their line, where nothing else is; else the legend."""
    unnamed = set[str]()
    for level, place in zip(plot.levels, frame.levels, strict=True):
        if level.role in {"plain", "margin"} or plot.rows or place is None:
            continue
        if not plane.holds(place):
            continue
        name, row = f"{level.label} {level.value:.{level.digits}f}", plane.row(place)
        line = style.glyphs.levels[level.role]
        free = {BLANK, style.glyphs.band, line}
        rights = plane.first + plane.columns - len(name) - 1
        places = [(column, row) for column in range(rights, plane.first, -1)]
        if plane.rows >= _TALL:  # a row less or more is a small step then
            places += [(column, at) for column in (rights, plane.first + 1)
                       for at in (row - 1, row + 1)]  # fmt: skip
        for column, at in places:
            cells = [canvas.glyph(column + step, at) for step in range(-1, len(name) + 1)]
            if 0 <= at < plane.rows and all(cell in free for cell in cells):
                canvas.put(column, at, name, style.level_hue(level.role))
                break
        else:
            unnamed.add(level.label)
    canvas.unnamed = frozenset(unnamed)


def _is_named(series: Series) -> bool:
    return series.stroke in {"line", "dots"} or (series.stroke == "faint" and bool(series.name))


def _name_of(plot: Plot, index: int) -> str:
    return plot.series[index].name or letter_of(plot, index)


def _place(
    canvas: Canvas,
    name: str,
    column: int,
    row: int,
    plane: Plane,
    taken: set[tuple[int, int]],
) -> tuple[int, int]:
    """Return where a name stands: as near to the end of its curve as there is room."""
    last = canvas.width - len(name)
    for at, line in _candidates(column, row, len(name), last):
        cells = [(at + step, line) for step in range(len(name))]
        is_inside = 0 <= line < plane.rows and plane.first <= at <= last
        is_over_marks = any(canvas.glyph(*cell) in _MARKS for cell in cells)
        if is_inside and not is_over_marks and not taken.intersection(cells):
            return at, line
    return max(plane.first, min(column, last)), row


_MARKS = set("●▪★○▲■▼◆o+*0")
"""What a name does not cover."""


def _candidates(column: int, row: int, length: int, last: int) -> Iterator[tuple[int, int]]:
    beside = column + 1 + (_GAP if length > 1 else 0)
    for at in range(beside, last + 1):
        yield at, row
        if at - beside > 3 * length:
            break
    for line in (row - 1, row + 1):
        yield min(beside, last), line
    for at in range(column - 1, column - 8, -1):
        yield at, row
    for line in range(row - 2, row - 6, -1):
        yield min(beside, last), line
