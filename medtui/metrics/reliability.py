"""Reliability curve, slope and intercept of each class. Shapes: N images, B samples."""

from collections.abc import Sequence

import numpy as np

from medtui.metrics.arrays import Floats
from medtui.metrics.class_calibration import ClassCalibration, ReliabilityBin
from medtui.metrics.draws import without_each_patient
from medtui.metrics.interval_reasons import reason_without
from medtui.metrics.jackknife import Jackknife, effective_number
from medtui.metrics.positive import has_positive_class
from medtui.metrics.recalibration import recalibrate, recalibrate_samples
from medtui.metrics.registry import Metric, defined
from medtui.metrics.scores import Scores

NUM_GROUPS = 10
"""Groups of a curve; as many bins of equal width would leave most of a rare class's empty."""

RECALIBRATION = Metric(
    "recalibration", "slope and intercept", ("single", "multi"),
    lambda alone: float(recalibrate(alone).slope),
    has_interval=True, is_reported=False, rests_on="both", min_patients=20,
    min_patients_of_several=53,
)  # fmt: skip
"""What intervals of slope and intercept need, by the rules of the other metrics of a class.

The intercept of a class in 8 % of the images is covered in 90 % with 29 patients
(`benchmarks/statistics.md`).
"""


def class_calibrations(
    scores: Scores, classes: Sequence[str], patients: Sequence[str], *, with_intervals: bool = True
) -> dict[str, ClassCalibration]:
    """Return the calibration of each judged class, with intervals where they hold.

    One class of several needs more patients than one of two. `with_intervals` is false where the
    preset asks for none.
    """
    is_of_several, found = not has_positive_class(classes, scores.task), {}
    for index in scores.judged:
        alone, reason = scores.of_class(index), "evaluate.bootstrap is 0"
        if with_intervals:
            reason = reason_without(
                RECALIBRATION, alone, patients, [classes[index]], is_one_of_several=is_of_several
            )
        found[classes[index]] = _calibration(alone, patients, reason)
    return found


def _calibration(alone: Scores, patients: Sequence[str], reason: str) -> ClassCalibration:
    """Return one class's calibration; without intervals where there is a reason for none."""
    found = recalibrate(alone)
    slope, intercept = float(found.slope), float(found.intercept)
    slopes = intercepts = None
    if not reason:
        samples = [recalibrate_samples(alone, draws) for draws in without_each_patient(patients)]
        effective = effective_number(patients)
        slopes, intercepts = (
            _interval(value, np.concatenate(replicates), effective)
            for value, replicates in (
                (slope, [each.slope for each in samples]),
                (intercept, [each.intercept for each in samples]),
            )
        )
    return ClassCalibration(
        defined(slope), defined(intercept), slopes, intercepts, reliability_curve(alone), reason
    )


def _interval(value: float, replicates_B: Floats, effective: float) -> tuple[float, float] | None:
    low, high = Jackknife(value, replicates_B, effective).interval()
    return (low, high) if np.isfinite([low, high]).all() else None


def reliability_curve(alone: Scores) -> list[ReliabilityBin]:
    """Return a class's groups by rising probability; equal probabilities stay in one group."""
    rows = alone.rows_of(0)
    labels_N, scores_N = alone.labels_NK[rows, 0], alone.scores_NK[rows, 0]
    if labels_N.size == 0:
        return []
    edges = np.quantile(scores_N, np.linspace(0, 1, NUM_GROUPS + 1)[1:-1])
    group_N = np.searchsorted(np.unique(edges), scores_N, side="right")
    return [_bin(scores_N[group_N == at], labels_N[group_N == at]) for at in np.unique(group_N)]


def _bin(scores_N: Floats, labels_N: np.ndarray) -> ReliabilityBin:
    from scipy.stats import binomtest

    positives, count = int(labels_N.sum()), len(labels_N)
    ends = binomtest(positives, count).proportion_ci(method="wilson")
    return ReliabilityBin(
        float(scores_N.mean()), positives / count, float(ends.low), float(ends.high), count
    )
