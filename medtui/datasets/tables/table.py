"""Reads a table file, as spreadsheets, databases, R and pandas write it, into header and rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medtui.datasets.findings import Findings
from medtui.datasets.index import some
from medtui.datasets.tables.delimiter import find_delimiter
from medtui.datasets.tables.header import clean, looks_like_data, positions, skip_head
from medtui.datasets.tables.records import Records, read_records
from medtui.datasets.tables.row_widths import fit_rows
from medtui.datasets.tables.text import read_text
from medtui.errors import UsageError
from medtui.suggest import did_you_mean

_SHOWN = 30
"""Number of columns that a message lists."""


@dataclass(frozen=True)
class TableText:
    """Header and rows of a table; every cell is text."""

    path: Path
    """File."""
    header: list[str]
    """Names of the columns, as many as a row has cells; `1`, `2`, ... without a header."""
    rows: list[list[str]]
    """Cells of each row; a row may have fewer cells than the header, never more."""
    lines: Sequence[int]
    """Line of the file at which each row begins, from 1."""
    header_line: int
    """Line of the header, or of the first row where there is none."""
    delimiter: str
    """What divides the cells."""
    has_header: bool = True
    """Whether the file names the columns."""
    findings: Findings = ()
    """Rows that do not fit, and doubts about the encoding."""

    @property
    def is_header_data(self) -> bool:
        """Return whether the header looks like a row: the file may have no header."""
        return self.has_header and looks_like_data(self.header, self.rows)

    def column(self, name: str) -> int:
        """Return the position of a column; case and outer blanks make no difference.

        Raises:
            UsageError: no column, or several, have this name.
        """
        found = positions(self.header, name)
        if len(found) == 1:
            return found[0]
        where = f"{self.path}:{self.header_line}"
        if found:
            numbers = " and ".join(str(at + 1) for at in found)
            raise UsageError(
                f"{where}: several columns `{name}`: {numbers}.", hint="Rename all but one."
            )
        guess = did_you_mean(name, self.header, otherwise="")
        raise UsageError(
            f"{where}: no column `{name}`. {guess}".rstrip(), hint=self._explain_missing()
        )

    def has_column(self, name: str) -> bool:
        """Return whether a column, or several, have this name."""
        return bool(positions(self.header, name))

    def _explain_missing(self) -> str:
        width = len(self.header)
        if not self.has_header:
            return f"Without a header, columns are named by number: 1 to {width}."
        if self.is_header_data:
            return (
                f"The first row looks like data ({some(self.header)}). If the table has no header: "
                f'table.header = false, and columns by number, like name_column = "1".'
            )
        hint = f"Its columns: {some([name for name in self.header if name], _SHOWN) or 'none'}."
        return hint if width > 1 else f"{hint} If it has more, name table.delimiter in the card."

    def values(self, at: int) -> list[str]:
        """Return the stripped cells of a column; empty where a row is too short."""
        return [row[at].strip() if at < len(row) else "" for row in self.rows]


def read_table(
    path: Path, *, header: bool = True, encoding: str = "", delimiter: str = ""
) -> TableText:
    """Return the header and rows of a table; empty encoding and delimiter are found by content.

    Raises:
        EnvironmentProblem: the file cannot be read.
        UsageError: the file is empty, is no table, or its rows cannot be told apart.
    """
    found = read_text(path, encoding)
    head = skip_head(found.text)
    records = Records([], [])
    if head.text:
        delimiter = delimiter or head.delimiter or find_delimiter(head.text)
        records = read_records(path, head.text, delimiter, head.num_lines + 1)
    if not records.rows:
        raise UsageError(
            f"{path}:1: the table is empty.", hint="Export it again, with a row for each image."
        )
    if header and len(records.rows) == 1:
        raise UsageError(
            f"{path}:{records.lines[0]}: the table has a header and no rows.",
            hint="Export it again, with a row for each image.",
        )
    first = [clean(cell) for cell in records.rows[0]] if header else []
    body = Records(records.rows[header:], records.lines[header:])
    fitted = fit_rows(path, first, body)
    return TableText(
        path=path,
        header=fitted.header,
        rows=fitted.records.rows,
        lines=fitted.records.lines,
        header_line=records.lines[0],
        delimiter=delimiter,
        has_header=header,
        findings=(*found.findings, *records.findings, *fitted.findings),
    )
