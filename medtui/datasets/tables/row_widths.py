"""Compares the number of cells of each row with the header."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from medtui.datasets.index import some
from medtui.datasets.tables.records import Records
from medtui.errors import UsageError
from medtui.units import plural

_MOST = 0.5
"""Share of rows of another width than the header from which a table is refused."""


@dataclass(frozen=True)
class Fitted:
    """Names of the columns, and the rows that fit them."""

    header: list[str]
    """As many names as a row has cells."""
    records: Records
    """Rows that fit, and rows whose last cells are missing."""
    notes: list[str] = field(default_factory=list)
    """Sentences on the other rows."""


def fit_rows(path: Path, first: list[str], body: Records) -> Fitted:
    """Return the rows that have as many cells as the header; `first` is empty without one.

    Empty cells beyond the header are dropped. Other rows with more cells are left out, since
    nobody knows which cell is too many.

    Raises:
        UsageError: most rows do not fit.
    """
    widths = Counter(map(len, body.rows))
    width = widths.most_common(1)[0][0] if widths else len(first)
    header = first or [str(number) for number in range(1, width + 1)]
    while len(header) > width and not header[-1]:
        header = header[:-1]
    if set(widths) <= {len(header)}:
        return Fitted(header, body)
    if len(widths) == 1 and width == len(header) + 1 and _has_row_numbers(body.rows):
        note = f"the first cell of each row of {path.name} is a row number, as R writes it"
        return Fitted(["", *header], body, [note])
    return _sort_out(path, header, body)


def _has_row_numbers(rows: list[list[str]]) -> bool:
    return all(row[0].strip() == str(number) for number, row in enumerate(rows, 1))


def _sort_out(path: Path, header: list[str], body: Records) -> Fitted:
    width = len(header)
    rows, lines = list[list[str]](), list[int]()
    left_out, short, comments = list[int](), list[int](), 0
    for line, row in zip(body.lines, body.rows, strict=True):
        if len(row) > width and not any(map(str.strip, row[width:])):
            row = row[:width]  # noqa: PLW2901 - the same row, without what Excel adds
        if len(row) != width and row[0].startswith("#"):
            comments += 1
            continue
        if len(row) > width:
            left_out.append(line)
            continue
        if rows and len(rows[-1]) < width and len(rows[-1]) + len(row) - 1 == width:
            left_out += [lines.pop(), line]  # a line break in a cell without quotes cuts a row
            rows.pop()
            short.pop()
            continue
        if len(row) < width:
            short.append(line)
        rows.append(row)
        lines.append(line)
    _refuse_most(path, header, left_out + short, len(body.rows))
    return Fitted(header, Records(rows, lines), _notes(path, left_out, short, comments))


def _notes(path: Path, left_out: list[int], short: list[int], comments: int) -> list[str]:
    notes = []
    if comments:
        notes.append(f"{plural(comments, 'comment')} in {path.name} skipped")
    if left_out:
        notes.append(
            f"{plural(len(left_out), 'row')} of {path.name} left out, with more cells than the "
            f"header or cut by a line break: line {some([str(line) for line in left_out])}"
        )
    if short:
        notes.append(
            f"{plural(len(short), 'row')} of {path.name} with fewer cells than the header: "
            f"line {some([str(line) for line in short])}"
        )
    return notes


def _refuse_most(path: Path, header: list[str], ragged: list[int], num_rows: int) -> None:
    if len(ragged) > _MOST * num_rows:
        raise UsageError(
            f"{path}:{min(ragged)}: {plural(len(ragged), 'row')} of {num_rows:,} have another "
            f"number of cells than the header, which has {len(header)}.",
            hint="Delete lines above the header, and put cells that hold the delimiter in quotes.",
        )
