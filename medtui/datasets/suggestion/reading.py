"""Reads a table file for an analysis: header and rows as text."""

import csv
from dataclasses import dataclass
from pathlib import Path

from medtui.datasets.formats.csv_rows import read_text_lines
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


def read_cells(path: Path) -> Cells:
    """Return the cells of a table.

    Raises:
        TableProblem: the file is no table or cannot be read.
    """
    try:
        lines, _ = read_text_lines(path)
        header, *rows = [row for row in csv.reader(lines) if row] or [[]]
    except (MedtuiError, csv.Error) as error:
        raise TableProblem(str(error)) from error
    return Cells([cell.strip() for cell in header], rows)
