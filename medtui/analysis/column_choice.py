"""Which columns a table of runs shows where nobody names them."""

from collections.abc import Sequence

from medtui.analysis.column import Column
from medtui.analysis.columns import column_named
from medtui.analysis.run_record import RunRecord, positive_of, task_of
from medtui.metrics import primary_metric


def usual_columns(entries: Sequence[RunRecord]) -> list[Column]:
    """Return the default columns for these runs' task; they need no files but the results."""
    task = task_of(entries)
    beside = ["exact_match", "accuracy"] if task == "multi" else ["auroc"]
    headline = [primary_metric(task).name, *beside]
    search = ["search"] if any(entry.is_probe or entry.is_chosen for entry in entries) else []
    names = ["run", *search, "scheme", "density", "actual_density", *headline, "sensitivity",
             "specificity", "parameters", "sparse_size", "cycle", "time"]  # fmt: skip
    return [column_named(name) for name in names]


def with_positive_class(columns: Sequence[Column], entries: Sequence[RunRecord]) -> list[Column]:
    """Return the columns, and before metrics of the positive class that class where runs differ."""
    at = next((at for at, column in enumerate(columns) if column.is_of_positive), None)
    is_shared = positive_of(entries) or not any(entry.result.positive for entry in entries)
    if at is None or is_shared or any(column.name == "positive_class" for column in columns):
        return list(columns)
    return [*columns[:at], column_named("positive_class"), *columns[at:]]


def differing(columns: Sequence[Column], entries: Sequence[RunRecord]) -> list[Column]:
    """Return the columns in which runs differ, and that of the run's name."""
    return [
        column for column in columns
        if column.name == "run" or len({column.text(entry) for entry in entries}) > 1
    ]  # fmt: skip
