"""Specificity of each class at a fixed sensitivity, with the threshold chosen on val."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from medtui.metrics.operating_point import OperatingPoint
from medtui.metrics.rates import sensitivity, specificity
from medtui.metrics.registry import defined
from medtui.metrics.scores import Scores
from medtui.metrics.threshold_rule import FIXED_SENSITIVITY, at_sensitivity
from medtui.metrics.thresholds import choose_thresholds


def operating_points(
    val: Scores, split: Scores, classes: Sequence[str], wanted: float = FIXED_SENSITIVITY
) -> dict[str, OperatingPoint]:
    """Return each judged class's point on a split; classes that val lacks are left out.

    Single-label tasks of more than two classes have none: their answers exclude each other.
    """
    if val.task == "single" and val.num_classes > 2:  # noqa: PLR2004 - a positive class and another
        return {}
    found = {}
    for index in val.judged:
        own, alone = val.of_class(index), split.of_class(index)
        labels_N = own.labels_NK[own.labelled]
        if labels_N.size == 0 or labels_N.min() == labels_N.max():
            continue
        (limit,) = choose_thresholds(own, at_sensitivity(wanted))
        at = replace(alone, answers_NK=(alone.scores_NK >= limit).astype(np.int64))
        found[classes[index]] = OperatingPoint(
            wanted, limit, defined(sensitivity(at)), defined(specificity(at))
        )
    return found
