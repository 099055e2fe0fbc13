"""How sure a number is: metrics of many bootstrap samples at once. Knows no torch.

Patients are drawn, images only follow them, because images of one patient are not independent.
Every metric here is made of sums over images, so drawn patients weigh what each patient adds to a
sum, and a sample costs a few products instead of a pass over the images.

Shapes: N images, K classes, P patients, B samples, M bins of scores.
Source: Efron and Tibshirani 1993, percentile interval; paired for differences.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medtui.metrics import Labels, Scores

Floats = NDArray[np.float64]

INTERVAL = (0.025, 0.975)
"""Quantiles of a 95 % interval."""

CHUNK = 100
"""Samples measured together; bounds memory at two numbers for each of them and image."""


@dataclass(frozen=True)
class Draws:
    """How often each patient was drawn into each sample."""

    patient_N: NDArray[np.int64]
    """Number of each image's patient."""
    counts_PB: Floats

    def total(self, values_N: NDArray[np.generic]) -> Floats:
        """Sum a value over the images of each sample, (B,)."""
        sums_P = np.bincount(self.patient_N, values_N.astype(np.float64), len(self.counts_PB))
        total: Floats = sums_P @ self.counts_PB
        return total

    def histogram(self, bins: NDArray[np.int64], rows: NDArray[np.bool_], num_bins: int) -> Floats:
        """Count the images in each bin, (M, B); `bins` holds one for each image in `rows`."""
        from scipy.sparse import csr_matrix

        shape = (num_bins, len(self.counts_PB))
        ones = np.ones(len(bins))
        counted: Floats = csr_matrix((ones, (bins, self.patient_N[rows])), shape) @ self.counts_PB
        return counted


Measure = Callable[[Scores, Draws], Floats]
"""Gives the metric of each sample (B,); NaN where it is undefined."""


@dataclass(frozen=True)
class Difference:
    """How much a number changed, with its 95 % interval."""

    value: float
    """After less before, on all images."""
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def bootstrap_intervals(
    scores: Scores, patients: Sequence[str], *, resamples: int, seed: int,
    names: Sequence[str] = ("accuracy", "balanced_accuracy", "auroc", "sensitivity", "specificity"),
) -> dict[str, tuple[float, float]]:  # fmt: skip
    """Give 95 % intervals of the metrics called `names`; none without resamples.

    A metric that is undefined in every sample is left out.
    """
    drawn: dict[str, list[Floats]] = {name: [] for name in names}
    for draws in draw_patients(patients, resamples=resamples, seed=seed):
        for name, values in drawn.items():
            values.append(MEASURES[name](scores, draws))
    joined = {name: np.concatenate(values) for name, values in drawn.items() if values}
    return {name: _interval(each) for name, each in joined.items() if np.isfinite(each).any()}


def compare(
    before: Scores, after: Scores, patients: Sequence[str], measures: Mapping[str, Measure],
    *, resamples: int, seed: int = 0,
) -> dict[str, Difference]:  # fmt: skip
    """Give each measure's change between two runs' answers about the same images.

    Both are measured on the same drawn patients, so what they share cancels. A measure that is
    undefined on all images is left out; samples in which it is undefined do not count.
    """
    _, patient_N = np.unique(np.asarray(patients), return_inverse=True)
    whole = Draws(patient_N, np.ones((int(patient_N.max()) + 1, 1)))
    drawn: dict[str, list[Floats]] = {name: [] for name in measures}
    for draws in draw_patients(patients, resamples=resamples, seed=seed):
        for name, measure in measures.items():
            drawn[name].append(measure(after, draws) - measure(before, draws))
    found = {}
    for name, measure in measures.items():
        value = measure(after, whole) - measure(before, whole)
        if np.isfinite(value).all():
            low, high = _interval(np.concatenate(drawn[name] or [value]))
            found[name] = Difference(float(value[0]), low, high)
    return found


def _interval(values: Floats) -> tuple[float, float]:
    low, high = np.nanquantile(values, INTERVAL)
    return float(low), float(high)


def draw_patients(patients: Sequence[str], *, resamples: int, seed: int) -> Iterator[Draws]:
    """Draw as many patients as there are, with replacement, for each sample; chunk by chunk."""
    _, patient_N = np.unique(np.asarray(patients), return_inverse=True)
    num_patients = int(patient_N.max()) + 1
    rng = np.random.default_rng(seed)
    for first in range(0, resamples, CHUNK):
        size = min(CHUNK, resamples - first)
        counts_BP = rng.multinomial(num_patients, np.full(num_patients, 1 / num_patients), size)
        yield Draws(patient_N, np.ascontiguousarray(counts_BP.T, np.float64))


def accuracy(scores: Scores, draws: Draws) -> Floats:
    """Give the share of right answers: images' in single-label tasks, else image-class pairs'."""
    is_right_NK = scores.answers_NK == scores.labels_NK
    right_N = is_right_NK.all(axis=1) if scores.task == "single" else is_right_NK.mean(axis=1)
    return _mean(right_N, draws)


def exact_match(scores: Scores, draws: Draws) -> Floats:
    """Give the share of images whose every class is answered right."""
    return _mean((scores.answers_NK == scores.labels_NK).all(axis=1), draws)


def sensitivity(scores: Scores, draws: Draws) -> Floats:
    """Give the share of positives found, averaged over the judged classes."""
    labels_NK, answers_NK = scores.labels_NK, scores.answers_NK
    return _macro([_recall(labels_NK[:, k], answers_NK[:, k], draws) for k in scores.judged])


def specificity(scores: Scores, draws: Draws) -> Floats:
    """Give the share of negatives left alone, averaged over the judged classes."""
    labels_NK, answers_NK = 1 - scores.labels_NK, 1 - scores.answers_NK
    return _macro([_recall(labels_NK[:, k], answers_NK[:, k], draws) for k in scores.judged])


def balanced_accuracy(scores: Scores, draws: Draws) -> Floats:
    """Give the mean recall of the classes; of both sides of each class in multi-label tasks."""
    if scores.task == "multi":
        return (sensitivity(scores, draws) + specificity(scores, draws)) / 2
    labels_NK, answers_NK = scores.labels_NK, scores.answers_NK
    every = range(scores.num_classes)
    return _macro([_recall(labels_NK[:, k], answers_NK[:, k], draws) for k in every])


def auroc(scores: Scores, draws: Draws) -> Floats:
    """Give the area under the ROC curve, averaged over the judged classes that can be ranked."""
    ranked = (_rank(scores.labels_NK[:, k], scores.scores_NK[:, k], draws) for k in scores.judged)
    return _macro([_area(*each) for each in ranked])


def average_precision(scores: Scores, draws: Draws) -> Floats:
    """Give the average precision, averaged over the judged classes that can be ranked."""
    ranked = (_rank(scores.labels_NK[:, k], scores.scores_NK[:, k], draws) for k in scores.judged)
    return _macro([_precision(*each) for each in ranked])


MEASURES: dict[str, Measure] = {
    "accuracy": accuracy,
    "exact_match": exact_match,
    "balanced_accuracy": balanced_accuracy,
    "auroc": auroc,
    "average_precision": average_precision,
    "sensitivity": sensitivity,
    "specificity": specificity,
}
"""By the metrics' names in `medtui.metrics`; on undrawn images each equals that metric."""


def _mean(values_N: NDArray[np.generic], draws: Draws) -> Floats:
    return _share(draws.total(values_N), draws.total(np.ones(len(values_N))))


def _recall(labels_N: Labels, answers_N: Labels, draws: Draws) -> Floats:
    return _share(draws.total(labels_N * answers_N), draws.total(labels_N))


def _rank(labels_N: Labels, scores_N: Floats, draws: Draws) -> tuple[Floats, Floats, Floats]:
    """Give positives at each of their distinct scores, ascending, and negatives below and at it.

    The first two are (M, B). The third is (M + 1, B): its last row is what lies above all.
    """
    is_positive = labels_N == 1
    levels, at = np.unique(scores_N[is_positive], return_inverse=True)
    positives_MB = draws.histogram(at, is_positive, len(levels))
    others = scores_N[~is_positive]
    below = np.searchsorted(levels, others)
    is_tied = np.append(levels, np.inf)[below] == others
    counted = draws.histogram(2 * below + is_tied, ~is_positive, 2 * len(levels) + 1)
    return positives_MB, counted[1::2], counted[0::2]


def _area(positives_MB: Floats, ties_MB: Floats, between_MB: Floats) -> Floats:
    """Count the pairs that are ranked right; a tie counts half."""
    below_MB = np.cumsum(between_MB[:-1], axis=0) + np.cumsum(ties_MB, axis=0) - ties_MB / 2
    negatives = between_MB.sum(axis=0) + ties_MB.sum(axis=0)
    return _share((positives_MB * below_MB).sum(axis=0), positives_MB.sum(axis=0) * negatives)


def _precision(positives_MB: Floats, ties_MB: Floats, between_MB: Floats) -> Floats:
    """Sum precision over the steps of recall; undefined where a class never or always occurs."""
    found_MB = np.cumsum(positives_MB[::-1], axis=0)[::-1]
    wrong_MB = np.cumsum((ties_MB + between_MB[1:])[::-1], axis=0)[::-1]
    steps_MB = positives_MB * _share(found_MB, found_MB + wrong_MB)
    negatives = between_MB.sum(axis=0) + ties_MB.sum(axis=0)
    precision = _share(np.nansum(steps_MB, axis=0), positives_MB.sum(axis=0))
    return np.where(negatives > 0, precision, np.nan)


def _share(part: Floats, whole: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def _macro(values: Sequence[Floats]) -> Floats:
    """Average over the classes that are defined in each sample."""
    stacked_KB = np.stack(values)
    is_defined = np.isfinite(stacked_KB)
    return _share(np.where(is_defined, stacked_KB, 0.0).sum(axis=0), is_defined.sum(axis=0))
