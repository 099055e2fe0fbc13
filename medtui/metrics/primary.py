"""The metrics that decide: which one judges a run, and which one judges a class."""

from medtui.metrics.registry import Metric, metric_named
from medtui.metrics.task import Task

_PRIMARY: dict[Task, str] = {"single": "accuracy", "multi": "auroc"}
"""Accuracy over image-class pairs says little where most findings are absent, hence AUROC."""

_OF_CLASSES: dict[Task, str] = {"single": "sensitivity", "multi": "auroc"}

BESIDE_PRIMARY = ("sensitivity", "specificity")
"""Read beside the primary metric: a gain in one of them may hide a loss in the other."""


def primary_metric(task: Task) -> Metric:
    """Return the metric that a study is judged by, wherever one number stands for a run."""
    return _named(_PRIMARY[task])


def class_metric(task: Task) -> Metric:
    """Return the metric that a single class is judged by."""
    return _named(_OF_CLASSES[task])


def _named(name: str) -> Metric:
    metric = metric_named(name)
    assert metric is not None, "the registry has a row for every deciding metric"
    return metric
