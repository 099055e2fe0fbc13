"""A table of texts, for terminals, screens, reports and files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from medtui.csv_text import csv_text

Row = tuple[str, ...]

_MARKDOWN = re.compile(r"[\\`*<|$&]|~~|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[])")
"""Characters of HTML, formulas, emphasis and cells, and the bracket between a link's parts."""


@dataclass(frozen=True)
class Table:
    """One table."""

    title: str
    headers: Row
    rows: tuple[Row, ...]
    marks: Row = ()
    """A mark of each row, such as `worse` or `chosen`; empty if no row is marked."""
    note: str = ""
    """Explanation of columns and marks."""
    num_keys: int = 1
    """Leading columns that identify the row; the others are values."""
    shown_headers: Row = ()
    """Headers for people; empty shows `headers`, which are the keys of CSV and JSON."""
    positive_classes: Row = ()
    """The positive class of each row, which CSV and JSON have beside the others; or empty."""
    objects: tuple[Mapping[str, Any], ...] = ()
    """Further values of each row, which JSON has beside the texts; or empty."""

    @property
    def shown(self) -> Row:
        """The headers for people."""
        return self.shown_headers or self.headers

    def mark_of(self, row: int) -> str:
        """Return the mark of a row; empty without one."""
        return self.marks[row] if self.marks else ""


def deal_columns(
    widths: Sequence[int], num_keys: int, gap: int, available: int | None
) -> list[list[int]]:
    """Distribute columns over blocks that fit the width; each repeats the keys.

    Where the keys alone are too wide, the first one is repeated and the others are dealt too.
    """
    if available is not None and sum(width + gap for width in widths[:num_keys]) - gap > available:
        num_keys = min(1, num_keys)
    keys = list(range(num_keys))
    blocks = [list(keys)]
    for column in range(num_keys, len(widths)):
        wide = sum(widths[each] + gap for each in [*blocks[-1], column]) - gap
        if available is not None and wide > available and len(blocks[-1]) > num_keys:
            blocks.append(list(keys))
        blocks[-1].append(column)
    return blocks


def table_csv(table: Table) -> str:
    """Return the table as comma-separated values."""
    if not table.positive_classes:
        return csv_text([table.headers, *table.rows])
    rows = zip(table.rows, table.positive_classes, strict=True)
    return csv_text([(*table.headers, "positive_class"), *((*row, name) for row, name in rows)])


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it is: no HTML, link, image, formula or emphasis."""
    return _MARKDOWN.sub(r"\\\g<0>", text).replace("\n", " ")


def table_markdown(table: Table) -> str:
    """Return the table as Markdown, without its title."""
    rules = ["---" if at < table.num_keys else "---:" for at in range(len(table.headers))]
    lines = [_line(table.shown), _line(rules), *map(_line, table.rows)]
    return "\n".join([*lines, *(["", escape_markdown(table.note)] if table.note else [])]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(escape_markdown, cells)) + " |"
