"""Headers and cells of Compare's table: a header has the unit, its cells are numbers alone."""

from collections.abc import Sequence

from medtui.analysis.column import Column
from medtui.analysis.columns import column_named
from medtui.analysis.run_record import RunRecord, task_of
from medtui.metrics import Metric, primary_metric
from medtui.units import MIB, MISSING, format_bytes

_SHORT = {
    "accuracy": "acc", "balanced_accuracy": "bal. acc", "exact_match": "exact",
    "sensitivity": "sens", "specificity": "spec", "average_precision": "AP", "smaller": "smaller",
    "latency": "ms", "sparse_size": "MiB", "actual_density": "kept",
}  # fmt: skip
"""Columns to headers that are shorter than their labels; the frame's title says what is tested."""

_MOST_BENCHES = 200
"""Runs whose benchmarks are looked for, to decide whether the table has a column for them."""

ASCENDING, DESCENDING = "▴", "▾"
"""Behind the header of the column by which rows are ordered."""


def screen_columns(entries: Sequence[RunRecord]) -> list[Column]:
    """Return the default columns on screen: what decides which run is used, from left to right."""
    task = task_of(entries)
    beside = ["exact_match", "accuracy"] if task == "multi" else ["auroc"]
    looked = entries[:_MOST_BENCHES]
    latency = ["latency"] if any(entry.folder.bench.exists() for entry in looked) else []
    names = ["run", primary_metric(task).name, *beside, "sensitivity", "specificity",
             "density", "sparse_size", "smaller", *latency]  # fmt: skip
    return [column_named(name) for name in names]


def heading_of(column: Column, entries: Sequence[RunRecord], *, is_wide: bool = False) -> str:
    """Return a column's header: `test %` of the primary metric, `sens %`, `MiB`."""
    if column.name == "smaller" and is_wide:
        return "file smaller"
    if column.metric is None:
        label = _SHORT.get(column.name, column.label)
        return f"{label} MiB" if _is_bytes(column) and label != "MiB" else label
    percent = " %" if column.metric.is_share else ""
    if column.split == "test" and column.metric is primary_metric(task_of(entries)):
        return f"test{percent or f' {column.metric.label}'}"
    return f"{'val ' if column.split == 'val' else ''}{short_label(column.metric)}{percent}"


def short_label(metric: Metric) -> str:
    """Return a metric's label as headers have it: `sens`."""
    return _SHORT.get(metric.name, metric.label)


def cell_of(column: Column, entry: RunRecord) -> str:
    """Return a run's value without the unit that the header has."""
    if column.is_text or column.metric is not None:
        return without_unit(column, column.text(entry))
    return number_text(column, column.number(entry))


def number_text(column: Column, value: float | None) -> str:
    """Return a number of a column that is no metric, without the unit that its header has."""
    if _is_bytes(column):
        return MISSING if value is None else _three_digits(value / MIB)
    return column.show(value)


def without_unit(column: Column, text: str) -> str:
    """Return a text without the percent signs that the column's header has."""
    if column.metric is not None and column.metric.is_share:
        return text.replace(" %", "")
    return text


def order_mark(column: Column, sort: str) -> str:
    """Return the mark behind a header: by which column rows are ordered, and in which direction."""
    if column.name != sort.removeprefix("-"):
        return ""
    return f" {DESCENDING if sort.startswith('-') else ASCENDING}"


def _is_bytes(column: Column) -> bool:
    return column.show is format_bytes


def _three_digits(value: float) -> str:
    return f"{value:.3g}" if value < 999.5 else f"{value:,.0f}"  # noqa: PLR2004 - rounds to 1000
