"""Figures with names along y: changes with intervals, classes, means by scheme and density."""

from dataclasses import replace

from medtui.analysis.column import Column
from medtui.analysis.columns import column_named
from medtui.analysis.groups import Group
from medtui.analysis.run_record import task_of
from medtui.charts.figures.data import FigureData
from medtui.charts.plot import Level, Plot, Series
from medtui.metrics import class_metric
from medtui.runs.run_names import is_reference
from medtui.units import GIB, MIB, MISSING

_AVERAGED = ("latency", "throughput", "memory", "peak_memory", "utilisation", "process_memory",
             "cpu", "time")  # fmt: skip
"""Columns whose means are drawn beside the metrics'; those without measurements are left out."""

_SECONDS_PER_MINUTE = 60.0
_MOST_SECONDS = 120.0
_MOST_MIB = 10_000
"""Beyond these, means are in the next larger unit."""


def changes(data: FigureData) -> tuple[Plot, ...]:
    """Return each run's paired change of the primary metric on test, with its 95 % interval."""
    metric = data.headline
    known = [
        (run, found.by_metric[metric.name])
        for run in data.runs
        if (found := data.differences.get(run.entry.key)) and metric.name in found.by_metric
    ]
    scale = 100.0 if metric.is_share else 1.0
    series = tuple(
        replace(
            run.series([(change.value * scale, row)], "dots", digits=None),
            intervals=((change.low * scale, change.high * scale),) if change.has_interval else (),
        )
        for row, (run, change) in enumerate(known)
    )
    unit = ", points" if metric.is_share else ""
    label = f"change of test {metric.label} against {_baseline_of(data)}{unit}"
    return (
        Plot(
            label[:1].upper() + label[1:],
            series,
            (Level("no change", 0.0),),
            x_label=label,
            rows=tuple(run.title for run, _ in known),
            empty=data.without_test("no run was compared with its reference"),
        ),
    )


def _baseline_of(data: FigureData) -> str:
    """Return what the runs were compared with: one run, or each with its control or reference."""
    baselines = list(dict.fromkeys(found.baseline for found in data.differences.values()))
    names = [each.rpartition("/")[2] for each in baselines]
    if all(map(is_reference, names)):
        return "the reference"
    if len(baselines) == 1:
        return baselines[0]
    return "the control, else the reference"


def classes(data: FigureData) -> tuple[Plot, ...]:
    """Return the metric that a class is judged by, of each class in each run."""
    metric = class_metric(task_of(data.entries))
    names = list(dict.fromkeys(
        name for run in data.runs for name in run.entry.result.test.per_class
    ))  # fmt: skip
    series = []
    for run in data.runs:
        per_class = run.entry.result.test.per_class
        values = [metric.scale(per_class.get(name, {}).get(metric.name)) for name in names]
        points = [(value, float(row)) for row, value in enumerate(values) if value is not None]
        series.append(run.series(sorted(points), "dots", digits=None))
    return (
        Plot(
            f"{metric.title} by class on test{metric.unit}",
            tuple(series),
            x_label=f"test {metric.label}, one vs rest{metric.unit}",
            rows=tuple(names),
            empty=data.without_test("no metrics by class"),
        ),
    )


def averages(data: FigureData) -> tuple[Plot, ...]:
    """Return means over the seeds of each scheme and density, with their spread: a plot a column.

    Densities are never merged: a spread is between seeds alone.
    """
    groups = data.cells()
    metrics = dict.fromkeys((data.headline.name, "accuracy", "exact_match", "auroc"))
    columns = [column_named(name) for name in (*metrics, *_AVERAGED)]
    return tuple(_average(column, groups) for column in columns if _is_measured(column, groups))


def _is_measured(column: Column, groups: list[Group]) -> bool:
    """Return whether there is something to draw; an exact match of 0 is, unused memory is not."""
    means = [mean for group in groups if (mean := group.mean(column)) is not None]
    return bool(means) and (column.metric is not None or max(means) > 0)


def _average(column: Column, groups: list[Group]) -> Plot:
    rows = [(row, group, mean) for row, group in enumerate(groups)
            if (mean := group.mean(column)) is not None]  # fmt: skip
    scale, unit, digits = _unit_of(column, max(mean for *_, mean in rows))
    spreads = [group.spread(column) or 0.0 for _, group, _ in rows]
    bars = Series(
        "mean",
        tuple((mean * scale, float(row)) for row, _, mean in rows),
        "bars",
        digits,
        tint="muted",
        intervals=tuple(
            ((mean - spread) * scale, (mean + spread) * scale)
            for (_, _, mean), spread in zip(rows, spreads, strict=True)
        ),
    )
    label = f"{column.label}{unit}"
    names = tuple(_row_name(group) for group in groups)
    return Plot(label, (bars,), x_label=label, rows=names)


def _row_name(group: Group) -> str:
    """Return a group's label, without the mark of a missing density, and its number of runs."""
    label = group.label.removesuffix(f" {MISSING}")
    return label if len(group.members) == 1 else f"{label} ({len(group.members)})"


def _unit_of(column: Column, highest: float) -> tuple[float, str, int]:
    """Return the factor, the unit and the decimals of a column on an axis."""
    if column.metric is not None:
        return (100.0, ", %", 1) if column.metric.is_share else (1.0, "", 3)
    if "memory" in column.name:
        return (1 / MIB, ", MiB", 0) if highest < _MOST_MIB * MIB else (1 / GIB, ", GiB", 1)
    if column.name == "latency":
        return 1.0, "", 2
    if column.name == "throughput":
        return 1.0, "", 0
    if column.name == "time":
        return (1.0, ", s", 0) if highest < _MOST_SECONDS else (1 / _SECONDS_PER_MINUTE, ", min", 1)
    return 1.0, ", %", 0
