"""95 % intervals of the metrics of each class against the rest, or why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from medtui.events import Metrics
from medtui.metrics.interval_reasons import reason_without
from medtui.metrics.intervals import jackknife_intervals
from medtui.metrics.registry import Metric, reported_metrics
from medtui.metrics.scores import Scores


@dataclass(frozen=True)
class ClassIntervals:
    """Intervals of single classes; every measured number stands in one of both."""

    intervals: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    """Class to metric to its interval."""
    missing: dict[str, dict[str, str]] = field(default_factory=dict)
    """Class to metric to the reason for none."""


def class_intervals(
    scores: Scores,
    patients: Sequence[str],
    classes: Sequence[str],
    per_class: Mapping[str, Metrics],
) -> ClassIntervals:
    """Return the jackknife's intervals of what was measured of each class.

    The smallest numbers of patients are those of a metric of one class, and it needs images with
    the class, and without it, as a positive class of two does.
    """
    found = ClassIntervals()
    for index, name in enumerate(classes):
        alone = scores.of_class(index)
        metrics = [
            metric
            for metric in reported_metrics()
            if metric.is_per_class and per_class[name].get(metric.name) is not None
        ]
        intervals = jackknife_intervals(alone, patients, metrics)
        found.intervals[name] = intervals
        found.missing[name] = {
            metric.name: _reason(metric, alone, patients, name)
            for metric in metrics
            if metric.name not in intervals
        }
    return found


def _reason(metric: Metric, alone: Scores, patients: Sequence[str], name: str) -> str:
    return reason_without(metric, alone, patients, [name]) or "it does not vary between patients"
