"""A table of words, however it will be written: on a terminal, a page, a screen or in a file."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One table."""

    title: str
    headers: Row
    rows: tuple[Row, ...]
    marks: Row = ()
    """A word against each row, like `hurt`; empty where all rows are alike."""
    note: str = ""
    """What a reader must know to read it."""
    num_keys: int = 1
    """Columns that name the row; the others are numbers."""

    def mark_of(self, row: int) -> str:
        """Return the word against a row; empty where there is none."""
        return self.marks[row] if self.marks else ""


def deal_columns(
    widths: Sequence[int], num_keys: int, gap: int, available: int | None
) -> list[list[int]]:
    """Deal columns to blocks that fit; each has the keys and at least one other column."""
    keys = list(range(num_keys))
    blocks = [list(keys)]
    for column in range(num_keys, len(widths)):
        wide = sum(widths[each] + gap for each in [*blocks[-1], column]) - gap
        if available is not None and wide > available and len(blocks[-1]) > num_keys:
            blocks.append(list(keys))
        blocks[-1].append(column)
    return blocks


def table_csv(sheet: Table) -> str:
    """Return the table as comma-separated values."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(sheet.headers)
    writer.writerows(sheet.rows)
    return text.getvalue()


def table_markdown(sheet: Table) -> str:
    """Return the table as Markdown, without its title."""
    rules = ["---" if at < sheet.num_keys else "---:" for at in range(len(sheet.headers))]
    lines = [_line(sheet.headers), _line(rules), *map(_line, sheet.rows)]
    return "\n".join([*lines, *(["", sheet.note] if sheet.note else [])]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
