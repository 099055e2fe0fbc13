"""Reads the table of a card with the tables that it is joined with, or says which one it needs."""

from collections.abc import Sequence
from pathlib import Path

from medtui.datasets.table_section import TableFiles
from medtui.datasets.tables.file_names import explain_missing, find_file
from medtui.datasets.tables.join import join_tables, shared_columns
from medtui.datasets.tables.table import TableText, read_table
from medtui.errors import EnvironmentProblem, MedtuiError, UsageError

_TABLES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_MOST_TABLES = 20
"""Number of tables beside the card's that are searched for image names."""
_LOOKED_AT = 200
"""Number of rows whose cells are compared with the names of files."""
_WORDS = ("study", "subject", "exam", "series", "accession")
"""Words in the names of columns that name something else than images."""


def read_joined_table(path: Path, table: TableFiles) -> TableText:
    """Return the table at `path`, joined with those that the card names.

    Raises:
        EnvironmentProblem: a table is missing or cannot be read.
        UsageError: a table is no table, or they cannot be joined.
    """
    joined = _read(path, table)
    for name in table.join:
        joined = join_tables(joined, _read(_find(path.parent, name), table), table.on)
    return joined


def need_of_join(path: Path, table: TableFiles, files: Sequence[str]) -> UsageError | None:
    """Return an error that names the table to join with; None unless the table names no images.

    `files` are the images of the set. Another table is meant if it has a column of their names and
    a column in common with this one, as MIMIC-CXR-JPG has labels by study.
    """
    if table.join or not table.header:
        return None
    try:
        text = _read(path, table)
    except MedtuiError:
        return None
    known = {form for file in files for form in _forms(file)}
    if _column_of_images(text, known):
        return None
    named = [name for name in text.header if any(word in name.casefold() for word in _WORDS)]
    for other, column in _tables_of_images(path, table, known):
        shared = shared_columns(text, other)
        if shared:
            names = ", ".join(shared)
            return UsageError(
                f"{path}:{text.header_line}: the table names no images, but {names}. The names of "
                f"the images are in the column `{column}` of {other.path.name}.",
                hint=f'Join the tables in the card: table.join = ["{other.path.name}"], '
                f'table.name_column = "{column}".',
            )
    is_named = text.has_column(table.name_column) and table.name_column not in named
    if is_named or not named or not files:
        return None
    return UsageError(
        f"{path}:{text.header_line}: the table names no images, but {', '.join(named[:3])}.",
        hint="Put a table that has these columns and the names of the images beside it, and name "
        "it in the card: table.join.",
    )


def _read(path: Path, table: TableFiles) -> TableText:
    return read_table(path, header=table.header, encoding=table.encoding, delimiter=table.delimiter)


def _find(folder: Path, name: str) -> Path:
    for each in (folder, folder.parent):
        found = find_file(each, name)
        if found is not None:
            return found
    raise EnvironmentProblem(
        f"{folder}: {name} not found here or in the parent folder.",
        hint=explain_missing([folder, folder.parent], [name]),
    )


def _tables_of_images(
    path: Path, table: TableFiles, known: set[str]
) -> list[tuple[TableText, str]]:
    """Return the other tables in the folder that name images, and their column of names."""
    beside = sorted(each for each in path.parent.iterdir() if each.name.lower().endswith(_TABLES))
    found = []
    for other in [each for each in beside if each != path][:_MOST_TABLES]:
        try:
            text = _read(other, table)
        except MedtuiError:
            continue
        column = _column_of_images(text, known)
        if column:
            found.append((text, column))
    return found


def _column_of_images(text: TableText, known: set[str]) -> str:
    """Return the column of which most cells are names of files; empty if there is none."""
    rows = text.rows[:_LOOKED_AT]
    for at, name in enumerate(text.header):
        cells = [row[at].strip() for row in rows if at < len(row)]
        if 2 * sum(not known.isdisjoint(_forms(cell)) for cell in cells) > len(rows):
            return name
    return ""


def _forms(name: str) -> tuple[str, str]:
    """Return a file's name in lower case, with and without its ending."""
    last = name.replace("\\", "/").rpartition("/")[2].casefold()
    return last, last.rpartition(".")[0] or last
