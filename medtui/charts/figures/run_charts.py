"""Which charts a run has, in the order of their keys: 1 to 9, then by `[` and `]`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from medtui.charts.figures.run import (
    constraint_violation_plot,
    loss_plot,
    metric_plot,
    schedule_plot,
    train_loss_plot,
)
from medtui.charts.figures.run_telemetry import memory_plot, utilisation_plot
from medtui.charts.figures.search import search
from medtui.charts.plot import Plot
from medtui.metrics import Metric, reported_metrics
from medtui.monitor.run_view import RunView

_SHORT_NAMES = {
    "accuracy": "acc", "exact_match": "exact", "balanced_accuracy": "bal. acc",
    "average_precision": "AP", "sensitivity": "sens", "specificity": "spec",
    "calibration_error": "ECE", "brier_score": "Brier",
}  # fmt: skip
"""Names of charts, where the metric's label is too long for the line of charts."""

_EARLY = ("auroc", "sensitivity", "specificity", "f1")
"""Metrics whose charts have a digit; those of others come after all."""


@dataclass(frozen=True)
class RunChart:
    """One chart of the run."""

    name: str
    """As in the line of charts."""
    make: Callable[[RunView], Plot]
    metric: Metric | None = None
    """The metric that it shows by cycle; None of other charts."""


def run_charts(view: RunView) -> tuple[RunChart, ...]:
    """Return all charts of a run, in the order of their keys."""
    headline = view.row.headline
    measured = {name for cycle in view.cycles for name in (*cycle.val, *cycle.test)}
    others = [
        metric for metric in reported_metrics(view.row.task)
        if metric.name in measured and metric.name != headline.name
    ]  # fmt: skip
    early = [metric for metric in others if metric.name in _EARLY]
    charts = [_metric_chart(headline), RunChart("loss", loss_plot), *map(_metric_chart, early)]
    if view.stage == "compress":
        charts.append(RunChart("L-C", constraint_violation_plot))
    charts += [RunChart("lr", schedule_plot), RunChart("step", train_loss_plot)]
    charts += [_metric_chart(metric) for metric in others if metric not in early]
    charts += [RunChart("memory", memory_plot), RunChart("use", utilisation_plot)]
    if view.search is not None:
        charts.append(RunChart("search", lambda each: search(each.search)))
    return tuple(charts)


def _metric_chart(metric: Metric) -> RunChart:
    return RunChart(
        _SHORT_NAMES.get(metric.name, metric.label), partial(metric_plot, metric=metric), metric
    )
