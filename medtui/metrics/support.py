"""Number of patients that a metric rests on.

Sensitivity rests on the patients that have the class. Shapes: N images, K classes.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from medtui.metrics.jackknife import effective_number
from medtui.metrics.registry import Metric
from medtui.metrics.scores import Scores


def number_behind(metric: Metric, scores: Scores, patients: Sequence[str]) -> float:
    """Return the effective number of patients that a metric rests on.

    Of one class these are the patients of its images, or of the rarer kind of images where both
    count. Of a mean over classes it is the harmonic mean: the bound on a share of patients, about
    3.7 / number, is then the mean of the classes' bounds.
    """
    names_N = np.asarray(patients)
    if metric.rests_on == "images":
        return effective_number(names_N[scores.labelled].tolist())
    numbers = [
        min(_numbers(metric, scores, names_N, index), default=1.0) for index in scores.judged
    ]
    return len(numbers) / sum(1 / number for number in numbers)


def _numbers(metric: Metric, scores: Scores, names_N: np.ndarray, index: int) -> Iterator[float]:
    """Yield the effective numbers of a class's patients: with it, without it, or both."""
    rows = scores.rows_of(index)
    labels_N, names_N = scores.labels_NK[rows, index], names_N[rows]
    kinds = {"positives": (1,), "negatives": (0,)}.get(metric.rests_on, (1, 0))
    for kind in kinds:
        if (labels_N == kind).any():
            yield effective_number(names_N[labels_N == kind].tolist())
