"""Compares the number of cells of each row with the header."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from medtui.datasets.findings import Findings, error, note, warning
from medtui.datasets.index import some
from medtui.datasets.tables.records import Records
from medtui.errors import UsageError
from medtui.units import plural

_MANY = 0.1
"""Share of rows that are left out from which a study is stopped."""
_MOST = 0.5
"""Share of rows that are left out from which a table is refused."""


@dataclass(frozen=True)
class Fitted:
    """Names of the columns, and the rows that fit them."""

    header: list[str]
    """As many names as a row has cells."""
    records: Records
    """Rows that fit, and rows whose last cells are missing."""
    findings: Findings = ()
    """Which rows do not fit."""


def fit_rows(path: Path, first: list[str], body: Records) -> Fitted:
    """Return the rows that have as many cells as the header; `first` is empty without one.

    Empty cells beyond the header are dropped where every row has them. Any other row with more
    cells is left out: a comma without quotes moves the cells behind it.

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
        sentence = f"the first cell of each row of {path.name} is a row number, as R writes it"
        return Fitted(["", *header], body, (note("row-numbers", sentence),))
    if min(widths) == width > len(header) and not any(
        cell.strip() for row in body.rows for cell in row[len(header) : width]
    ):
        body = Records([[*row[: len(header)], *row[width:]] for row in body.rows], body.lines)
    return _sort_out(path, header, body)


def _has_row_numbers(rows: list[list[str]]) -> bool:
    return all(row[0].strip() == str(number) for number, row in enumerate(rows, 1))


def _sort_out(path: Path, header: list[str], body: Records) -> Fitted:
    width = len(header)
    rows, lines = list[list[str]](), list[int]()
    left_out, short, comments = list[int](), list[int](), 0
    for line, row in zip(body.lines, body.rows, strict=True):
        if len(row) != width and row[0].startswith("#"):
            comments += 1
            continue
        if len(row) > width:
            left_out.append(line)
            continue
        if rows and len(row) < width > len(rows[-1]) and len(rows[-1]) + len(row) - 1 == width:
            left_out += [lines.pop(), line]  # a line break in a cell without quotes cuts a row
            rows.pop()
            short.pop()
            continue
        if len(row) < width:
            short.append(line)
        rows.append(row)
        lines.append(line)
    _refuse_most(path, header, left_out, len(body.rows))
    findings = []
    if comments:
        sentence = f"{plural(comments, 'comment')} in {path.name} skipped"
        findings.append(note("comments", sentence))
    if left_out:
        rank = error if len(left_out) > _MANY * len(body.rows) else warning
        sentence = (
            f"{plural(len(left_out), 'row')} of {path.name} left out, with more cells than the "
            f"header or cut by a line break: {_shown(left_out)}"
        )
        findings.append(rank("ragged-rows", sentence))
    if short:
        sentence = (
            f"{plural(len(short), 'row')} of {path.name} with fewer cells than the header: "
            f"{_shown(short)}"
        )
        findings.append(warning("short-rows", sentence))
    return Fitted(header, Records(rows, lines), tuple(findings))


def _shown(lines: list[int]) -> str:
    return f"{'line' if len(lines) == 1 else 'lines'} {some([str(line) for line in lines])}"


def _refuse_most(path: Path, header: list[str], ragged: list[int], num_rows: int) -> None:
    if len(ragged) > _MOST * num_rows:
        raise UsageError(
            f"{path}:{min(ragged)}: {plural(len(ragged), 'row')} of {num_rows:,} have more "
            f"cells than the header, which has {len(header)}, or are cut.",
            hint="Delete lines above the header, and put cells that hold the delimiter in quotes.",
        )
