"""Sensitivity and specificity that fell, beside a primary metric that may not have."""

from collections.abc import Iterator

from medtui.analysis.differences import Differences
from medtui.metrics import BESIDE_PRIMARY, Metric, metric_named
from medtui.metrics.intervals import Difference


def fallen_metrics(found: Differences) -> Iterator[tuple[Metric, Difference]]:
    """Yield the metrics beside the primary one whose whole 95 % interval lies below zero."""
    for name in BESIDE_PRIMARY:
        metric, difference = metric_named(name), found.by_metric.get(name)
        if metric is None or difference is None or not difference.has_interval:
            continue
        if difference.high < 0:
            yield metric, difference
