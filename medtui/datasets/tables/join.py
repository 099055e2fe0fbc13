"""Joins a table of labels with another table by columns that both have."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from medtui.datasets.findings import Findings, note, warning
from medtui.datasets.index import some
from medtui.datasets.tables.header import positions
from medtui.datasets.tables.table import TableText
from medtui.errors import UsageError
from medtui.units import plural

Key = tuple[str, ...]
_WHOLE = re.compile(r"^(\d+)\.0+$")


@dataclass(frozen=True)
class _Side:
    """Rows of a table by their key."""

    table: TableText
    rows_of: dict[Key, list[int]]
    """Rows of each key; of rows that are equal, the first."""

    @property
    def repeated(self) -> Key | None:
        """Return a key of several rows; None where every key has one."""
        return next((key for key, rows in self.rows_of.items() if len(rows) > 1), None)


def join_tables(left: TableText, right: TableText, on: Sequence[str] = ()) -> TableText:
    """Return the rows of both tables that have the same cells in the columns `on`.

    Without `on`, these are all columns that both tables have. In one of the tables each key must
    have one row: otherwise rows would be combined that do not belong together. The columns of
    `left` come first; of two columns of one name, the one of `left` is kept. Lines are those of
    `left`.

    Raises:
        UsageError: no common column, no common key, or keys with several rows in both tables.
    """
    names = list(on) or shared_columns(left, right)
    if not names:
        raise UsageError(
            f"{right.path}:{right.header_line}: no column of {left.path.name} to join by.",
            hint=f"Its columns: {some(right.header, 20)}.",
        )
    ours, theirs = (_side(table, names) for table in (left, right))
    pairs = _pairs(ours, theirs, names)
    more = [at for at, name in enumerate(right.header) if not positions(left.header, name)]
    return replace(
        left,
        header=[*left.header, *(right.header[at] for at in more)],
        rows=[[*left.rows[row], *(right.rows[other][at] for at in more)] for row, other in pairs],
        lines=[left.lines[row] for row, _ in pairs],
        findings=(*left.findings, *right.findings, *_findings(ours, theirs, pairs)),
    )


def _pairs(ours: _Side, theirs: _Side, names: Sequence[str]) -> list[tuple[int, int]]:
    """Return the rows of both tables that have the same key, in their order.

    Raises:
        UsageError: no common key, or keys with several rows in both tables.
    """
    left, right, columns = ours.table, theirs.table, " and ".join(names)
    if ours.repeated and theirs.repeated:
        raise UsageError(
            f"{left.path} and {right.path.name} both have several rows for the same "
            f"{columns}: {' '.join(ours.repeated)}.",
            hint="Name more columns to join by (table.on).",
        )
    pairs = [
        (row, other)
        for key, rows in ours.rows_of.items()
        for row in rows
        for other in theirs.rows_of.get(key, ())
    ]
    if not pairs:
        raise UsageError(
            f"{left.path} and {right.path.name} have no {columns} in common: "
            f"{_example(ours)} and {_example(theirs)}.",
            hint="Check table.join and table.on in the card.",
        )
    return sorted(pairs)


def shared_columns(left: TableText, right: TableText) -> list[str]:
    """Return the columns that both tables have once."""
    return [
        name
        for name in left.header
        if name and len(positions(left.header, name)) == 1 == len(positions(right.header, name))
    ]


def _side(table: TableText, names: Sequence[str]) -> _Side:
    """Return a table's complete rows by key; rows without a key are left out."""
    columns = [table.column(name) for name in names]
    rows_of: dict[Key, dict[tuple[str, ...], int]] = {}
    for at, row in enumerate(table.rows):
        if len(row) == len(table.header):
            key = tuple(_WHOLE.sub(r"\1", row[column].strip()) for column in columns)
            if all(key):
                rows_of.setdefault(key, {}).setdefault(tuple(row), at)
    return _Side(table, {key: list(rows.values()) for key, rows in rows_of.items()})


def _example(side: _Side) -> str:
    return f"`{' '.join(next(iter(side.rows_of), ()))}`"


def _findings(ours: _Side, theirs: _Side, pairs: list[tuple[int, int]]) -> Findings:
    found = []
    for side, other, used in (
        (ours, theirs, {row for row, _ in pairs}),
        (theirs, ours, {row for _, row in pairs}),
    ):
        alone = len(side.table.rows) - len(used)
        if alone:
            sentence = (
                f"{plural(alone, 'row')} of {side.table.path.name} without a row of their own in "
                f"{other.table.path.name} left out"
            )
            rank = warning if 2 * alone > len(side.table.rows) else note
            found.append(rank("unjoined-rows", sentence))
    return tuple(found)
