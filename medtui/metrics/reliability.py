"""Reliability curve, slope and intercept of each class. Shapes: N images, B samples."""

from collections.abc import Sequence

import numpy as np

from medtui.metrics.class_calibration import ClassCalibration, ReliabilityBin
from medtui.metrics.draws import without_each_patient
from medtui.metrics.jackknife import Jackknife, effective_number
from medtui.metrics.recalibration import recalibrate, recalibrate_samples
from medtui.metrics.registry import MIN_IMAGES_OF_CLASS, defined
from medtui.metrics.scores import Floats, Scores

NUM_GROUPS = 10
"""Groups of a curve; as many bins of equal width would leave most of a rare class's empty."""

MIN_PATIENTS = 20
"""Fewest patients with which intervals of slope and intercept hold (`benchmarks/statistics.md`)."""


def class_calibrations(
    scores: Scores, classes: Sequence[str], patients: Sequence[str], *, with_intervals: bool = True
) -> dict[str, ClassCalibration]:
    """Return the calibration of each judged class, with intervals where they hold."""
    return {
        classes[index]: _calibration(scores.of_class(index), patients, with_intervals)
        for index in scores.judged
    }


def _calibration(alone: Scores, patients: Sequence[str], with_intervals: bool) -> ClassCalibration:
    found = recalibrate(alone)
    slope, intercept = float(found.slope), float(found.intercept)
    slopes = intercepts = None
    if with_intervals and _is_enough(alone, patients):
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
        defined(slope), defined(intercept), slopes, intercepts, reliability_curve(alone)
    )


def _is_enough(alone: Scores, patients: Sequence[str]) -> bool:
    labels_N = alone.labels_NK[alone.rows_of(0), 0]
    rarer = min(int(labels_N.sum()), int((1 - labels_N).sum()))
    return len(set(patients)) >= MIN_PATIENTS and rarer >= MIN_IMAGES_OF_CLASS


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
