"""Whether confidence is worth its name: how often answers of one confidence are right."""

from dataclasses import dataclass

import numpy as np

from medtui.metrics import NUM_CALIBRATION_BINS, Scores, metric_named


@dataclass(frozen=True)
class Bin:
    """Answers of about one confidence."""

    confidence: float
    """Their mean."""
    accuracy: float
    """Share of them that is right; of positives, in multi-label tasks."""
    share: float
    """Share of all answers."""


@dataclass(frozen=True)
class Calibration:
    """One run's."""

    error: float
    """Expected calibration error."""
    bins: tuple[Bin, ...]
    """Those that hold an answer, by rising confidence."""


def calibration_of(scores: Scores) -> Calibration:
    """Give the reliability diagram's points, and the error that sums it up."""
    if scores.task == "single":
        confidence = scores.scores_NK.max(axis=1)
        is_right = (scores.answers_NK == scores.labels_NK).all(axis=1)
    else:
        confidence, is_right = scores.scores_NK.reshape(-1), scores.labels_NK.reshape(-1) == 1
    bin_of = np.digitize(confidence, np.linspace(0, 1, NUM_CALIBRATION_BINS + 1)[1:-1])
    bins = tuple(
        Bin(
            float(confidence[bin_of == number].mean()),
            float(is_right[bin_of == number].mean()),
            float((bin_of == number).mean()),
        )
        for number in np.unique(bin_of)
    )
    metric = metric_named("calibration_error")
    assert metric is not None
    return Calibration(metric.compute(scores), bins)
