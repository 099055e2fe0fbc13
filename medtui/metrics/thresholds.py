"""Decision thresholds of multi-label classes, chosen on val.

Shapes: N images with a known label, K classes, L distinct scores in descending order.
"""

import math
from dataclasses import dataclass

import numpy as np

from medtui.metrics.none_class import NoneColumns
from medtui.metrics.scores import Floats, Labels, Scores
from medtui.metrics.threshold_rule import FORMER_RULE, ThresholdRule, wanted_sensitivity


@dataclass(frozen=True)
class Decision:
    """How answers of a multi-label task follow from probabilities."""

    rule: ThresholdRule = FORMER_RULE
    none: NoneColumns | None = None
    """The class that is answered only beside no other; None where there is none."""


NO_CHOICE = 0.5
"""Threshold of a class without positives, or without negatives, on val."""


def choose_thresholds(val: Scores, rule: ThresholdRule = FORMER_RULE) -> list[float]:
    """Return the threshold of each class by a rule; 0.5 for a class that val lacks."""
    thresholds = []
    for index in range(val.num_classes):
        rows = val.rows_of(index)
        labels_N = val.labels_NK[rows, index]
        is_undecided = rule == "half" or labels_N.size == 0 or labels_N.min() == labels_N.max()
        limit = NO_CHOICE if is_undecided else _choose(labels_N, val.scores_NK[rows, index], rule)
        thresholds.append(limit)
    return thresholds


def _choose(labels_N: Labels, scores_N: Floats, rule: ThresholdRule) -> float:
    """Return the threshold of a class with positives and negatives."""
    if rule == "youden":
        return _youden(labels_N, scores_N)
    limits_L, found_L, answered_L = _counts(labels_N, scores_N)
    positives = int(labels_N.sum())
    if (sensitivity := wanted_sensitivity(rule)) is not None:
        # The tolerance keeps 0.9 of 10 positives at 9: 0.9 * 10 may exceed 9 in the last digit.
        return float(limits_L[np.argmax(found_L >= sensitivity * positives - 1e-9)])
    if rule == "f1":
        return float(limits_L[np.argmax(2 * found_L / (answered_L + positives))])
    assert rule == "prevalence", rule
    return float(limits_L[np.argmin(np.abs(answered_L - positives))])


def _youden(labels_N: Labels, scores_N: Floats) -> float:
    """Source: Youden 1950, doi 10.1002/1097-0142(1950)3:1<32."""
    from sklearn.metrics import roc_curve

    false_rate, true_rate, limits = roc_curve(labels_N, scores_N)
    limit = float(limits[np.argmax(true_rate - false_rate)])
    return limit if math.isfinite(limit) else 1.0


def _counts(labels_N: Labels, scores_N: Floats) -> tuple[Floats, Labels, Labels]:
    """Return the distinct scores, and at each as threshold the positives found and the answers."""
    order_N = np.argsort(-scores_N, kind="stable")
    sorted_N = scores_N[order_N]
    last_L = np.flatnonzero(np.append(np.diff(sorted_N) != 0, True))
    return sorted_N[last_L], np.cumsum(labels_N[order_N])[last_L], last_L + 1
