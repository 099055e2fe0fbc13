"""Reads the rows of a table: names, labels, patients, subgroups. Opens no image."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medtui.datasets.card import Card
from medtui.datasets.findings import error, note, warning
from medtui.datasets.formats.joined_table import read_joined_table
from medtui.datasets.formats.label_columns import OneHotColumns, UnusableRow
from medtui.datasets.formats.label_names import LabelNames
from medtui.datasets.formats.repeated_rows import ImageRow, RepeatedRows
from medtui.datasets.formats.table_columns import UNCERTAIN, find_columns, missing_subgroups
from medtui.datasets.index import some
from medtui.datasets.tables.table import TableText
from medtui.protocol.finding import Finding
from medtui.units import plural

MAX_UNUSABLE = 0.5
"""A larger share of unusable rows means that the table is read in a wrong way."""

_NAME_LENGTH = 40
"""Characters of a name that a message shows."""


@dataclass
class Rows:
    """Content of a table, image by image."""

    names: list[str] = field(default_factory=list)
    """Image names as spelled in the table, each once."""
    labels: list[list[str]] = field(default_factory=list)
    """Labels of each image."""
    unknown: list[frozenset[str]] = field(default_factory=list)
    """Classes of each image whose labels are masked."""
    patients: list[str] = field(default_factory=list)
    """Patient of each image; all empty without a patient column."""
    splits: list[str] = field(default_factory=list)
    """Cell of the split column of each image; all empty without one."""
    subgroups: dict[str, list[str]] = field(default_factory=dict)
    """Subgroup to the value of each image."""
    unusable: list[str] = field(default_factory=list)
    """Names of images that have unusable rows alone."""
    findings: list[Finding] = field(default_factory=list)
    """Which rows could not be used, and why."""

    def extend(self, rows: "Rows") -> None:
        """Add the rows of another table."""
        self.names += rows.names
        self.labels += rows.labels
        self.unknown += rows.unknown
        self.patients += rows.patients
        self.splits += rows.splits
        for name in self.subgroups.keys() | rows.subgroups.keys():
            known = self.subgroups.setdefault(name, [])
            known += [""] * (len(self.names) - len(rows.names) - len(known))
            known += rows.subgroups.get(name, [""] * len(rows.names))
        self.unusable += rows.unusable
        self.findings += rows.findings

    def choose(self, positions: Sequence[int]) -> "Rows":
        """Return the content of the images at `positions`, without findings."""
        return Rows(
            names=[self.names[each] for each in positions],
            labels=[self.labels[each] for each in positions],
            unknown=[self.unknown[each] for each in positions],
            patients=[self.patients[each] for each in positions],
            splits=[self.splits[each] for each in positions],
            subgroups={
                name: [values[each] for each in positions]
                for name, values in self.subgroups.items()
            },
        )


def read_rows(path: Path, card: Card) -> Rows:
    """Return the rows of a table, those of one image united by the card's rule.

    Raises:
        EnvironmentProblem: the file cannot be read.
        UsageError: the file is not a table, or lacks a column.
    """
    table = card.table
    assert table is not None
    text = read_joined_table(path, table)
    columns, names = find_columns(text, card), LabelNames(card)
    rows_of = defaultdict[str, list[ImageRow]](list)
    unusable = defaultdict[str, list[str]](list)
    for line, row in zip(text.lines, text.rows, strict=True):
        match columns.read(row, names):
            case UnusableRow(reason):
                name = row[columns.name].strip() if len(row) > columns.name else ""
                unusable[reason].append(name or f"line {line}")
            case ImageRow() as found:
                rows_of[found.name.replace("\\", "/")].append(found)
    repeated = RepeatedRows(
        table.rows or ("any" if card.task == "multi" else "first"), is_stated=bool(table.rows)
    )
    united = [repeated.unite(each) for each in rows_of.values()]
    rows = _gathered(united, [subgroup.name for _, subgroup in columns.subgroups])
    rows.unusable = sorted({name for each in unusable.values() for name in each} - {*rows.names})
    rows.findings = [
        *text.findings,
        *missing_subgroups(text, card),
        *_unusable_findings(text, unusable),
        *_uncertain_findings(text, columns.labels, unusable.get(UNCERTAIN.reason, [])),
        *_none_label_findings(text, rows_of.values(), table.none_label),
        *repeated.findings(path.name),
        *names.findings(path.name),
    ]
    return rows


def _gathered(images: Sequence[ImageRow], subgroups: list[str]) -> Rows:
    return Rows(
        names=[each.name for each in images],
        labels=[list(each.labels) for each in images],
        unknown=[each.unknown for each in images],
        patients=[each.patient for each in images],
        splits=[each.split for each in images],
        subgroups={
            name: [each.subgroups[at] for each in images] for at, name in enumerate(subgroups)
        },
    )


def _unusable_findings(text: TableText, unusable: dict[str, list[str]]) -> list[Finding]:
    """Return how many rows cannot be used, by reason; uncertain labels are told apart."""
    told = {reason: names for reason, names in unusable.items() if reason != UNCERTAIN.reason}
    total = sum(map(len, told.values()))
    if not total:
        return []
    reasons = "; ".join(f"{reason} ({_some(names)})" for reason, names in sorted(told.items()))
    sentence = f"{plural(total, 'row')} of {text.path.name} unusable: {reasons}"
    is_most = total > MAX_UNUSABLE * len(text.rows)
    return [(error if is_most else warning)("unusable-rows", sentence)]


def _uncertain_findings(text: TableText, columns: object, left_out: list[str]) -> list[Finding]:
    """Return the counts of uncertain values, and what became of them."""
    if not isinstance(columns, OneHotColumns) or not columns.num_uncertain:
        return []
    counts = ", ".join(f"{name} {count:,}" for name, count in columns.num_uncertain.most_common())
    match columns.uncertain:
        case "ignore":
            what = "left out of loss and metrics"
        case "negative" | "positive":
            what = f"read as {columns.uncertain}"
        case None:
            rows = plural(columns.num_uncertain_rows, "row")
            sentence = (
                f"{rows} of {len(text.rows):,} of {text.path.name} left out, since a label is "
                f"uncertain (-1, nan, NA or U): {counts}; {_some(left_out)}. To use them, set "
                "table.uncertain to "
                '"ignore" (that label alone is left out), "negative" or "positive"'
            )
            is_most = columns.num_uncertain_rows > MAX_UNUSABLE * len(text.rows)
            return [(error if is_most else warning)("uncertain-labels", sentence)]
    sentence = f"uncertain labels of {text.path.name} {what}: {counts}"
    return [note("uncertain-labels", sentence)]


def _none_label_findings(
    text: TableText, images: Iterable[list[ImageRow]], none_label: str
) -> list[Finding]:
    """Return a warning where a row gives the label for no finding beside another one."""
    mixed = [
        row.name
        for rows in images
        for row in rows
        if none_label and none_label in row.labels and len(row.labels) > 1
    ]
    if not mixed:
        return []
    sentence = (
        f"{plural(len(mixed), 'row')} of {text.path.name} with `{none_label}` beside another "
        f"label, which is used: {_some(mixed)}"
    )
    return [warning("none-label-contradicted", sentence)]


def _some(names: Sequence[str]) -> str:
    """Return some names, long ones shortened from the left, where paths are alike."""
    return some(
        [name if len(name) <= _NAME_LENGTH else f"...{name[-_NAME_LENGTH:]}" for name in names]
    )
