"""Divides the text of a table into rows, and refuses a stray quote that swallows rows."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from medtui.datasets.findings import Findings, warning
from medtui.datasets.index import some
from medtui.datasets.tables.delimiter import cells_of
from medtui.datasets.tables.text import lines_of
from medtui.errors import UsageError
from medtui.units import plural

_REFERENCE_ROWS = 1000
"""Number of rows that show what the cells of a column look like."""
_UNIFORM = 0.8
"""Share of the rows in which the cells of a uniform column look alike."""
_LETTERS = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Records:
    """Rows of a table, the first row included."""

    rows: list[list[str]]
    """Cells of each row that is not blank."""
    lines: Sequence[int]
    """Line of the file at which each row begins, from 1."""
    findings: Findings = ()
    """Quotes that are not closed."""


@dataclass(frozen=True)
class _Span:
    """Row with a cell of several lines."""

    line: int
    """Line of the file at which it begins."""
    row: list[str]
    """Its cells."""
    inner: list[str]
    """Its lines without the first."""


def read_records(path: Path, text: str, delimiter: str, first_line: int) -> Records:
    """Return the rows of a table whose text begins at `first_line` of the file.

    Quotes are read strictly. A stray quote at the start of a cell would otherwise swallow all rows
    up to the next quote; a cell of several lines is accepted where none of them is a row itself.
    Where every line by itself has as many cells as the first, lines are rows whatever the quotes.

    Raises:
        UsageError: a quoted cell is not closed where it should be.
    """
    reader = cells_of(lines_of(text), delimiter, is_strict=True)
    try:
        rows = list(reader)
    except csv.Error:
        rows = []
    if reader.line_num != len(rows):
        raw = list(lines_of(text))
        try:
            return _read_line_by_line(path, raw, delimiter, first_line)
        except UsageError:
            records = _read_lines_as_rows(path, raw, delimiter, first_line)
            if records is None:
                raise
            return records
    lines: Sequence[int] = range(first_line, first_line + len(rows))
    if not all(map(any, rows)):
        used = [at for at, row in enumerate(rows) if any(map(str.strip, row))]
        rows, lines = [rows[at] for at in used], [lines[at] for at in used]
    return Records(rows, lines)


def shape_of(cell: str) -> str:
    """Return what a cell looks like: `img_001.png` is `a_9.a`."""
    return _DIGITS.sub("9", _LETTERS.sub("a", cell.strip()))


def uniform_columns(rows: Sequence[list[str]], width: int) -> dict[int, str]:
    """Return the shape of each column whose cells look alike and hold a number."""
    rows = [row for row in rows[:_REFERENCE_ROWS] if len(row) == width]
    shapes = {}
    for at in range(width if rows else 0):
        shape, count = Counter(shape_of(row[at]) for row in rows).most_common(1)[0]
        if "9" in shape and count >= _UNIFORM * len(rows):
            shapes[at] = shape
    return shapes


def _read_lines_as_rows(
    path: Path, raw: list[str], delimiter: str, first_line: int
) -> Records | None:
    """Return each line as a row, a stray quote as no quote; None if their widths differ."""
    rows, lines, stray = list[list[str]](), list[int](), list[str]()
    for line, content in enumerate(raw, first_line):
        row = next(cells_of([content.rstrip("\r\n")], delimiter), [])
        if not any(map(str.strip, row)):
            continue
        rows.append(row)
        lines.append(line)
        if len(row) != len(rows[0]):
            return None
        if content.count('"') % 2:
            stray.append(str(line))
    if not rows or len(rows[0]) == 1:
        return None
    sentence = (
        f"{path.name} has quotes that are not closed ({plural(len(stray), 'line')}: "
        f"{some(stray)}); each line was read as a row"
    )
    return Records(rows, lines, (warning("stray-quotes", sentence),))


def _read_line_by_line(path: Path, raw: list[str], delimiter: str, first_line: int) -> Records:
    """Return the rows of a table with blank lines, cells of several lines or stray quotes."""
    reader = cells_of(raw, delimiter, is_strict=True)
    rows, lines, spans = list[list[str]](), list[int](), list[_Span]()
    while (start := reader.line_num) < len(raw):
        try:
            row = next(reader)
        except csv.Error:
            if reader.line_num > start + 1:
                raise _unclosed(path, start + first_line, reader.line_num - start) from None
            row = next(cells_of(raw[start : start + 1], delimiter))
        if reader.line_num > start + 1:
            spans.append(_Span(start + first_line, row, raw[start + 1 : reader.line_num]))
        elif any(map(str.strip, row)):
            rows.append(row)
            lines.append(start + first_line)
    _refuse_swallowed_rows(path, rows, spans, delimiter)
    return _merge(Records(rows, lines), spans)


def _merge(records: Records, spans: list[_Span]) -> Records:
    found = [
        *zip(records.lines, records.rows, strict=True),
        *((each.line, each.row) for each in spans),
    ]
    found.sort(key=itemgetter(0))
    return Records([row for _, row in found], [line for line, _ in found])


def _refuse_swallowed_rows(
    path: Path, plain: list[list[str]], spans: list[_Span], delimiter: str
) -> None:
    """Raise if a line inside a cell is a row by its number of cells and by what they look like."""
    if not spans or not plain:
        return
    width = Counter(map(len, plain)).most_common(1)[0][0]
    shapes = uniform_columns(plain[1:], width)
    for span in spans:
        divided = [cells for line in span.inner if len(cells := line.split(delimiter)) == width]
        if shapes:
            alike = (
                sum(shape_of(cells[at]) == shape for at, shape in shapes.items())
                for cells in divided
            )
            has_swallowed = any(2 * count > len(shapes) for count in alike)
        else:
            has_swallowed = width > 1 and len(divided) > 1 and len(divided) >= len(span.inner) - 1
        if has_swallowed or len(span.row) != width:
            raise _unclosed(path, span.line, 1 + len(span.inner))


def _unclosed(path: Path, line: int, num_lines: int) -> UsageError:
    return UsageError(
        f"{path}:{line}: a quoted cell begins here and runs over other rows, to line "
        f"{line + num_lines - 1}.",
        hint='Delete the quote, or write it twice inside a quoted cell: "5"" film".',
    )
