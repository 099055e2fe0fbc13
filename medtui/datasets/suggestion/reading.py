"""Reads a table file for an analysis: header and rows as text."""

from dataclasses import dataclass
from pathlib import Path

from medtui.datasets.suggestion.file_names import FileNames
from medtui.datasets.tables.table import read_table
from medtui.errors import MedtuiError

TABLE_SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")


class TableProblem(Exception):
    """Why a table cannot be read."""


@dataclass(frozen=True)
class Cells:
    """Header and rows of a table."""

    header: list[str]
    rows: list[list[str]]
    has_header: bool = True


def is_table(name: str) -> bool:
    """Return whether a file is a table by its name."""
    return name.lower().endswith(TABLE_SUFFIXES)


def read_cells(path: Path, names: FileNames) -> Cells:
    """Return the cells of a table; a first row that names a file is no header.

    Raises:
        TableProblem: the file is no table or cannot be read.
    """
    try:
        table = read_table(path)
        if any(names.fits(cell) for cell in table.header):
            table = read_table(path, header=False)
    except MedtuiError as error:
        raise TableProblem(error.message) from error
    return Cells(table.header, table.rows, table.has_header)
