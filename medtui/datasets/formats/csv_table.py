"""CSV tables: a column of image names, and labels in one column or in one column per class."""

from collections import Counter
from pathlib import Path

import numpy as np

from medtui.datasets.card import Card
from medtui.datasets.file_scan import Scan, require_images, scan
from medtui.datasets.findings import Findings, warning
from medtui.datasets.formats.class_folders import patients_by_pattern
from medtui.datasets.formats.csv_rows import Rows, read_rows
from medtui.datasets.formats.joined_labels import joined_label_findings
from medtui.datasets.formats.row_files import join_rows
from medtui.datasets.formats.table_files import TableFile, find_tables
from medtui.datasets.ignored_files import IgnoreRules
from medtui.datasets.index import ImageIndex, Labels, some
from medtui.datasets.split_names import WORD_OF, official_of_rows
from medtui.errors import UsageError
from medtui.metrics.task import Task
from medtui.protocol.finding import Finding
from medtui.units import plural


def index_images(card: Card, root: Path, size: int | None) -> ImageIndex:
    """Return the index of the images that have both a row and a file.

    Raises:
        EnvironmentProblem: table or images are missing or cannot be read.
        UsageError: the table lacks a column, or its labels do not fit the card.
    """
    assert card.table is not None
    tables = find_tables(root, card.table)
    found = scan(root, IgnoreRules(card.ignore, card.classes))
    known = {*card.table.all_files, *(card.official.files if card.official else ())}
    known = {name.rpartition("/")[2] for name in known} | {table.path.name for table in tables}
    found.others = [name for name in found.others if name.rpartition("/")[2] not in known]
    rows = _read_tables(tables, card, found)
    require_images(found, root)
    title = " and ".join(table.path.name for table in tables)
    joined = join_rows(rows.names, found, root, title)
    words = [_renamed(rows.labels[row], card.aliases) for row in joined.rows]
    classes = card.classes or _class_names(words, card.table.none_label, tables[0].path)
    task: Task = card.task or ("multi" if any(len(each) > 1 for each in words) else "single")
    labels, usable, label_findings = _encode(words, classes, task, card.table.none_label)
    images = [joined.rows[each] for each in usable]
    files = [joined.files[each] for each in usable]
    names = [joined.names[each] for each in usable]
    patients, unknown = _patients(card, [rows.patients[row] for row in images], names)
    official, split_findings = official_of_rows([rows.splits[row] for row in images], files)
    return ImageIndex(
        classes=tuple(classes),
        task=task,
        channels=card.channels or 3,
        size=size or card.size or 0,
        names=names,
        names_in_table=[rows.names[row] for row in images],
        labels=labels,
        patients=patients,
        files=[f"{root}/{file}" for file in files],
        official=official,
        subgroups={
            name: [values[row] for row in images] for name, values in rows.subgroups.items()
        },
        findings=(
            *found.findings,
            *rows.findings,
            *joined.findings,
            *joined_label_findings(words, card),
            *label_findings,
            *unknown,
            *split_findings,
        ),
    )


def _read_tables(tables: list[TableFile], card: Card, found: Scan) -> Rows:
    """Return the rows of all tables, with names relative to the root where images lie there."""
    assert card.table is not None
    joined = Rows()
    for table in tables:
        rows = read_rows(table.path, card.table, card.classes)
        prefix = f"{table.folder}/" if table.folder else ""
        if prefix and any(file.startswith(prefix) for file in found.files):
            rows.names = [prefix + name for name in rows.names]
        if table.split is not None and not card.table.split_column:
            rows.splits = [WORD_OF[table.split]] * len(rows.names)
        joined.extend(rows)
    return joined


def _renamed(labels: list[str], aliases: dict[str, str]) -> list[str]:
    return [aliases.get(label, label) for label in labels] if aliases else labels


def _class_names(words: list[list[str]], none_label: str, path: Path) -> tuple[str, ...]:
    names = sorted({label for each in words for label in each} - {none_label})
    if len(names) < 2:  # noqa: PLR2004 - fewer make no classifier
        raise UsageError(
            f"{path}: the labels have fewer than two classes: {some(names) or 'none'}."
        )
    return tuple(names)


def _encode(
    words: list[list[str]], classes: tuple[str, ...], task: Task, none_label: str
) -> tuple[Labels, list[int], list[Finding]]:
    """Return the labels as numbers, the positions that have one, and findings on the rest."""
    number_of = {name: number for number, name in enumerate(classes)}
    unknown = Counter(label for each in words for label in each if label not in number_of)
    unknown.pop(none_label, None)
    findings = [
        warning(
            "unknown-labels",
            f"label `{label}` of {plural(count, 'image')} is not a class of the card and is "
            "ignored",
        )
        for label, count in sorted(unknown.items())
    ]
    numbers = [sorted({number_of[label] for label in each if label in number_of}) for each in words]
    if task == "multi":
        labels = np.zeros((len(words), len(classes)), np.uint8)
        for row, columns in enumerate(numbers):
            labels[row, columns] = 1
        return labels, list(range(len(words))), findings
    usable = [row for row, columns in enumerate(numbers) if len(columns) == 1]
    if left_out := len(words) - len(usable):
        sentence = f"{plural(left_out, 'image')} without exactly one class left out"
        findings.append(warning("images-without-class", sentence))
    return np.array([numbers[row][0] for row in usable], np.int64), usable, findings


def _patients(card: Card, column: list[str], names: list[str]) -> tuple[list[str] | None, Findings]:
    if not any(column):
        return patients_by_pattern(card.patient, names)
    empty = [name for name, patient in zip(names, column, strict=True) if not patient]
    patients = [patient or name for name, patient in zip(names, column, strict=True)]
    if not empty:
        return patients, ()
    sentence = (
        f"{plural(len(empty), 'image')} without a patient, "
        f"each treated as a separate patient: {some(empty)}"
    )
    return patients, (warning("images-without-patient", sentence),)
