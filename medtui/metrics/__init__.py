"""The metrics: one registry of what predictions amount to. Knows no torch, and loads no numpy.

Predictions as arrays are `medtui.metrics.scores`; the numbers are computed from them by
`medtui.metrics.measurement` and `medtui.metrics.intervals`.
"""

from medtui.metrics.positive import (
    PositiveClass,
    common_positive,
    has_positive_class,
    positive_class,
)
from medtui.metrics.primary import BESIDE_PRIMARY, class_metric, primary_metric
from medtui.metrics.registry import Metric, all_metrics, metric_named, reported_metrics
from medtui.metrics.task import VAL_USE, Task, common_task, infer_task

__all__ = [
    "BESIDE_PRIMARY",
    "VAL_USE",
    "Metric",
    "PositiveClass",
    "Task",
    "all_metrics",
    "class_metric",
    "common_positive",
    "common_task",
    "has_positive_class",
    "infer_task",
    "metric_named",
    "positive_class",
    "primary_metric",
    "reported_metrics",
]
