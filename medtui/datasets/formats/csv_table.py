"""CSV tables: a column of image names, and labels in one column or in one column per class."""

from pathlib import Path

from medtui.datasets.card import Card
from medtui.datasets.files.ignored import IgnoreRules
from medtui.datasets.files.scan import Scan, require_images, scan
from medtui.datasets.findings import Findings
from medtui.datasets.formats.csv_rows import Rows, read_rows
from medtui.datasets.formats.joined_labels import joined_label_findings
from medtui.datasets.formats.joined_table import need_of_join
from medtui.datasets.formats.label_encoding import encode_labels
from medtui.datasets.formats.label_names import in_order
from medtui.datasets.formats.row_files import RowFiles, join_rows
from medtui.datasets.formats.table_files import TableFile, find_tables
from medtui.datasets.index import ImageIndex, some
from medtui.datasets.patient_ids import patients_by_column, patients_by_pattern
from medtui.datasets.split_names import WORD_OF, official_of_rows
from medtui.errors import MedtuiError, UsageError
from medtui.metrics.task import Task


def index_images(card: Card, root: Path, size: int | None) -> ImageIndex:
    """Return the index of the images that have both a row and a file.

    Raises:
        EnvironmentProblem: table or images are missing or cannot be read.
        UsageError: the table lacks a column, or its labels do not fit the card.
    """
    assert card.table is not None
    tables = find_tables(root, card.table)
    found = _images_beside(tables, card, root)
    rows, joined = _rows_with_files(tables, card, found, root)
    matched = rows.choose(joined.rows)
    classes = card.classes or _class_names(matched.labels, card.table.none_label, tables[0].path)
    has_several = any(len(each) > 1 for each in matched.labels)
    task: Task = card.task or ("multi" if has_several else "single")
    encoded = encode_labels(matched.labels, matched.unknown, classes, task, card.table.none_label)
    labelled = matched.choose(encoded.usable)
    files = [joined.files[each] for each in encoded.usable]
    names = [joined.names[each] for each in encoded.usable]
    patients, patient_findings = _patients(card, labelled.patients, names, files, labelled.names)
    official, split_findings = official_of_rows(labelled.splits, files)
    return ImageIndex(
        classes=tuple(classes),
        task=task,
        channels=card.channels or 3,
        size=size or card.size or 0,
        names=names,
        names_in_table=labelled.names,
        labels=encoded.labels,
        mask=encoded.mask,
        patients=patients,
        files=[f"{root}/{file}" for file in files],
        official=official,
        subgroups=labelled.subgroups,
        findings=(
            *found.findings, *rows.findings, *joined.findings,
            *joined_label_findings(matched.labels, card), *encoded.findings,
            *patient_findings, *split_findings,
        ),
    )  # fmt: skip


def _images_beside(tables: list[TableFile], card: Card, root: Path) -> Scan:
    """Return the files in the folder; tables that the card names are not unknown ones."""
    assert card.table is not None
    found = scan(root, IgnoreRules(card.ignore, card.classes))
    known = {*card.table.all_files, *(card.official.files if card.official else ())}
    known = {name.rpartition("/")[2] for name in known} | {table.path.name for table in tables}
    found.others = [name for name in found.others if name.rpartition("/")[2] not in known]
    return found


def _rows_with_files(
    tables: list[TableFile], card: Card, found: Scan, root: Path
) -> tuple[Rows, RowFiles]:
    """Return the rows of all tables, and those that have a file."""
    assert card.table is not None
    title = " and ".join(table.path.name for table in tables)
    try:
        rows = _read_tables(tables, card, found)
        require_images(found, root)
        return rows, join_rows(rows.names, found, root, title, rows.unusable)
    except MedtuiError as problem:
        needed = need_of_join(tables[0].path, card.table, found.files)
        if needed is None:
            raise
        raise needed from problem


def _read_tables(tables: list[TableFile], card: Card, found: Scan) -> Rows:
    """Return the rows of all tables, with names relative to the root where images lie there."""
    assert card.table is not None
    joined = Rows()
    for table in tables:
        rows = read_rows(table.path, card)
        prefix = f"{table.folder}/" if table.folder else ""
        if prefix and any(file.startswith(prefix) for file in found.files):
            rows.names = [prefix + name for name in rows.names]
        if table.split is not None and not card.table.split_column:
            rows.splits = [WORD_OF[table.split]] * len(rows.names)
        joined.extend(rows)
    return joined


def _class_names(words: list[list[str]], none_label: str, path: Path) -> tuple[str, ...]:
    names = in_order({label for each in words for label in each} - {none_label})
    if len(names) < 2:  # noqa: PLR2004 - fewer make no classifier
        raise UsageError(
            f"{path}: the labels have fewer than two classes: {some(names) or 'none'}."
        )
    return names


def _patients(
    card: Card, cells: list[str], names: list[str], *paths: list[str]
) -> tuple[list[str] | None, Findings]:
    """Return each image's patient by the column, or by the pattern where no cell names one."""
    patients, findings = patients_by_column(cells, names)
    if patients is not None:
        return patients, findings
    return patients_by_pattern(card.patient, names, *paths)
