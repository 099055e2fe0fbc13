"""Reads the rows of a CSV table: names, labels, patients, subgroups. Opens no image."""

from dataclasses import dataclass, field
from pathlib import Path

from medtui.datasets.card import Subgroup, TableFiles
from medtui.datasets.findings import note, warning
from medtui.datasets.index import some
from medtui.datasets.subgroups import subgroup_of
from medtui.datasets.tables.label_cell import split_labels
from medtui.datasets.tables.table import TableText, read_table
from medtui.datasets.tables.text import read_lines
from medtui.protocol.finding import Finding
from medtui.units import plural

read_text_lines = read_lines

_TRUE = frozenset({"1", "1.0", "true", "yes"})
_FALSE = frozenset({"", "0", "0.0", "false", "no"})


@dataclass
class Rows:
    """Content of a table, image by image."""

    names: list[str] = field(default_factory=list)
    """Image names as spelled in the table, each once."""
    labels: list[list[str]] = field(default_factory=list)
    """Labels of each image."""
    patients: list[str] = field(default_factory=list)
    """Patient of each image; all empty without a patient column."""
    splits: list[str] = field(default_factory=list)
    """Cell of the split column of each image; all empty without one."""
    subgroups: dict[str, list[str]] = field(default_factory=dict)
    """Subgroup to the value of each image."""
    findings: list[Finding] = field(default_factory=list)
    """Which rows could not be used, and why."""

    def extend(self, rows: "Rows") -> None:
        """Add the rows of another table."""
        self.names += rows.names
        self.labels += rows.labels
        self.patients += rows.patients
        self.splits += rows.splits
        for name in self.subgroups.keys() | rows.subgroups.keys():
            known = self.subgroups.setdefault(name, [])
            known += [""] * (len(self.names) - len(rows.names) - len(known))
            known += rows.subgroups.get(name, [""] * len(rows.names))
        self.findings += rows.findings


@dataclass(frozen=True)
class _Columns:
    """Positions of the columns that the card names."""

    name: int
    patient: int | None
    labels: int | None
    """Column of joined labels; None where each class has its own column."""
    classes: dict[str, int]
    """Column of each class; empty where labels are joined."""
    separator: str
    split: int | None
    subgroups: list[tuple[int, Subgroup]]
    """Columns of the subgroups that the table has."""
    width: int
    """Minimum number of columns of a row."""

    def read(self, row: list[str]) -> tuple[str, list[str], str] | None:
        """Return a row's name, labels and patient; None where the row cannot be used."""
        if len(row) < self.width or not row[self.name].strip():
            return None
        if self.labels is not None:
            labels = split_labels(row[self.labels], self.separator)
        else:
            labels = _onehot(row, self.classes)
        if labels is None:
            return None
        patient = "" if self.patient is None else _patient(row[self.patient])
        return row[self.name].strip(), labels, patient


def read_rows(path: Path, table: TableFiles, classes: tuple[str, ...]) -> Rows:
    """Return the rows of a table; of several rows of an image, the first is used.

    Raises:
        EnvironmentProblem: the file cannot be read.
        UsageError: the file is not a table, or lacks a column.
    """
    text = read_table(path, header=table.header, encoding=table.encoding, delimiter=table.delimiter)
    columns = _columns(text, table, classes)
    rows = Rows(findings=[*text.findings, *_missing_subgroups(path, table, columns)])
    rows.subgroups = {subgroup.name: [] for _, subgroup in columns.subgroups}
    seen: dict[str, list[str]] = {}
    unusable, repeated, conflicting = list[str](), list[str](), list[str]()
    for row in text.rows:
        used = columns.read(row)
        if used is None:
            unusable.append(row[0][:40])
            continue
        name, labels, patient = used
        if name in seen:
            (repeated if sorted(seen[name]) == sorted(labels) else conflicting).append(name)
            continue
        seen[name] = labels
        rows.names.append(name)
        rows.labels.append(labels)
        rows.patients.append(patient)
        rows.splits.append("" if columns.split is None else row[columns.split].strip())
        for at, subgroup in columns.subgroups:
            rows.subgroups[subgroup.name].append(subgroup_of(row[at], subgroup))
    rows.findings += _row_findings(path, unusable, repeated, conflicting)
    return rows


def _columns(text: TableText, table: TableFiles, classes: tuple[str, ...]) -> _Columns:
    name = text.column(table.name_column)
    patient = text.column(table.patient_column) if table.patient_column else None
    labels = text.column(table.label_column) if table.label_column else None
    split = text.column(table.split_column) if table.split_column else None
    onehot = {each: text.column(each) for each in classes} if labels is None else {}
    subgroups = [
        (text.column(subgroup.column), subgroup)
        for subgroup in table.subgroups
        if text.has_column(subgroup.column)
    ]
    return _Columns(
        name=name,
        patient=patient,
        labels=labels,
        classes=onehot,
        separator=table.separator,
        split=split,
        subgroups=subgroups,
        width=1
        + max(
            name,
            patient or 0,
            labels or 0,
            split or 0,
            *onehot.values(),
            *(at for at, _ in subgroups),
            0,
        ),
    )


def _missing_subgroups(path: Path, table: TableFiles, columns: _Columns) -> list[Finding]:
    found = {subgroup.name for _, subgroup in columns.subgroups}
    return [
        note(
            "missing-column",
            f"{path.name} has no column `{subgroup.column}`: no results by {subgroup.name}",
        )
        for subgroup in table.subgroups
        if subgroup.name not in found
    ]


def _row_findings(
    path: Path, unusable: list[str], repeated: list[str], conflicting: list[str]
) -> list[Finding]:
    found = []
    if unusable:
        sentence = f"{plural(len(unusable), 'row')} of {path.name} unusable: {some(unusable)}"
        found.append(warning("unusable-rows", sentence))
    if repeated:
        sentence = f"{plural(len(repeated), 'row')} of {path.name} repeated: {some(repeated)}"
        found.append(note("repeated-rows", sentence))
    if conflicting:
        sentence = (
            f"{plural(len(conflicting), 'row')} of {path.name} contradict an earlier row of the "
            f"same image, which is used: {some(conflicting)}"
        )
        found.append(warning("contradicting-rows", sentence))
    return found


def _onehot(row: list[str], class_at: dict[str, int]) -> list[str] | None:
    """Return the classes whose column is 1; None where a cell is neither 1 nor 0."""
    labels = []
    for name, at in class_at.items():
        value = row[at].strip().casefold()
        if value in _TRUE:
            labels.append(name)
        elif value not in _FALSE:
            return None
    return labels


def _patient(cell: str) -> str:
    """Return `13` for `00000013` too: releases of one data set differ in the spelling."""
    value = cell.strip()
    return str(int(value)) if value.isascii() and value.isdigit() else value
