"""Decides where labels come from: one of the tables, or class folders."""

from dataclasses import dataclass

from medtui.datasets.suggestion.columns import TableColumns, read_columns
from medtui.datasets.suggestion.folders import Layout
from medtui.datasets.suggestion.tables import ImageColumn, Table
from medtui.datasets.suggestion.text import counted
from medtui.errors import UsageError
from medtui.protocol.suggestion import NONE, Candidate, Choices, Question
from medtui.suggest import did_you_mean

_RIVAL = 0.8
"""A table that names this share of the best table's files is as good."""
_RIVAL_COLUMN = 0.9
"""The same for image columns of one table."""


@dataclass(frozen=True)
class Described:
    """A table with its image column and what its other columns may be."""

    table: Table
    image: ImageColumn
    columns: TableColumns

    @property
    def has_likely_labels(self) -> bool:
        """Return whether a column is likely to hold labels."""
        return any(each.is_likely for each in self.columns.labels)

    def has_column(self, name: str) -> bool:
        """Return whether the table has a column; `a:b` needs both."""
        header = [title.strip() for title in self.table.header]
        return name in header or all(part in header for part in name.split(":", 1))


def describe_tables(tables: list[Table], choices: Choices) -> list[Described]:
    """Return the tables that name files here, with their columns."""
    described = []
    for table in tables:
        image = next(
            (column for column in table.columns if column.name == choices.image),
            table.columns[0] if table.columns else None,
        )
        if image is not None and image.files:
            described.append(Described(table, image, read_columns(table, image)))
    return sorted(described, key=lambda each: (-each.image.num_files, each.table.names))


def ask_table(
    described: list[Described], layout: Layout, choices: Choices
) -> tuple[Question, Described | None]:
    """Return which table holds the labels, and it; None for class folders."""
    candidates = [_candidate(each, len(layout.files)) for each in described]
    folders = layout.class_levels or (layout.levels if not described else [])
    if folders:
        candidates.append(Candidate(NONE, f"folders: {counted(folders[0].counts)}"))
    chosen = _given(described, choices) if choices.table else _best(described, layout, choices)
    if chosen is not None:
        return Question("table", candidates, chosen.table.value, is_required=True), chosen
    is_folders = choices.table == [NONE] or not described or _is_folders(described, layout, choices)
    return Question("table", candidates, NONE if is_folders else "", is_required=True), None


def _candidate(each: Described, num_images: int) -> Candidate:
    labels = [label.value for label in each.columns.labels if label.is_likely]
    holds = f"; labels: {', '.join(labels)}" if labels else "; no column named like a label"
    files = f"{each.image.num_files:,} of {num_images:,} images here have a row"
    return Candidate(each.table.value, f"{files}{holds}", is_likely=bool(labels))


def _given(described: list[Described], choices: Choices) -> Described | None:
    if choices.table == [NONE]:
        return None
    wanted = " + ".join(choices.table)
    for each in described:
        if wanted == each.table.value or set(choices.table) <= set(each.table.names):
            return each
    known = [each.table.value for each in described]
    raise UsageError(
        f"--table {wanted}: no such table whose names are files here. "
        f"{did_you_mean(wanted, known, otherwise='')}".rstrip(),
        hint=f"Tables: {', '.join(known) or 'none'}.",
    )


def _pool(described: list[Described], choices: Choices) -> list[Described]:
    wanted = [*choices.label, *([choices.image] if choices.image else [])]
    if wanted:
        return [each for each in described if all(map(each.has_column, wanted))]
    return [each for each in described if each.has_likely_labels]


def _is_folders(described: list[Described], layout: Layout, choices: Choices) -> bool:
    return bool(layout.class_levels) and not _pool(described, choices)


def _best(described: list[Described], layout: Layout, choices: Choices) -> Described | None:
    """Return the only table that names most files and has labels; None where several do."""
    if choices.level:
        return None
    pool = _pool(described, choices)
    if not pool and not layout.class_levels:
        pool = [each for each in described if each.columns.labels] or described
    if not pool:
        return None
    most = pool[0].image.num_files
    rivals = [each for each in pool if each.image.num_files >= _RIVAL * most]
    return rivals[0] if len(rivals) == 1 else None


def ask_image(chosen: Described, choices: Choices) -> Question:
    """Return which column names the images."""
    columns = chosen.table.columns
    candidates = [
        Candidate(column.name, f"{column.num_files:,} files here are named")
        for column in columns
        if column.files
    ]
    if choices.image:
        if choices.image not in {column.name for column in columns}:
            raise UsageError(
                f"--image {choices.image}: the cells of this column name no file here.",
                hint=f"Columns that do: {', '.join(each.value for each in candidates)}.",
            )
        return Question("image", candidates, choices.image, is_required=True)
    best = columns[0]
    rivals = [
        column
        for column in columns[1:]
        if column.num_files >= _RIVAL_COLUMN * best.num_files
        and any(best.files.get(row, file) != file for row, file in column.files.items())
    ]
    return Question("image", candidates, "" if rivals else best.name, is_required=True)
