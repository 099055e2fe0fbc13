"""Text tables for stdout: aligned, never cut, split in two where a terminal is too narrow."""

import shutil
import sys
from collections.abc import Sequence

from medtui.analysis.table import deal_columns
from medtui.control_characters import one_line

GAP = "  "

Row = Sequence[str]


def render_table(headers: Row, rows: Sequence[Row], *, num_keys: int = 1) -> str:
    """Align rows under their headers; the first `num_keys` columns and no others stand left.

    On a terminal narrower than the table, the columns are dealt to several tables, each with the
    key columns. What is no terminal gets one table whatever its width.
    """
    headers, rows = _one_lined(headers), [_one_lined(row) for row in rows]
    widths = [max(len(row[column]) for row in [headers, *rows]) for column in range(len(headers))]
    blocks = deal_columns(widths, num_keys, len(GAP), _width_of_stdout())
    return "\n\n".join(_block([headers, *rows], widths, block, num_keys) for block in blocks)


def _one_lined(row: Row) -> list[str]:
    return [one_line(cell) for cell in row]


def _width_of_stdout() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _block(rows: Sequence[Row], widths: list[int], columns: list[int], num_keys: int) -> str:
    lines = []
    for row in rows:
        cells = [
            row[column].ljust(widths[column]) if column < num_keys
            else row[column].rjust(widths[column])
            for column in columns
        ]  # fmt: skip
        lines.append(GAP.join(cells).rstrip())
    return "\n".join(lines)
