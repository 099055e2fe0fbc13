"""Decision thresholds of multi-label classes, chosen on val.

Shapes: K classes, L distinct scores in descending order, P points of a ROC curve.
"""

import math
from dataclasses import dataclass

import numpy as np

from medtui.metrics.curve import Curve, roc_points
from medtui.metrics.none_class import NoneColumns
from medtui.metrics.scores import Scores
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
    if rule == "half":
        return [NO_CHOICE] * val.num_classes
    return [_choose(curve, rule) if curve.is_ranked else NO_CHOICE for curve in val.curves]


def _choose(curve: Curve, rule: ThresholdRule) -> float:
    """Return the threshold of a class with positives and negatives."""
    if rule == "youden":
        return _youden(curve)
    limits_L, found_L = curve.limits_L, curve.found_L
    answered_L, positives = found_L + curve.wrong_L, found_L[-1]
    if (sensitivity := wanted_sensitivity(rule)) is not None:
        # The tolerance keeps 0.9 of 10 positives at 9: 0.9 * 10 may exceed 9 in the last digit.
        return float(limits_L[np.argmax(found_L >= sensitivity * positives - 1e-9)])
    if rule == "f1":
        return float(limits_L[np.argmax(2 * found_L / (answered_L + positives))])
    assert rule == "prevalence", rule
    return float(limits_L[np.argmin(np.abs(answered_L - positives))])


def _youden(curve: Curve) -> float:
    """Source: Youden 1950, doi 10.1002/1097-0142(1950)3:1<32."""
    false_P, true_P, limits_P = roc_points(curve)
    limit = float(limits_P[np.argmax(true_P - false_P)])
    return limit if math.isfinite(limit) else 1.0
