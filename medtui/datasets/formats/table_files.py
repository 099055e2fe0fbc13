"""Finds the table files that a card names."""

import os
from dataclasses import dataclass
from pathlib import Path

from medtui.datasets.split_names import split_of_name
from medtui.datasets.table_section import TableFiles
from medtui.datasets.tables.file_names import explain_missing, find_file
from medtui.errors import EnvironmentProblem


@dataclass(frozen=True)
class TableFile:
    """A table of a data set."""

    path: Path
    folder: str
    """Folder of the table relative to the root, whose images its names mean; empty for the root."""
    split: int | None
    """Split that its folder or its name says, where a set has several tables."""


def find_tables(root: Path, table: TableFiles) -> list[TableFile]:
    """Return the one table that exists of `file`, or all tables of `files`.

    Raises:
        EnvironmentProblem: a table is missing.
    """
    if table.file:
        return [TableFile(find_beside(root, table.file), "", None)]
    return [
        TableFile(find_beside(root, (name,)), os.path.dirname(name), _split_of(name))  # noqa: PTH120 - text in, text out
        for name in table.files
    ]


def _split_of(name: str) -> int | None:
    """Return the split of `train/labels.csv` or `train.csv`; the innermost word counts."""
    parts = [Path(name).stem, *reversed(Path(name).parent.parts)]
    return next((split for part in parts if (split := split_of_name(part)) is not None), None)


def find_beside(root: Path, names: tuple[str, ...]) -> Path:
    """Return the first of `names` that exists in the root or in its parent folder.

    A file of this very name comes before one that differs by case or by `.gz`.

    Where the root is a link, both the folder of the link and that of its target are parents.

    Raises:
        EnvironmentProblem: none exists.
    """
    parent = Path(os.path.abspath(root)).parent  # noqa: PTH100 - links are kept
    folders = (root, parent, root.resolve().parent)
    for name in names:
        for folder in folders:
            if (folder / name).is_file():
                return folder / name
    for name in names:
        for folder in folders:
            found = find_file(folder, name)
            if found is not None:
                return found
    raise EnvironmentProblem(
        f"{root}: {' or '.join(names)} not found here or in the parent folder.",
        hint=explain_missing(folders, names),
    )
