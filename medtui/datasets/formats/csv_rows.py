"""Reads the rows of a CSV table: names, labels, patients, subgroups. Opens no image."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

from medtui.datasets.card import Subgroup, TableFiles
from medtui.datasets.findings import Findings, note, warning
from medtui.datasets.index import some
from medtui.datasets.subgroups import subgroup_of
from medtui.errors import EnvironmentProblem, UsageError
from medtui.protocol.finding import Finding
from medtui.suggest import did_you_mean
from medtui.units import plural

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


def read_text_lines(path: Path) -> tuple[list[str], Findings]:
    """Return a text file's lines and findings; a file that is not UTF-8 is read as Windows-1252.

    Raises:
        EnvironmentProblem: the file cannot be read.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise EnvironmentProblem(f"{path}: {error.strerror}. Check its permissions.") from error
    try:
        return raw.decode("utf-8-sig").splitlines(), ()
    except UnicodeDecodeError:
        sentence = f"{path.name} is not UTF-8 and was read as Windows-1252"
        return raw.decode("cp1252", "replace").splitlines(), (note("encoding", sentence),)


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
            labels: list[str] | None = _joined(row[self.labels], self.separator)
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
        UsageError: the file is not a CSV table, or lacks a column.
    """
    lines, findings = read_text_lines(path)
    try:
        header, *body = [row for row in csv.reader(lines) if row] or [[]]
    except csv.Error as error:
        raise UsageError(f"{path} is not a valid CSV table: {error}.") from error
    columns = _columns(path, header, table, classes)
    rows = Rows(findings=[*findings, *_missing_subgroups(path, table, columns)])
    rows.subgroups = {subgroup.name: [] for _, subgroup in columns.subgroups}
    seen: dict[str, list[str]] = {}
    unusable, repeated, conflicting = list[str](), list[str](), list[str]()
    for row in body:
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


def _columns(
    path: Path, header: list[str], table: TableFiles, classes: tuple[str, ...]
) -> _Columns:
    name = _column(path, header, table.name_column)
    patient = _column(path, header, table.patient_column) if table.patient_column else None
    labels = _column(path, header, table.label_column) if table.label_column else None
    split = _column(path, header, table.split_column) if table.split_column else None
    onehot = {each: _column(path, header, each) for each in classes} if labels is None else {}
    known = [cell.strip().casefold() for cell in header]
    subgroups = [
        (known.index(wanted), subgroup)
        for subgroup in table.subgroups
        if (wanted := subgroup.column.strip().casefold()) in known
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


def _column(path: Path, header: list[str], name: str) -> int:
    wanted = name.strip().casefold()
    known = [cell.strip().casefold() for cell in header]
    if wanted in known:
        return known.index(wanted)
    names = [cell.strip() for cell in header]
    raise UsageError(
        f"{path}:1: no column `{name}`. {did_you_mean(name, names, otherwise='')}".rstrip(),
        hint=f"Its columns: {', '.join(names) or 'none'}.",
    )


def _joined(cell: str, separator: str) -> list[str]:
    return [label for each in cell.split(separator) if (label := each.strip())]


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
