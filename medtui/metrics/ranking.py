"""Metrics of scores: how well they rank positives above negatives. On all images, and on samples.

The plain forms equal scikit-learn's. The sampled forms rank once for all samples, see `_rank`.
Shapes: N images, K classes, B samples, M distinct scores of positives.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from medtui.metrics.rates import mean_of_classes, mean_of_defined, share

if TYPE_CHECKING:
    from collections.abc import Callable

    from medtui.metrics.arrays import Floats
    from medtui.metrics.curve import Curve
    from medtui.metrics.draws import Draws
    from medtui.metrics.scores import Scores

    Ranked = tuple[Floats, Floats, Floats]


def auroc(scores: Scores) -> float:
    """Return the area under the ROC curve, averaged over the judged classes that can be ranked."""
    from medtui.metrics.curve import area_under_roc

    return mean_of_defined(_ranked_classes(scores, area_under_roc))


def sampled_auroc(scores: Scores, draws: Draws) -> Floats:
    """Return the AUROC on each sample."""
    return mean_of_classes([_area(*_rank(scores, k, draws)) for k in scores.judged])


def average_precision(scores: Scores) -> float:
    """Return the average precision, averaged over the judged classes that can be ranked."""
    from medtui.metrics.curve import mean_precision

    return mean_of_defined(_ranked_classes(scores, mean_precision))


def sampled_average_precision(scores: Scores, draws: Draws) -> Floats:
    """Return the average precision on each sample."""
    return mean_of_classes([_precision(*_rank(scores, k, draws)) for k in scores.judged])


def worst_class_auroc(scores: Scores) -> float:
    """Return the lowest AUROC of all classes that can be ranked."""
    areas = [auroc(scores.of_class(k)) for k in range(scores.num_classes)]
    return min((area for area in areas if not math.isnan(area)), default=math.nan)


def sampled_worst_class_auroc(scores: Scores, draws: Draws) -> Floats:
    """Return the lowest AUROC of all classes on each sample."""
    import numpy as np

    each_KB = np.stack(
        [sampled_auroc(scores.of_class(k), draws) for k in range(scores.num_classes)]
    )
    worst: Floats = np.nanmin(np.where(np.isfinite(each_KB), each_KB, np.inf), axis=0)
    return np.where(np.isfinite(worst), worst, np.nan)


def _ranked_classes(scores: Scores, compute: Callable[[Curve], float]) -> list[float]:
    """Measure the judged classes that occur and do not always occur."""
    return [compute(curve) for k in scores.judged if (curve := scores.curves[k]).is_ranked]


def _rank(scores: Scores, index: int, draws: Draws) -> Ranked:
    """Count a class's images by their place in the ranking, in every sample.

    A bootstrap sample only changes how often an image counts, never its score. So the images are
    sorted once, O(N log N), and a sample is a vector of weights over that order. What AUROC and
    average precision ask of the order is, at each distinct score of a positive (a level), how many
    positives and negatives lie there and how many negatives lie between it and the next: each is a
    histogram, filled for all samples by one sparse product. Measured with 10,000 images, 14 classes
    and 2,800 patients on one core: 0.74 s for the AUROC of 1,000 samples, where scikit-learn takes
    0.09 s for each sample.

    Negatives get bins at 2i for "between level i-1 and level i" and 2i+1 for "exactly at level i",
    so that ties stay apart from pairs that are ranked. Levels are the positives' scores alone:
    positives are usually few, and negatives between two levels are interchangeable.

    Returns:
        Positives at each level, ascending, (M, B); negatives at it, (M, B); and negatives below
        each level and above the one before, (M + 1, B), whose last row is what lies above all.
    """
    import numpy as np

    rows = scores.rows_of(index)
    labels_N, scores_N = scores.labels_NK[rows, index], scores.scores_NK[rows, index]
    drawn = draws.of_rows(rows)
    is_positive = labels_N == 1
    levels, at = np.unique(scores_N[is_positive], return_inverse=True)
    positives_MB = drawn.histogram(at, is_positive, len(levels))
    others = scores_N[~is_positive]
    below = np.searchsorted(levels, others)
    is_tied = np.append(levels, np.inf)[below] == others
    counted = drawn.histogram(2 * below + is_tied, ~is_positive, 2 * len(levels) + 1)
    return positives_MB, counted[1::2], counted[0::2]


def _area(positives_MB: Floats, ties_MB: Floats, between_MB: Floats) -> Floats:
    """Return the share of pairs of a positive and a negative that are ranked right.

    That is the Mann-Whitney form of the area under the ROC curve; a tie counts half. The negatives
    below a level are the running sum of those between levels and of the ties at lower levels.
    Source: Hanley and McNeil 1982, doi 10.1148/radiology.143.1.7063747.
    """
    import numpy as np

    below_MB = np.cumsum(between_MB[:-1], axis=0) + np.cumsum(ties_MB, axis=0) - ties_MB / 2
    negatives = between_MB.sum(axis=0) + ties_MB.sum(axis=0)
    return share((positives_MB * below_MB).sum(axis=0), positives_MB.sum(axis=0) * negatives)


def _precision(positives_MB: Floats, ties_MB: Floats, between_MB: Floats) -> Floats:
    """Sum precision over the steps of recall, as scikit-learn's `average_precision_score` does.

    Recall only steps at levels. The precision there counts what scores at least as high, hence the
    running sums from the top. Undefined where a class never or always occurs.
    """
    import numpy as np

    found_MB = np.cumsum(positives_MB[::-1], axis=0)[::-1]
    wrong_MB = np.cumsum((ties_MB + between_MB[1:])[::-1], axis=0)[::-1]
    steps_MB = positives_MB * share(found_MB, found_MB + wrong_MB)
    negatives = between_MB.sum(axis=0) + ties_MB.sum(axis=0)
    precision = share(np.nansum(steps_MB, axis=0), positives_MB.sum(axis=0))
    return np.where(negatives > 0, precision, np.nan)
