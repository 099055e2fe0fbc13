"""Calibration: how often answers of one confidence are right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medtui.metrics.rates import share

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from medtui.metrics.arrays import Floats
    from medtui.metrics.draws import Draws
    from medtui.metrics.scores import Scores

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


def brier_score(scores: Scores) -> float:
    """Return the mean squared difference of probability and label.

    Over image-class pairs in multi-label tasks. In single-label ones half the sum over the classes,
    at most 1: of two classes the positive one's own; scikit-learn's `scale_by_half=True`.
    Source: Brier 1950, doi 10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
    """
    errors_N, counts_N = _squared_errors(scores)
    # fsum rounds once, so that images without a known label leave the last digit alone, too.
    return math.fsum(errors_N) / float(counts_N.sum()) if counts_N.sum() else math.nan


def sampled_brier_score(scores: Scores, draws: Draws) -> Floats:
    """Return the Brier score on each sample."""
    errors_N, counts_N = _squared_errors(scores)
    return share(draws.total(errors_N), draws.total(counts_N))


def _squared_errors(scores: Scores) -> tuple[Floats, NDArray[np.generic]]:
    """Return each image's squared errors, added up, and the number that they are averaged by."""
    import numpy as np

    squared_NK = np.where(scores.known, (scores.scores_NK - scores.labels_NK) ** 2, 0.0)
    if scores.task == "multi":
        known_N: NDArray[np.int64] = scores.known.sum(axis=1)
        return squared_NK.sum(axis=1), known_N
    return squared_NK.sum(axis=1) / 2, np.asarray(scores.known.any(axis=1), np.int64)


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
