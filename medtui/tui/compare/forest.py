"""Dots with intervals below each other, as in a forest plot: pure text, drawn at any size.

Terminals have one colour a cell, so an interval is a line of box characters with its dot; what lies
off the scale is written out beside an arrow instead of stretching the scale for all others.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rich.text import Text

from medtui.charts.palette import Colours
from medtui.charts.ticks import ticks_of
from medtui.control_characters import one_line
from medtui.units import MINUS, format_change

_OUTLIER = 6.0
"""Intervals that reach this many times as far as the next shorter one are off the scale."""

_MOST_WIDER = 2.0
"""Intervals on val, where there are fewer patients, make a scale at most so many times wider."""

_LEAST_PLOT = 16
"""Cells of the plot at least; names are cut before it is narrower."""

_MOST_NAME = 30
_COLUMNS_PER_TICK = 7
AXIS_ROWS = 2
"""Rows of the axis and its labels."""

_MOST_GAP = 3
"""Rows from one dot to the next at most."""


@dataclass(frozen=True)
class ForestRow:
    """One dot."""

    key: str
    letter: str
    hue: str
    """Colour of letter, dot and line."""
    name: str
    value: float | None = None
    """As the axis counts it; None where `words` say why."""
    interval: tuple[float, float] | None = None
    words: str = ""
    """What stands in place of the dot, or behind one without interval."""
    is_hollow: bool = False
    """Whether its dot is a ring, as of what was measured on val."""
    on_val: "ForestRow | None" = None
    """The same change on val, drawn below where rows are apart."""


@dataclass(frozen=True)
class Forest:
    """All rows on one scale."""

    rows: tuple[ForestRow, ...]
    digits: int
    """Decimals of written values."""
    is_change: bool = True
    """Whether values have signs, and zero a line."""
    margin: float | None = None
    """The loss that is accepted, below zero; None without one."""
    unit: str = ""
    """What the axis counts: `points`."""

    @property
    def has_val(self) -> bool:
        """Whether any row has its change on val as well."""
        return any(row.on_val is not None for row in self.rows)


Scale = tuple[float, float]


def scale_of(forest: Forest) -> Scale:
    """Return the ends of the axis: all intervals but those that would squeeze the others."""
    reaches = [_ends(row) for row in forest.rows if row.value is not None]
    fixed = [0.0] if forest.is_change else []
    fixed += [forest.margin] if forest.margin is not None else []
    if not reaches:
        return (min([*fixed, -1.0]), max([*fixed, 1.0]))
    if forest.is_change:
        far = [max(abs(low), abs(high)) for low, high in reaches]
        last = _longest_near(far, abs(forest.margin or 0.0))
        near = [ends for ends, reach in zip(reaches, far, strict=True) if reach <= last]
    else:
        near = reaches
    low = min([*fixed, *(ends[0] for ends in near)])
    high = max([*fixed, *(ends[1] for ends in near)])
    on_val = _ends_on_val(forest, low, high)
    low, high = min([low, *on_val]), max([high, *on_val])
    spare = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return low - spare, high + spare


def _longest_near(reaches: Sequence[float], margin: float) -> float:
    """Return the longest reach before the first jump to outliers."""
    last = margin
    for reach in sorted(reaches):
        if last and reach > _OUTLIER * last:
            break
        last = max(last, reach)
    return last


def draw_forest(
    forest: Forest, width: int, height: int, colours: Colours, *, lit: str = ""
) -> Text:
    """Return the rows and their axis; `lit` is the key of the row that stands out.

    Rows are parted by blank lines where `height` has space for that.
    """
    names = min(_MOST_NAME, max((len(row.name) for row in forest.rows), default=0))
    letters = max((len(row.letter) for row in forest.rows), default=1)
    names = max(0, min(names, width - _LEAST_PLOT - letters - 2))
    plot = max(1, width - names - letters - 2)
    gap = gap_of(forest, height)
    forest = forest if gap > 1 else _without_val(forest)
    scale = scale_of(forest)
    text = Text(no_wrap=True)
    first, shown = rows_in_view(forest, height, lit)
    for row in forest.rows[first : first + shown]:
        text.append_text(_label(row, letters, names, colours, is_lit=row.key == lit))
        text.append_text(draw_row(row, forest, scale, plot, colours, is_lit=row.key == lit))
        text.append("\n")
        for line in range(gap - 1):
            below = row.on_val if not line else None
            name = f"{'':<{letters}} {below.name}" if below else ""
            text.append(f"{name:<{letters + names + 2}}"[: letters + names + 2], colours.muted)
            text.append_text(draw_row(below, forest, scale, plot, colours) if below else
                             _ground(forest, scale, plot, colours))  # fmt: skip
            text.append("\n")
    text.append_text(_axis(forest, scale, plot, names + letters + 2, colours))
    return text


def _without_val(forest: Forest) -> Forest:
    return replace(forest, rows=tuple(replace(row, on_val=None) for row in forest.rows))


def gap_of(forest: Forest, height: int) -> int:
    """Return the rows from one dot to the next."""
    return max(1, min(_MOST_GAP, (height - AXIS_ROWS) // max(1, len(forest.rows))))


def rows_in_view(forest: Forest, height: int, lit: str) -> tuple[int, int]:
    """Return the first row in view and their number: where space lacks, those around `lit`."""
    most = max(1, height - AXIS_ROWS)
    if len(forest.rows) <= most:
        return 0, len(forest.rows)
    at = next((at for at, row in enumerate(forest.rows) if row.key == lit), 0)
    return max(0, min(len(forest.rows) - most, at - most // 2)), most


def _ends(row: ForestRow) -> tuple[float, float]:
    value = row.value or 0.0
    return row.interval or (value, value)


def _ends_on_val(forest: Forest, low: float, high: float) -> list[float]:
    """Return the ends of intervals on val that may widen a scale; longer ones are cut to it."""
    far = _MOST_WIDER * max(abs(low), abs(high))
    ends = [end for row in forest.rows if row.on_val is not None for end in _ends(row.on_val)]
    return [end for end in ends if abs(end) <= far]


def _label(row: ForestRow, letters: int, names: int, colours: Colours, *, is_lit: bool) -> Text:
    name = one_line(row.name)
    name = name if len(name) <= names else f"{name[: max(0, names - 1)]}…"
    text = Text(f"{row.letter:<{letters}} ", style=f"bold {row.hue}")
    text.append(f"{name:<{names}} "[: names + 1], style=f"bold {colours.strong}" if is_lit else "")
    return text


def _column(value: float, scale: Scale, width: int) -> int:
    return round((value - scale[0]) / (scale[1] - scale[0]) * (width - 1))


def _marked_columns(forest: Forest, scale: Scale, width: int) -> dict[int, str]:
    """Return the columns of the lines behind the dots: the margin, and zero."""
    found = dict[int, str]()
    if forest.is_change:
        found[_column(0.0, scale, width)] = "│"
    if forest.margin is not None:
        found[_column(forest.margin, scale, width)] = "┊"
    return found


def _ground(forest: Forest, scale: Scale, width: int, colours: Colours) -> Text:
    """Return a row without a dot."""
    text = Text(" " * width)
    if forest.margin is not None:
        margin, zero = (_column(each, scale, width) for each in (forest.margin, 0.0))
        text.stylize(f"on {colours.off}", 0, max(0, margin))
        text.stylize(f"on {colours.band}", max(0, margin), max(0, zero))
    for column, glyph in _marked_columns(forest, scale, width).items():
        text = _put(text, column, glyph, _style_of(glyph, colours))
    return text


def _style_of(glyph: str, colours: Colours) -> str:
    return colours.states["failed"] if glyph == "┊" else colours.muted


def draw_row(
    row: ForestRow, forest: Forest, scale: Scale, width: int, colours: Colours, *,
    is_lit: bool = False,
) -> Text:  # fmt: skip
    """Return one row without its name."""
    text = _ground(forest, scale, width, colours)
    if row.value is None:
        return _write(text, 0, row.words, colours.muted)
    low, high = _ends(row)
    if not scale[0] <= row.value <= scale[1]:
        return _off_scale(row, forest, scale, text, colours)
    first = max(0, _column(low, scale, width))
    last = min(width - 1, _column(high, scale, width))
    style = f"bold {row.hue}" if is_lit else row.hue
    if row.interval is not None:
        line = ("━" if is_lit else "─") * (last - first + 1)
        text = _write(text, first, line, style)
        text = _put(text, first, "├" if low >= scale[0] else "◀", style)
        text = _put(text, last, "┤" if high <= scale[1] else "▶", style)
    at = _column(row.value, scale, width)
    is_full = row.interval is not None and not row.is_hollow
    text = _put(text, at, "●" if is_full else "○", f"bold {row.hue}")
    if row.words and row.interval is None:
        words = f" {row.words}"
        place = at + 1 if at + 1 + len(words) <= width else max(0, at - len(words) - 1)
        text = _write(text, place, words, colours.muted)
    return text


def _off_scale(row: ForestRow, forest: Forest, scale: Scale, text: Text, colours: Colours) -> Text:
    """Return a row whose dot is beyond an end: an arrow, and the numbers."""
    assert row.value is not None, "rows without a value have words"
    style = colours.states["failed"] if row.value < scale[0] else row.hue
    words = written(row.value, forest)
    if row.interval is not None:
        words += f" [{', '.join(written(each, forest) for each in row.interval)}]"
    elif row.words:
        words += f" {row.words}"
    if row.value < scale[0]:
        return _write(text, 0, f"◀ {words}", style)
    return _write(text, max(0, text.cell_len - len(words) - 2), f"{words} ▶", style)


def written(value: float, forest: Forest) -> str:
    """Return a value in words: with its sign where it is a change."""
    if forest.is_change:
        return format_change(value, forest.digits)
    return f"{value:.{forest.digits}f}".replace("-", MINUS)


def _axis(forest: Forest, scale: Scale, width: int, indent: int, colours: Colours) -> Text:
    """Return the axis: a line with ticks, and their labels below."""
    places = ticks_of(*scale, max(2, width // _COLUMNS_PER_TICK))
    line, labels = Text("─" * width), Text(" " * width)
    digits = _digits_of(places)
    end = 0
    for place in places:
        column = _column(place, scale, width)
        if not 0 <= column < width:
            continue
        sign = "+" if forest.is_change and place else ""
        label = f"{place + 0.0:{sign}.{digits}f}".replace("-", MINUS)
        first = max(0, min(width - len(label), column - len(label) // 2))
        line = _put(line, column, "┴", "")
        if first >= end:
            labels = _write(labels, first, label, "")
            end = first + len(label) + 1
    unit = f"{forest.unit:>{indent - 1}} " if len(forest.unit) < indent else " " * indent
    return Text.assemble(" " * indent, line, "\n", unit, labels, style=colours.muted)


def _digits_of(places: Sequence[float]) -> int:
    """Return the decimals that tell ticks apart."""
    steps = [b - a for a, b in pairwise(places) if b > a]
    return max(0, -math.floor(math.log10(min(steps)) + 1e-9)) if steps else 1


def _put(text: Text, column: int, glyph: str, style: str) -> Text:
    return _write(text, column, glyph, style)


def _write(text: Text, column: int, words: str, style: str) -> Text:
    """Return text with words over it from a column on, cut at its end."""
    if not 0 <= column < text.cell_len:
        return text
    shown = words[: text.cell_len - column]
    before, under, after = text.divide([column, column + len(shown)])
    over = Text(shown, spans=under.spans)  # the ground stays behind the words
    over.stylize(style)
    return Text.assemble(before, over, after)
