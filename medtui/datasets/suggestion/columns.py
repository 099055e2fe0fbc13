"""Columns of a table that may hold labels, patients or the split, with their evidence."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from medtui.datasets.suggestion import words
from medtui.datasets.suggestion.cells import (
    BinaryCells,
    Form,
    binary_cells,
    is_empty,
    label_cells,
    parts_named,
)
from medtui.datasets.suggestion.tables import ImageColumn, Table
from medtui.errors import UsageError
from medtui.suggest import did_you_mean

_MEASURES = frozenset(
    {"x", "y", "w", "h", "width", "height", "xmin", "ymin", "xmax", "ymax", "min", "max", "row",
     "rows", "column", "columns", "spacing", "pixel", "size", "coord", "index", "unnamed"}
)  # fmt: skip
"""Words of columns that measure an image and are no labels."""


@dataclass(frozen=True)
class LabelColumns:
    """One column of labels, or several 0/1 columns."""

    value: str
    """The column's name; `first:last` for 0/1 columns."""
    names: tuple[str, ...]
    """Names of the columns."""
    counts: Counter[str]
    """Label to its number of rows."""
    form: Form | None
    """How labels are written in the cells; None for 0/1 columns."""
    separator: str
    """Separator of joined labels."""
    is_likely: bool
    """Whether the column's name, or the form of several 0/1 columns, means labels."""
    is_single: bool
    """Whether each image has exactly one label."""
    num_uncertain: int = 0
    """Cells of -1."""
    left_out: tuple[str, ...] = ()
    """0/1 columns without a single 1."""
    aliases: tuple[str, ...] = ()
    """Columns that divide the images in the same way."""


@dataclass(frozen=True)
class GroupColumn:
    """A column that may hold the patient."""

    name: str
    rank: int
    """0 for a patient, 1 for a lesion or case, 2 for other identifiers that repeat."""
    groups: tuple[str, ...]
    """Cell of each row."""

    @property
    def num_groups(self) -> int:
        """Number of patients; empty cells are none."""
        return len({each for each in self.groups if not is_empty(each)})


@dataclass(frozen=True)
class TableColumns:
    """What the columns of a table may be."""

    labels: list[LabelColumns]
    patients: list[GroupColumn]
    splits: dict[str, Counter[str]]
    """Column of the split to its parts and their rows."""


def read_columns(table: Table, image: ImageColumn) -> TableColumns:
    """Return what the other columns of a table may be, in the rows whose image is here."""
    rows = sorted(image.files)
    cells = {
        at: table.cells(at, rows)
        for at, title in enumerate(table.header)
        if at != image.at and title.strip()
    }
    cells = {at: column for at, column in cells.items() if any(column)}
    titles = {at: table.header[at].strip() for at in cells}
    splits = {
        titles[at]: parts for at, column in cells.items() if len(parts := parts_named(column)) > 1
    }
    patients = _patients(titles, cells)
    known = {*splits, *(each.name for each in patients if each.rank < 2)}  # noqa: PLR2004 - named so
    rest = {at: column for at, column in cells.items() if titles[at] not in known}
    files = [image.files[row] for row in rows]
    labels = _labels(titles, rest, files)
    taken = {name for each in labels if each.is_likely for name in each.names}
    patients = [each for each in patients if each.name not in taken]
    return TableColumns(labels, patients, splits)


def _patients(titles: dict[int, str], cells: dict[int, list[str]]) -> list[GroupColumn]:
    found = []
    for at, column in cells.items():
        title, values = titles[at], {cell for cell in column if not is_empty(cell)}
        rank = words.patient_rank(title)
        is_age = words.is_age_name(title)
        if rank is None and words.is_id_name(title) and _repeats(column, values):
            rank = 2
        if rank is not None and not is_age and len(values) > 1:
            found.append(GroupColumn(title, rank, tuple(column)))
    return sorted(found, key=lambda each: (each.rank, each.num_groups))


def _repeats(column: list[str], values: set[str]) -> bool:
    """Return whether the values are many, and some of them repeat."""
    return max(5, len(column) // 20) <= len(values) < len(column)


def _labels(
    titles: dict[int, str], cells: dict[int, list[str]], files: Sequence[str]
) -> list[LabelColumns]:
    binary = {at: bits for at, column in cells.items() if (bits := binary_cells(column))}
    found, grouped = list[LabelColumns](), set[int]()
    for run in _runs(sorted(binary), titles):
        found.append(_onehot([(titles[at], binary[at]) for at in run], len(files)))
        grouped.update(run)
    for at, column in cells.items():
        if at not in grouped and (single := _single(titles[at], column, files)):
            found.append(single)
    return _without_aliases(found, titles, cells)


def _runs(ats: list[int], titles: dict[int, str]) -> list[list[int]]:
    """Return runs of 0/1 columns beside each other; a lone column is a label of its own."""
    order = {at: place for place, at in enumerate(sorted(titles))}
    runs: list[list[int]] = []
    for at in ats:
        if runs and order[at] == order[runs[-1][-1]] + 1:
            runs[-1].append(at)
        else:
            runs.append([at])
    return [run for run in runs if len(run) > 1]


def _onehot(columns: list[tuple[str, BinaryCells]], num_rows: int) -> LabelColumns:
    kept = [(name, cells) for name, cells in columns if cells.num_ones]
    ones: Counter[int] = Counter(row for _, cells in kept for row in cells.ones)
    is_single = len(ones) == num_rows and set(ones.values()) == {1} and len(kept) > 1
    names = tuple(name for name, _ in kept)
    return LabelColumns(
        value=f"{columns[0][0]}:{columns[-1][0]}",
        names=names,
        counts=Counter({name: cells.num_ones for name, cells in kept}),
        form=None,
        separator="|",
        is_likely=len(kept) > 1 and (is_single or any(cells.is_numeric for _, cells in kept)),
        is_single=is_single,
        num_uncertain=sum(cells.num_uncertain for _, cells in kept),
        left_out=tuple(name for name, cells in columns if not cells.num_ones),
    )


def _single(
    title: str, column: list[str], files: Sequence[str], *, is_asked: bool = False
) -> LabelColumns | None:
    found = label_cells(column)
    is_likely = words.is_label_name(title)
    is_measure = bool(_MEASURES & set(words.tokens(title))) or words.is_age_name(title)
    if found is None or (is_measure and not is_likely and not is_asked):
        return None
    values_of: dict[str, set[str]] = {}
    for file, cell in zip(files, column, strict=True):
        if cell:
            values_of.setdefault(file, set()).add(cell)
    is_single = found.form == "plain" and all(len(values) == 1 for values in values_of.values())
    return LabelColumns(
        title, (title,), found.counts, found.form, found.separator, is_likely, is_single
    )


def _without_aliases(
    found: list[LabelColumns], titles: dict[int, str], cells: dict[int, list[str]]
) -> list[LabelColumns]:
    """Keep one of several columns with the same partition: words before numbers."""
    column_of = {titles[at]: column for at, column in cells.items()}
    kept = list[LabelColumns]()
    for each in sorted(found, key=lambda each: (not each.is_likely, _are_numbers(each.counts))):
        same = next(
            (
                other
                for other in kept
                if each.form == "plain" == other.form
                and _same_partition(column_of[each.value], column_of[other.value])
            ),
            None,
        )
        if same is None:
            kept.append(each)
        else:
            kept[kept.index(same)] = replace(same, aliases=(*same.aliases, each.value))
    return kept


def _are_numbers(counts: Counter[str]) -> bool:
    return all(value.lstrip("-").replace(".", "", 1).isdigit() for value in counts)


def _same_partition(first: Sequence[str], second: Sequence[str]) -> bool:
    pairs = set(zip(first, second, strict=True))
    return len(pairs) == len(set(first)) == len(set(second))


def is_nested(fine: Sequence[str], coarse: Sequence[str]) -> bool:
    """Return whether each group of the first lies within one group of the second."""
    return len(set(zip(fine, coarse, strict=True))) == len(set(fine))


def has_label_columns(table: Table) -> bool:
    """Return whether a table that names no file has columns that are likely to hold labels."""
    rows = list(range(len(table.rows)))
    cells = {at: table.cells(at, rows) for at, title in enumerate(table.header) if title.strip()}
    titles = {at: table.header[at].strip() for at in cells}
    names = [str(row) for row in rows]
    return any(each.is_likely for each in _labels(titles, cells, names))


def chosen_labels(table: Table, image: ImageColumn, names: Sequence[str]) -> LabelColumns:
    """Return the labels in the columns that a person named; `a:b` are the columns from a to b.

    Raises:
        UsageError: there is no such column, or its cells are no labels.
    """
    rows = sorted(image.files)
    ats = _positions(table, names)
    titles = {at: table.header[at].strip() for at in ats}
    cells = {at: table.cells(at, rows) for at in ats}
    if len(ats) > 1:
        binary = {at: bits for at in ats if (bits := binary_cells(cells[at]))}
        others = [titles[at] for at in ats if at not in binary]
        if others and not any(":" in name for name in names):
            raise UsageError(f"{', '.join(others)}: these columns hold more than 0 and 1.")
        return _onehot([(titles[at], binary[at]) for at in ats if at in binary], len(rows))
    found = _single(
        titles[ats[0]], cells[ats[0]], [image.files[row] for row in rows], is_asked=True
    )
    if found is None:
        num_values = len(set(cells[ats[0]]))
        raise UsageError(
            f"{titles[ats[0]]}: {num_values:,} values in {len(rows):,} rows are no labels.",
            hint="Choose a column of two or more values that repeat.",
        )
    return found


def _positions(table: Table, names: Sequence[str]) -> list[int]:
    header = [title.strip() for title in table.header]
    ats = list[int]()
    for name in names:
        first, _, last = (name, "", name) if name in header else name.partition(":")
        missing = [each for each in (first, last) if each not in header]
        if missing:
            raise UsageError(
                f"{table.value}: no column `{missing[0]}`. "
                f"{did_you_mean(missing[0], header, otherwise='')}".rstrip(),
                hint=f"Its columns: {', '.join(header)}.",
            )
        ats += range(header.index(first), header.index(last) + 1)
    return list(dict.fromkeys(ats))
