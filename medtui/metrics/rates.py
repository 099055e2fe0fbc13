"""Metrics of answers: shares of them that are right. Each on all images, and on each sample.

The sampled form of a metric equals the plain one on the images of the sample. numpy is imported
where it is needed, so that the registry names metrics without it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from medtui.metrics.arrays import Floats, Labels
    from medtui.metrics.draws import Draws
    from medtui.metrics.scores import Scores


def accuracy(scores: Scores) -> float:
    """Return the share of right answers: of images; in multi-label tasks of image-class pairs."""
    if scores.task == "single":
        return _share_of(_every_class(_is_right(scores)[scores.labelled]))
    return _share_of(_is_right(scores)[... if scores.mask_NK is None else scores.mask_NK])


def sampled_accuracy(scores: Scores, draws: Draws) -> Floats:
    """Return the accuracy on each sample."""
    is_right_NK = _is_right(scores)
    if scores.task == "single":
        rows = scores.labelled
        return _mean(_every_class(is_right_NK[rows]), draws.of_rows(rows))
    if scores.mask_NK is None:
        return _mean(is_right_NK.mean(axis=1), draws)
    right_N, known_N = (is_right_NK & scores.mask_NK).sum(axis=1), scores.mask_NK.sum(axis=1)
    return share(draws.total(right_N), draws.total(known_N))


def exact_match(scores: Scores) -> float:
    """Return the share of images with every known label answered right."""
    return _share_of(_matches(scores)[scores.labelled])


def sampled_exact_match(scores: Scores, draws: Draws) -> Floats:
    """Return the exact match on each sample."""
    rows = scores.labelled
    return _mean(_matches(scores)[rows], draws.of_rows(rows))


def top_1(scores: Scores) -> float:
    """Return the share of images whose highest-scored class is among their labels.

    Of images with a label at all: none can be hit where an image has no class. Classes whose label
    is unknown are not candidates.
    """
    hits_N, counted_N = _top_hits(scores)
    return _share_of(hits_N[counted_N])


def sampled_top_1(scores: Scores, draws: Draws) -> Floats:
    """Return the top-1 share on each sample."""
    hits_N, counted_N = _top_hits(scores)
    return share(draws.total(hits_N & counted_N), draws.total(counted_N))


def sensitivity(scores: Scores) -> float:
    """Return the share of positives that are answered so, averaged over the judged classes."""
    return _macro(scores, scores.judged, _recall)


def sampled_sensitivity(scores: Scores, draws: Draws) -> Floats:
    """Return the sensitivity on each sample."""
    return _sampled_macro(scores, scores.judged, _sampled_recall, draws)


def specificity(scores: Scores) -> float:
    """Return the share of negatives that are answered so, averaged over the judged classes."""
    return _macro(scores, scores.judged, lambda labels, answers: _recall(1 - labels, 1 - answers))


def sampled_specificity(scores: Scores, draws: Draws) -> Floats:
    """Return the specificity on each sample."""
    return _sampled_macro(
        scores, scores.judged,
        lambda labels, answers, drawn: _sampled_recall(1 - labels, 1 - answers, drawn), draws,
    )  # fmt: skip


def balanced_accuracy(scores: Scores) -> float:
    """Return the mean sensitivity of all classes; multi-label: (sensitivity + specificity) / 2."""
    if scores.task == "single":
        return _macro(scores, range(scores.num_classes), _recall)
    return (sensitivity(scores) + specificity(scores)) / 2


def sampled_balanced_accuracy(scores: Scores, draws: Draws) -> Floats:
    """Return the balanced accuracy on each sample."""
    if scores.task == "multi":
        return (sampled_sensitivity(scores, draws) + sampled_specificity(scores, draws)) / 2
    return _sampled_macro(scores, range(scores.num_classes), _sampled_recall, draws)


def f1(scores: Scores) -> float:
    """Return the mean of the judged classes' F1."""
    return _macro(scores, scores.judged, _f1)


def sampled_f1(scores: Scores, draws: Draws) -> Floats:
    """Return the F1 on each sample; a class is undefined in samples without positives."""
    return _sampled_macro(scores, scores.judged, _sampled_f1, draws)


def mean_of_defined(values: Sequence[float]) -> float:
    """Return the mean of what is defined; NaN where nothing is."""
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a mean over no defined class is NaN
        return float(np.nanmean(values)) if values else math.nan


def share(part: Floats, whole: Floats) -> Floats:
    """Divide sample by sample; NaN where the whole is empty."""
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def mean_of_classes(values: Sequence[Floats]) -> Floats:
    """Average over the classes that are defined in each sample."""
    import numpy as np

    stacked_KB = np.stack(values)
    is_defined = np.isfinite(stacked_KB)
    return share(np.where(is_defined, stacked_KB, 0.0).sum(axis=0), is_defined.sum(axis=0))


def _top_hits(scores: Scores) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether each image's highest-scored class is right, and whether it has a class."""
    import numpy as np

    is_positive_NK = (scores.labels_NK == 1) & scores.known
    top_N = np.where(scores.known, scores.scores_NK, -np.inf).argmax(axis=1)
    hits_N = is_positive_NK[np.arange(len(top_N)), top_N]
    return hits_N, is_positive_NK.any(axis=1)


def _is_right(scores: Scores) -> NDArray[np.bool_]:
    is_right_NK: NDArray[np.bool_] = scores.answers_NK == scores.labels_NK
    return is_right_NK


def _matches(scores: Scores) -> NDArray[np.bool_]:
    """Return whether no known label is answered wrong, (N,)."""
    is_right_NK = _is_right(scores)
    if scores.mask_NK is not None:
        is_right_NK |= ~scores.mask_NK
    return _every_class(is_right_NK)


def _every_class(is_right_NK: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether all of an image's answers are right, (N,)."""
    import numpy as np

    return np.asarray(is_right_NK.all(axis=1))


def _share_of(is_true: NDArray[np.bool_]) -> float:
    return float(is_true.mean()) if is_true.size else math.nan


def _recall(labels: Labels, answers: Labels) -> float:
    is_positive = labels == 1
    return float(answers[is_positive].mean()) if is_positive.any() else math.nan


def _f1(labels: Labels, answers: Labels) -> float:
    """Return a class's F1; NaN without positives."""
    right, positives = int((labels * answers).sum()), int(labels.sum())
    return 2 * right / (positives + int(answers.sum())) if positives else math.nan


def _macro(
    scores: Scores, classes: Iterable[int], compute: Callable[[Labels, Labels], float]
) -> float:
    """Average over classes, each on the images whose label of it is known."""
    return mean_of_defined([
        compute(scores.labels_NK[rows, index], scores.answers_NK[rows, index])
        for index in classes
        for rows in [scores.rows_of(index)]
    ])  # fmt: skip


def _sampled_macro(
    scores: Scores,
    classes: Iterable[int],
    compute: Callable[[Labels, Labels, Draws], Floats],
    draws: Draws,
) -> Floats:
    return mean_of_classes([
        compute(
            scores.labels_NK[rows, index], scores.answers_NK[rows, index], draws.of_rows(rows)
        )
        for index in classes
        for rows in [scores.rows_of(index)]
    ])  # fmt: skip


def _sampled_recall(labels_N: Labels, answers_N: Labels, draws: Draws) -> Floats:
    return share(draws.total(labels_N * answers_N), draws.total(labels_N))


def _sampled_f1(labels_N: Labels, answers_N: Labels, draws: Draws) -> Floats:
    import numpy as np

    positives = draws.total(labels_N)
    found = share(2 * draws.total(labels_N * answers_N), positives + draws.total(answers_N))
    return np.where(positives > 0, found, np.nan)


def _mean(values_N: NDArray[np.generic], draws: Draws) -> Floats:
    import numpy as np

    return share(draws.total(values_N), draws.total(np.ones(len(values_N))))
