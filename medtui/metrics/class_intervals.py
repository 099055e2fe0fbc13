"""95 % intervals of the metrics of each class against the rest, or why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from medtui.events import Metrics
from medtui.metrics.interval_reasons import reason_without
from medtui.metrics.intervals import jackknife_intervals
from medtui.metrics.positive import has_positive_class
from medtui.metrics.registry import reported_metrics
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

    One class of several needs more patients than one of two. A metric needs images with the class,
    or without it, as that of a positive class does.
    """
    found, is_of_several = ClassIntervals(), not has_positive_class(classes, scores.task)
    for index, name in enumerate(classes):
        alone = scores.of_class(index)
        metrics = [
            metric
            for metric in reported_metrics()
            if metric.is_per_class and per_class[name].get(metric.name) is not None
        ]
        reasons = {
            metric.name: reason_without(
                metric, alone, patients, [name], is_one_of_several=is_of_several
            )
            for metric in metrics
        }
        enough = [metric for metric in metrics if not reasons[metric.name]]
        intervals = jackknife_intervals(alone, patients, enough)
        found.intervals[name] = intervals
        found.missing[name] = {
            metric.name: reasons[metric.name] or "it does not vary between patients"
            for metric in metrics
            if metric.name not in intervals
        }
    return found
