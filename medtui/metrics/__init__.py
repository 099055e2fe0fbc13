"""The metrics: one registry of what predictions amount to. Knows no torch, and loads no numpy.

The arrays are in `medtui.metrics.scores`; whoever has predictions imports that, and
`medtui.metrics.measurement` or `medtui.metrics.intervals` for the numbers.
"""

from medtui.metrics.primary import class_metric, primary_metric
from medtui.metrics.registry import Metric, all_metrics, metric_named, reported_metrics
from medtui.metrics.task import Task, common_task, infer_task

__all__ = [
    "Metric",
    "Task",
    "all_metrics",
    "class_metric",
    "common_task",
    "infer_task",
    "metric_named",
    "primary_metric",
    "reported_metrics",
]
