"""Predictions to numbers: every reported metric of a split, and of each of its classes."""

from collections.abc import Sequence

from medtui.events import Metrics
from medtui.metrics.registry import defined, reported_metrics
from medtui.metrics.scores import Scores


def measure(scores: Scores) -> Metrics:
    """Return every metric of the task; None where it is undefined."""
    return {
        metric.name: defined(metric.compute(scores)) for metric in reported_metrics(scores.task)
    }


def measure_classes(scores: Scores, classes: Sequence[str]) -> dict[str, Metrics]:
    """Return each class's metrics against the rest, with its `prevalence` among known labels."""
    found: dict[str, Metrics] = {}
    for index, name in enumerate(classes):
        alone = scores.of_class(index)
        labels_N = scores.labels_NK[scores.rows_of(index), index]
        measured: Metrics = {
            metric.name: defined(metric.compute(alone))
            for metric in reported_metrics()
            if metric.is_per_class
        }
        found[name] = measured | {"prevalence": float(labels_N.mean()) if labels_N.size else None}
    return found
