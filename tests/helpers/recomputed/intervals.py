"""95 % intervals over patients: the jackknife and the percentile bootstrap.

Every metric is measured on weighted patients: a replicate of the jackknife gives one patient the
weight 0, a bootstrap sample weighs each by how often it was drawn. Shares are quotients of sums
over patients. The AUROC is a quadratic form of the weights: the matrix of pairs of patients holds
how many positives of one are ranked above negatives of the other.

Shapes: N images, P patients, B samples.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv
from scipy.stats import t

from tests.helpers.recomputed.answers import Answers
from tests.helpers.recomputed.weighted_metrics import Weighed, weighed

WITH_INTERVAL = (
    "accuracy", "exact_match", "top_1", "balanced_accuracy", "auroc", "average_precision",
    "sensitivity", "specificity", "f1", "brier_score",
)  # fmt: skip
FEWEST_PATIENTS = {"auroc": 20, "average_precision": 20, "sensitivity": 20, "specificity": 20}
"""With the jackknife; others need 12."""
CLASS_MEANS = (
    "balanced_accuracy", "auroc", "average_precision", "sensitivity", "specificity", "f1",
)  # fmt: skip
"""Means over several classes need more patients, and images of each class."""
FEWEST_OF_MEAN = {"average_precision": 53}
"""Others need 29."""
FEWEST_OF_SEVERAL = {"average_precision": 53, "specificity": 53}
"""Of one class of several; others need 29."""
FEWEST_IMAGES = 10
FEWEST_PAIRED = 9
PAIRED = WITH_INTERVAL
PER_CLASS = (
    "accuracy", "auroc", "average_precision", "sensitivity", "specificity", "f1", "brier_score",
)  # fmt: skip
LONE = "class n"
"""What is too few where one patient alone has a class."""
FEWEST_OF_A_KIND = 10
"""Images with, and without, the one class that a metric is about."""
KINDS = {
    "sensitivity": (1,), "specificity": (0,), "balanced_accuracy": (0, 1), "auroc": (0, 1),
    "average_precision": (0, 1), "f1": (0, 1),
}  # fmt: skip
"""A metric to the labels of the images that it compares; others rest on all images."""


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float
    is_constant: bool = False
    """Whether it is the same without any patient; the ends are then a bound."""
    detectable: float = math.nan
    """Change that is told from none with a chance of 80 %."""
    few: str = ""
    """Kind of images that are too few for the ends: `positives < 10`."""

    @property
    def has_ends(self) -> bool:
        """Whether there are patients enough for an interval."""
        return math.isfinite(self.low) and math.isfinite(self.high)


def intervals_of(
    answers: Answers, *, method: str, resamples: int, seed: int, is_each_drawn: bool = False,
    wanted: tuple[str, ...] = WITH_INTERVAL, is_one_of_several: bool = False,
) -> dict[str, tuple[float, float]]:  # fmt: skip
    """Return the intervals of a split's metrics.

    `is_each_drawn` repeats how early versions drew: patient after patient, sample after sample.
    """
    patients, num_images = np.unique(answers.patients, return_counts=True)
    found = {}
    of_multi = set() if answers.is_multi else {"top_1", "exact_match"}
    names = [name for name in wanted if name not in of_multi]
    for name in names if resamples else ():
        form = weighed(answers, name)
        if method == "percentile":
            draw = _each_drawn if is_each_drawn else _drawn
            drawn = form(draw(len(patients), resamples, seed))
            if np.isfinite(drawn).any():
                low, high = np.nanquantile(drawn, (0.025, 0.975))
                found[name] = (float(low), float(high))
        elif not shortage(answers, name, is_one_of_several=is_one_of_several) and has_kinds(
            answers, name
        ):
            ends = _share_interval(form, num_images, patients_behind(answers, name))
            if np.isfinite(ends).all():
                found[name] = ends
    return found


def shortage(answers: Answers, name: str, *, is_one_of_several: bool = False) -> str:
    """Return why the jackknife gives no interval of a metric; empty where it does."""
    count, needed = len(set(answers.patients.tolist())), FEWEST_PATIENTS.get(name, 12)
    is_mean = name in CLASS_MEANS and len(answers.judged) > 1
    if is_one_of_several:
        needed = max(needed, FEWEST_OF_SEVERAL.get(name, 29))
    elif is_mean:
        needed = max(needed, FEWEST_OF_MEAN.get(name, 29))
    if count < needed:
        return f"{needed} patients are needed, there are {count}"
    labels = answers.labels[:, list(answers.judged)]
    rarer = np.minimum((labels == 1).sum(axis=0), (labels == 0).sum(axis=0))
    rare = [answers.classes[answers.judged[at]] for at in np.flatnonzero(rarer < FEWEST_IMAGES)]
    if is_mean and rare:
        return f"fewer than {FEWEST_IMAGES} images with, or without, {', '.join(rare)}"
    if lone := lone_classes(answers, name):
        return f"one patient alone has all images with, or without, {', '.join(lone)}"
    return ""


def lone_classes(answers: Answers, name: str) -> list[str]:
    """Return the classes of which one patient has all images of a kind that a metric needs."""
    return [
        answers.classes[index]
        for index in answers.judged
        if any(
            len(set(answers.patients[answers.labels[:, index] == kind].tolist())) == 1
            for kind in KINDS.get(name, ())
        )
    ]


def jackknife_interval(
    value: float, replicates: np.ndarray, num_images: np.ndarray
) -> tuple[float, float]:
    """Return the interval of a number without bounds; `num_images` are those of the patients."""
    reach = _quantile(num_images) * _jackknife_error(replicates)
    return value - reach, value + reach


def paired(before: Answers, after: Answers, name: str) -> Interval | None:
    """Return the change of a metric, with the jackknife's interval; None where undefined."""
    _, num_images = np.unique(after.patients, return_counts=True)
    first, second = weighed(before, name), weighed(after, name)
    count = len(num_images)
    value = float((second(np.ones((1, count))) - first(np.ones((1, count))))[0])
    if not math.isfinite(value):
        return None
    if count < FEWEST_PAIRED:
        return Interval(value, math.nan, math.nan)
    few = rare_kind(before, name) or (f"{LONE} < 2" if lone_classes(before, name) else "")
    if few:
        return Interval(value, math.nan, math.nan, few=few)
    without = 1 - np.eye(count)
    replicates = second(without) - first(without)
    if np.nanmax(np.abs(replicates - value)) < 1e-12:
        unseen = 1 - 0.025 ** (1 / patients_behind(before, name))
        same = value * (1 - unseen)
        return Interval(value, max(-1.0, same - unseen), min(1.0, same + unseen), is_constant=True)
    error = _jackknife_error(replicates)
    reach = _quantile(num_images) * error
    power = _quantile(num_images, 0.8) * error
    ends = max(-1.0, value - reach), min(1.0, value + reach)
    return Interval(value, *ends, detectable=reach + power)


def has_kinds(answers: Answers, name: str) -> bool:
    """Return whether the one class that a metric is about has images enough; True for means."""
    return not rare_kind(answers, name)


def rare_kind(answers: Answers, name: str) -> str:
    """Return which images of the one class that a metric is about are too few; empty for means."""
    if name not in KINDS or len(answers.judged) != 1:
        return ""
    truth = answers.labels[:, next(iter(answers.judged))]
    for kind in sorted(KINDS[name], reverse=True):
        if (truth == kind).sum() < FEWEST_OF_A_KIND:
            return f"{('negatives', 'positives')[kind]} < {FEWEST_OF_A_KIND}"
    return ""


def patients_behind(answers: Answers, name: str) -> float:
    """Return the effective number of patients of the rarest kind, as a harmonic mean of classes."""
    if name not in KINDS:
        return effective_number(answers.patients[answers.labelled])
    numbers = []
    for index in answers.judged:
        truth = answers.labels[:, index]
        kinds = [answers.patients[truth == kind] for kind in KINDS[name]]
        numbers.append(min((effective_number(each) for each in kinds if len(each)), default=1.0))
    return 1 / float(np.mean([1 / number for number in numbers]))


def effective_number(patients: np.ndarray) -> float:
    """Return Kish's effective number of patients."""
    _, num_images = np.unique(patients, return_counts=True)
    return float(num_images.sum() ** 2 / (num_images.astype(float) ** 2).sum())


def degrees_of_freedom(patients: np.ndarray) -> float:
    """Return one less than the effective number of patients, at least 1."""
    return max(effective_number(patients) - 1, 1.0) if len(patients) else 1.0


def _drawn(num_patients: int, resamples: int, seed: int) -> np.ndarray:
    """Return how often each patient is drawn into each bootstrap sample, (B, P)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(num_patients, np.full(num_patients, 1 / num_patients), resamples)


def _each_drawn(num_patients: int, resamples: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    chosen = [rng.integers(num_patients, size=num_patients) for _ in range(resamples)]
    return np.array([np.bincount(each, minlength=num_patients) for each in chosen])


def _share_interval(form: Weighed, num_images: np.ndarray, behind: float) -> tuple[float, float]:
    """Return the interval of a share: on the logit scale, unless a replicate is 0 or 1."""
    count = len(num_images)
    value, replicates = float(form(np.ones((1, count)))[0]), form(1 - np.eye(count))
    replicates = replicates[np.isfinite(replicates)]
    quantile = _quantile(num_images)
    if 0 < value < 1 and np.abs(replicates - value).max() < 1e-12:
        unseen = 1 - 0.025 ** (1 / behind)
        return value * (1 - unseen), value * (1 - unseen) + unseen
    if not 0 < value < 1 or replicates.min() <= 0 or replicates.max() >= 1:
        error = _jackknife_error(replicates)
        draws = behind
        if 0 < value < 1 and error > 1e-12:
            draws = value * (1 - value) / (error * quantile / 1.96) ** 2
        return _exact(value, draws)
    reach = quantile * _jackknife_error(np.log(replicates / (1 - replicates)))
    centre = math.log(value / (1 - value))
    low, high = (1 / (1 + math.exp(-(centre + sign * reach))) for sign in (-1, 1))
    return low, high


def _exact(share: float, draws: float) -> tuple[float, float]:
    """Return the ends of Clopper and Pearson: quantiles of Beta distributions."""
    hits, misses = share * draws, (1 - share) * draws
    low = betaincinv(hits, misses + 1, 0.025) if hits > 0 else 0.0
    return float(low), float(betaincinv(hits + 1, misses, 0.975)) if misses > 0 else 1.0


def _jackknife_error(replicates: np.ndarray) -> float:
    values = replicates[np.isfinite(replicates)]
    count = len(values)
    return math.sqrt((count - 1) ** 2 / count * values.var(ddof=1)) if count > 1 else math.nan


def _quantile(num_images: np.ndarray, probability: float = 0.975) -> float:
    effective = num_images.sum() ** 2 / (num_images.astype(float) ** 2).sum()
    return float(t.ppf(probability, max(effective - 1, 1.0)))
