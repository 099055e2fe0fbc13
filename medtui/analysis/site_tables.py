"""Tables of runs on other data sets: metrics with intervals, and changes with verdicts."""

from typing import Any

from medtui.analysis.differences import difference_text
from medtui.analysis.run_titles import titles_of
from medtui.analysis.sites import SiteCell, SiteColumn, SiteMatrix
from medtui.analysis.table import Table
from medtui.analysis.verdicts import describe_verdicts
from medtui.metrics import Metric
from medtui.units import MISSING, SEALED, plural

NOTE = (
    "Thresholds and preprocessing are those of each run, chosen at home: on its own data set, of "
    "whose test split the first column is."
)


def site_tables(matrix: SiteMatrix) -> list[Table]:
    """Return a table of the metric on each data set, and one of the changes; none without sites."""
    if not matrix.has_sites:
        return []
    return [_values(matrix), *([changes] if (changes := _changes(matrix)).rows else [])]


def _values(matrix: SiteMatrix) -> Table:
    titles, metric = titles_of(matrix.entries), matrix.metric
    rows = tuple(
        (titles[entry.key], *(value_text(metric, cell) for cell in cells))
        for entry, cells in zip(matrix.entries, matrix.cells, strict=True)
    )
    counts = "; ".join(f"{each.name}: {column_size(each)}" for each in matrix.columns)
    return Table(
        f"{metric.label} on other data sets",
        ("run", *(each.name for each in matrix.columns)),
        rows,
        note=f"With 95 % intervals over patients. {counts}. {NOTE}",
        shown_headers=("run", *(f"{each.name} [95 %]" for each in matrix.columns)),
    )


def _changes(matrix: SiteMatrix) -> Table:
    titles, metric = titles_of(matrix.entries), matrix.metric
    rows = tuple(
        (titles[entry.key], *(change_text(metric, cell) for cell in cells))
        for entry, cells in zip(matrix.entries, matrix.cells, strict=True)
        if any(cell is not None and cell.change is not None for cell in cells)
    )
    margin = max((entry.margin for entry in matrix.entries), default=0.0)
    has_controls = any(entry.folder.is_control for entry in matrix.entries)
    baseline = "control" if has_controls else "reference"
    of_control = " The control's own changes are from the reference." if has_controls else ""
    return Table(
        f"Change of {metric.label} from the {baseline} on the same images",
        ("run", *(each.name for each in matrix.columns)),
        rows,
        note=f"Paired differences with 95 % intervals.{of_control} "
        f"{describe_verdicts(metric, margin)}",
    )


def value_text(metric: Metric, cell: SiteCell | None) -> str:
    """Return a metric with its interval: `93.0 % [90.8, 94.8]`."""
    if cell is not None and cell.is_sealed:
        return SEALED
    return MISSING if cell is None else metric.show_interval(cell.value, cell.interval)


def change_text(metric: Metric, cell: SiteCell | None) -> str:
    """Return a change with its interval and verdict: `-0.6 [-1.1, +0.1] non-inferior`."""
    if cell is None or cell.change is None:
        return SEALED if cell is not None and cell.is_sealed else MISSING
    text = difference_text(metric, cell.change)
    return f"{text} {cell.verdict.text}" if cell.verdict else text


def column_size(column: SiteColumn) -> str:
    """Return images and patients of a data set: `1,204 images of 11 patients`."""
    images = plural(column.num_images, "image")
    return (
        f"{images} of {plural(column.num_patients, 'patient')}" if column.num_patients else images
    )


def matrix_warnings(matrix: SiteMatrix) -> list[str]:
    """Return what a reader of the numbers should know, by data set."""
    return [
        f"{column.name}: {sentence}" for column in matrix.columns for sentence in column.warnings
    ]


def matrix_objects(matrix: SiteMatrix) -> list[dict[str, Any]]:
    """Return a JSON object for each run on each data set."""
    return [
        {
            "study": entry.folder.study.name,
            "run": entry.folder.name,
            "site": column.name,
            "digest": column.digest or None,
            "num_images": column.num_images,
            "num_patients": column.num_patients,
            "metric": matrix.metric.name,
            **_cell_object(cell),
        }
        for entry, cells in zip(matrix.entries, matrix.cells, strict=True)
        for column, cell in zip(matrix.columns, cells, strict=True)
        if cell is not None
    ]


def _cell_object(cell: SiteCell) -> dict[str, Any]:
    change = cell.change
    return {
        "value": cell.value,
        "interval": cell.interval,
        "baseline": cell.baseline or None,
        "change": None if change is None else change.value,
        "change_interval": [change.low, change.high] if change and change.has_interval else None,
        "verdict": cell.verdict.state if cell.verdict else None,
    }
