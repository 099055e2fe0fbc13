"""The order of a class's images by score, as counts: what ROC curves and thresholds are made of.

One sort serves AUROC, average precision and the choice of a threshold. The values equal
scikit-learn's bit for bit, at a fraction of its time, most of which goes into checks of its input.
Shapes: N images with a known label, L distinct scores, P points of a ROC curve.
"""

from dataclasses import dataclass

import numpy as np

from medtui.metrics.arrays import Floats, Labels


@dataclass(frozen=True)
class Curve:
    """How many images score at least as high as each distinct score, in descending order."""

    limits_L: Floats
    """The distinct scores."""
    found_L: Floats
    """Positives among them."""
    wrong_L: Floats
    """Negatives among them."""

    @property
    def is_ranked(self) -> bool:
        """Whether there are positives and negatives to compare."""
        return bool(len(self.limits_L) and self.found_L[-1] > 0 and self.wrong_L[-1] > 0)


def curve_of(labels_N: Labels, scores_N: Floats) -> Curve:
    """Return the curve of labels (0 or 1) and scores; the order of equal scores has no effect."""
    order_N = np.argsort(-scores_N)
    sorted_N = scores_N[order_N]
    last_L = np.flatnonzero(np.append(np.diff(sorted_N) != 0, True)[: len(sorted_N)])
    found_L = np.cumsum(labels_N[order_N], dtype=np.float64)[last_L]
    return Curve(sorted_N[last_L], found_L, 1 + last_L - found_L)


def roc_points(curve: Curve) -> tuple[Floats, Floats, Floats]:
    """Return false and true positive rates (P,) from (0, 0) on, and the score of each; inf first.

    Points between collinear neighbours are left out. Of several best points a rule takes the first,
    so that leaving out one that the rounding favours matters: this is scikit-learn's `roc_curve`.
    """
    found_L, wrong_L, limits_L = curve.found_L, curve.wrong_L, curve.limits_L
    if len(limits_L) > 2:  # noqa: PLR2004 - the two ends stay
        is_corner = (np.diff(wrong_L, 2) != 0) | (np.diff(found_L, 2) != 0)
        kept_P = np.flatnonzero(np.concatenate(([True], is_corner, [True])))
        found_L, wrong_L, limits_L = found_L[kept_P], wrong_L[kept_P], limits_L[kept_P]
    false_P = np.concatenate(([0.0], wrong_L)) / wrong_L[-1]
    true_P = np.concatenate(([0.0], found_L)) / found_L[-1]
    return false_P, true_P, np.concatenate(([np.inf], limits_L))


def area_under_roc(curve: Curve) -> float:
    """Return the area under the ROC curve of a ranked curve, by trapezoids."""
    false_P, true_P, _ = roc_points(curve)
    return float((np.diff(false_P) * (true_P[1:] + true_P[:-1]) / 2.0).sum())


def mean_precision(curve: Curve) -> float:
    """Return the average precision of a ranked curve: precision over the steps of recall."""
    precision_L = curve.found_L / (curve.found_L + curve.wrong_L)
    recall_L = curve.found_L / curve.found_L[-1]
    # From the lowest score upwards, so that the sum rounds as scikit-learn's does.
    steps_L = np.diff(np.append(recall_L[::-1], 0.0))
    return max(0.0, float(-np.sum(steps_L * precision_L[::-1])))
