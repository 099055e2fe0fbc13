"""Calibration: how often answers of one confidence are right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from medtui.metrics.scores import Floats, Scores

NUM_BINS = 15
"""Bins of equal width. Source: Guo et al. 2017, arXiv 1706.04599."""


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
    """A reliability diagram."""

    bins: tuple[Bin, ...]
    """Those that hold an answer, by rising confidence."""

    @property
    def error(self) -> float:
        """The expected calibration error: the mean gap over bins, weighted by their answers."""
        if not self.bins:
            return math.nan
        return sum(abs(each.confidence - each.accuracy) * each.share for each in self.bins)


def calibration_of(scores: Scores) -> Calibration:
    """Return the points of the reliability diagram."""
    import numpy as np

    confidence, is_right = _confidences(scores)
    bin_of = np.digitize(confidence, np.linspace(0, 1, NUM_BINS + 1)[1:-1])
    return Calibration(
        tuple(
            Bin(
                float(confidence[bin_of == number].mean()),
                float(is_right[bin_of == number].mean()),
                float((bin_of == number).mean()),
            )
            for number in np.unique(bin_of)
        )
    )


def calibration_error(scores: Scores) -> float:
    """Return the expected calibration error."""
    return calibration_of(scores).error


def _confidences(scores: Scores) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the confidence of each answer and whether it is right; known labels only."""
    if scores.task == "single":
        rows = scores.labelled
        is_right = (scores.answers_NK == scores.labels_NK)[rows].all(axis=1)
        return scores.scores_NK[rows].max(axis=1), is_right
    is_positive = scores.labels_NK == 1
    if scores.mask_NK is None:
        return scores.scores_NK.reshape(-1), is_positive.reshape(-1)
    return scores.scores_NK[scores.mask_NK], is_positive[scores.mask_NK]
