"""CSV tables: a column of image names, and labels in one column or in one column per class."""

from collections import Counter
from pathlib import Path

import numpy as np

from medtui.datasets.card import Card
from medtui.datasets.file_scan import Scan, scan
from medtui.datasets.findings import Findings, note, warning
from medtui.datasets.formats.class_folders import patients_by_pattern
from medtui.datasets.formats.csv_rows import Rows, read_rows
from medtui.datasets.index import ImageIndex, Labels, some
from medtui.errors import EnvironmentProblem, UsageError
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
    path = find_beside(root, card.table.file)
    found = scan(root)
    known = {*card.table.file, *(card.official.files if card.official else ())}
    found.others = [name for name in found.others if name.rpartition("/")[2] not in known]
    rows = read_rows(path, card.table, card.classes)
    matched, files, match_findings = _match(rows, found)
    if not matched:
        raise EnvironmentProblem(
            f"{root}: none of the {len(rows.names):,} images listed in {path.name} was found.",
            hint="Set the folder of the images: --set data.root=/path/to/images",
        )
    words = [rows.labels[row] for row in matched]
    classes = card.classes or _class_names(words, card.table.none_label, path)
    task: Task = card.task or ("multi" if any(len(each) > 1 for each in words) else "single")
    labels, usable, label_findings = _encode(words, classes, task, card.table.none_label)
    names = [rows.names[matched[each]] for each in usable]
    patients, unknown = _patients(card, [rows.patients[matched[each]] for each in usable], names)
    return ImageIndex(
        classes=tuple(classes),
        task=task,
        channels=card.channels or 3,
        size=size or card.size or 0,
        names=names,
        labels=labels,
        patients=patients,
        files=[f"{root}/{files[each]}" for each in usable],
        subgroups={
            name: [values[matched[each]] for each in usable]
            for name, values in rows.subgroups.items()
        },
        findings=(*found.findings, *rows.findings, *match_findings, *label_findings, *unknown),
    )


def find_beside(root: Path, names: tuple[str, ...]) -> Path:
    """Return the first of `names` that exists in the root or in its parent folder.

    Raises:
        EnvironmentProblem: none exists.
    """
    for name in names:
        for folder in (root, root.resolve().parent):
            if (folder / name).is_file():
                return folder / name
    raise EnvironmentProblem(
        f"{root}: {' or '.join(names)} not found here or in the parent folder.",
        hint="Put it beside the images, or set their folder: --set data.root=/path/to/images",
    )


def _match(rows: Rows, found: Scan) -> tuple[list[int], list[str], list[Finding]]:
    """Return the rows that have a file, those files, and findings on the rest."""
    files_of: dict[str, list[str]] = {}
    for path in found.files:
        name = path.rpartition("/")[2]
        for key in {path, name, name.rpartition(".")[0]}:
            files_of.setdefault(key, []).append(path)
    matched, files, several = list[int](), list[str](), list[str]()
    for row in sorted(range(len(rows.names)), key=rows.names.__getitem__):
        name = rows.names[row]
        candidates = files_of.get(name) or files_of.get(name.rpartition("/")[2])
        if not candidates:
            continue
        if len(candidates) > 1:
            several.append(name)
        matched.append(row)
        files.append(candidates[0])
    return matched, files, _match_findings(rows, found, files, several)


def _match_findings(rows: Rows, found: Scan, files: list[str], several: list[str]) -> list[Finding]:
    findings = []
    if missing := len(rows.names) - len(files):
        sentence = f"{plural(missing, 'image')} of {len(rows.names):,} in the table without a file"
        findings.append(warning("rows-without-file", sentence))
    if several:
        sentence = (
            f"{plural(len(several), 'name')} in more than one folder, "
            f"the file in the first folder is used: {some(several)}"
        )
        findings.append(warning("ambiguous-names", sentence))
    used = {path.rpartition("/")[2] for path in files}
    if strays := [path for path in found.files if path.rpartition("/")[2] not in used]:
        sentence = f"{plural(len(strays), 'file')} without a row: {some(strays)}"
        findings.append(note("files-without-row", sentence))
    return findings


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
