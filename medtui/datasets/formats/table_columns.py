"""Columns of a table that a card names, and what their cells say. Opens no file."""

from dataclasses import dataclass

from medtui.datasets.card import Card
from medtui.datasets.findings import note
from medtui.datasets.formats.label_columns import OneHotColumns, RowLabels, UnusableRow
from medtui.datasets.formats.label_names import LabelNames
from medtui.datasets.formats.repeated_rows import ImageRow
from medtui.datasets.missing_values import is_missing
from medtui.datasets.subgroups import subgroup_of
from medtui.datasets.table_section import Subgroup
from medtui.datasets.tables.label_cell import split_labels
from medtui.datasets.tables.table import TableText
from medtui.protocol.finding import Finding

UNCERTAIN = UnusableRow("a label is uncertain")
"""A row with an uncertain value where the card does not say how to read it."""


@dataclass(frozen=True)
class JoinedColumn:
    """A column of labels joined by a separator, or of lists written as text."""

    at: int
    separator: str

    def read(self, row: list[str]) -> RowLabels | UnusableRow:
        """Return a row's labels."""
        labels = split_labels(row[self.at], self.separator)
        if labels is None:
            return UnusableRow("its list of labels is cut")
        return RowLabels(labels)


@dataclass(frozen=True)
class TableColumns:
    """Positions of the columns that the card names."""

    name: int
    patient: int | None
    rater: int | None
    split: int | None
    labels: JoinedColumn | OneHotColumns
    subgroups: list[tuple[int, Subgroup]]
    """Columns of the subgroups that the table has."""
    width: int
    """Minimum number of columns of a row."""

    def read(self, row: list[str], names: LabelNames) -> ImageRow | UnusableRow:
        """Return what a row says of its image, or why it cannot be used."""
        if len(row) < self.width:
            return UnusableRow("too few cells")
        if not (name := row[self.name].strip()):
            return UnusableRow("no image name")
        found = self.labels.read(row)
        if found is None:
            return UNCERTAIN
        if isinstance(found, UnusableRow):
            return found
        if isinstance(self.labels, JoinedColumn):
            present = names.read(found.present)
            if present is None:
                return UnusableRow("no label")
        else:
            present = found.present
        return ImageRow(
            name,
            tuple(present),
            found.unknown,
            patient=_cell(row, self.patient),
            rater=_cell(row, self.rater),
            split=_cell(row, self.split),
            subgroups=tuple(subgroup_of(row[at], subgroup) for at, subgroup in self.subgroups),
        )


def _cell(row: list[str], at: int | None) -> str:
    return "" if at is None or is_missing(row[at]) else row[at].strip()


def find_columns(text: TableText, card: Card) -> TableColumns:
    """Return the positions of a card's columns.

    Raises:
        UsageError: a column is missing, or several have its name.
    """
    table = card.table
    assert table is not None
    name = text.column(table.name_column)
    patient, rater, split = (
        text.column(column) if column else None
        for column in (table.patient_column, table.rater_column, table.split_column)
    )
    labels: JoinedColumn | OneHotColumns
    if table.label_column:
        labels = JoinedColumn(text.column(table.label_column), table.separator)
        label_positions = [labels.at]
    else:
        class_at = {each: text.column(each) for each in card.classes}
        labels = OneHotColumns(class_at, table.uncertain)
        label_positions = list(class_at.values())
    subgroups = [
        (text.column(subgroup.column), subgroup)
        for subgroup in table.subgroups
        if text.has_column(subgroup.column)
    ]
    at_most = max(
        name,
        *(at or 0 for at in (patient, rater, split)),
        *label_positions,
        *(at for at, _ in subgroups),
    )
    return TableColumns(name, patient, rater, split, labels, subgroups, at_most + 1)


def missing_subgroups(text: TableText, card: Card) -> list[Finding]:
    """Return a note for each subgroup whose column the table lacks."""
    assert card.table is not None
    return [
        note(
            "missing-column",
            f"{text.path.name} has no column `{subgroup.column}`: no results by {subgroup.name}",
        )
        for subgroup in card.table.subgroups
        if not text.has_column(subgroup.column)
    ]
