"""Slope and intercept of logistic recalibration: are probabilities too extreme, or too high?

Slope: b of logit P(y) = a + b logit p, 1 where probabilities are as extreme as they should be,
below 1 where they are too extreme. Intercept: a where b is held at 1, 0 where probabilities agree
with the share of positives on average, below 0 where they are too high.

Sources: Cox 1958, doi 10.1093/biomet/45.3-4.562; Van Calster et al. 2019,
doi 10.1186/s12916-019-1466-7. Shapes: N images, B samples.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from medtui.metrics.arrays import Floats, Labels
from medtui.metrics.draws import Draws
from medtui.metrics.scores import Scores

MAX_LOGIT = 34.0
"""Bound of logits: float64 holds no probability closer to 1."""

MAX_SLOPE = 1000.0
"""A slope beyond it grows without end: positives and negatives are separated."""

MAX_STEPS = 50
TOLERANCE = 1e-10


@dataclass(frozen=True)
class Recalibration:
    """Slope and intercept, on all images or, as arrays, on each sample; NaN where undefined."""

    slope: Floats
    intercept: Floats


def recalibrate(alone: Scores) -> Recalibration:
    """Return slope and intercept of one class against the rest, on all its images."""
    logits_N, labels_N = _logits_and_labels(alone)
    return _fit(logits_N, labels_N)


def recalibrate_samples(alone: Scores, draws: Draws) -> Recalibration:
    """Return slope and intercept of one class on each sample.

    One Newton step from the fit to all images: a sample without one patient moves the fit so
    little that what the step misses is of second order, and sums by patient are enough for it.
    A fit of each sample would cost a pass over all images and samples for each of its steps.
    """
    logits_N, labels_N = _logits_and_labels(alone)
    drawn, whole = draws.of_rows(alone.rows_of(0)), _fit(logits_N, labels_N)
    (shift, slope), intercept = _fit_both(logits_N, labels_N), whole.intercept
    with np.errstate(invalid="ignore", divide="ignore"):
        slopes_B = slope + _step(logits_N, labels_N, shift, slope, drawn)[1]
        chance_N = _logistic(logits_N + intercept)
        weight_B = drawn.total(chance_N * (1 - chance_N))
        intercepts_B = intercept + drawn.total(labels_N - chance_N) / weight_B
    positives_B = drawn.total(labels_N)
    is_defined_B = (positives_B > 0) & (drawn.total(1 - labels_N) > 0)
    return Recalibration(
        np.where(is_defined_B, slopes_B, np.nan), np.where(is_defined_B, intercepts_B, np.nan)
    )


def _logits_and_labels(alone: Scores) -> tuple[Floats, Labels]:
    rows = alone.rows_of(0)
    shares_N = alone.scores_NK[rows, 0]
    with np.errstate(divide="ignore"):
        logits_N = np.log(shares_N) - np.log1p(-shares_N)
    return np.clip(logits_N, -MAX_LOGIT, MAX_LOGIT), alone.labels_NK[rows, 0]


def _fit(logits_N: Floats, labels_N: Labels) -> Recalibration:
    if labels_N.size == 0 or labels_N.min() == labels_N.max():
        return Recalibration(np.array(np.nan), np.array(np.nan))
    _, slope = _fit_both(logits_N, labels_N)
    return Recalibration(np.array(slope), np.array(_fit_intercept(logits_N, labels_N)))


def _fit_both(logits_N: Floats, labels_N: Labels) -> tuple[float, float]:
    """Return a and b of the largest likelihood; NaN where there is none.

    Newton's method with halved steps, since a full step may overshoot.
    """
    if labels_N.size == 0 or np.ptp(labels_N) == 0 or np.ptp(logits_N) == 0:
        return np.nan, np.nan
    if _are_separated(logits_N, labels_N):
        return np.nan, np.nan
    everything = Draws(np.zeros(len(logits_N), np.int64), np.ones((1, 1)))
    shift, slope = 0.0, 0.0
    best = _log_likelihood(logits_N, labels_N, shift, slope)
    for _ in range(MAX_STEPS):
        first, second = _step(logits_N, labels_N, shift, slope, everything)
        for scale in _halves():
            moved = shift + scale * float(first[0]), slope + scale * float(second[0])
            found = _log_likelihood(logits_N, labels_N, *moved)
            if found >= best - TOLERANCE:
                break
        is_settled = max(abs(moved[0] - shift), abs(moved[1] - slope)) < TOLERANCE
        (shift, slope), best = moved, found
        if is_settled:
            return shift, slope
        if not abs(slope) < MAX_SLOPE:
            break
    return np.nan, np.nan


def _are_separated(logits_N: Floats, labels_N: Labels) -> bool:
    """Return whether a threshold tells positives from negatives, so that no likelihood is largest.

    The slope grows without end, but its steps become so small that Newton's method may stop at any.
    """
    positives, negatives = logits_N[labels_N == 1], logits_N[labels_N == 0]
    return bool(negatives.max() <= positives.min() or positives.max() <= negatives.min())


def _fit_intercept(logits_N: Floats, labels_N: Labels) -> float:
    """Return a where b is 1: the shift with which probabilities add up to the positives.

    The sum of probabilities grows with the shift, so bisection finds it whatever the logits are.
    """
    low, high, positives = -2 * MAX_LOGIT, 2 * MAX_LOGIT, labels_N.sum()
    for _ in range(100):
        middle = (low + high) / 2
        if _logistic(logits_N + middle).sum() < positives:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _step(
    logits_N: Floats, labels_N: Labels, shift: float, slope: float, draws: Draws
) -> tuple[Floats, Floats]:
    """Return Newton's step of a and b on each sample: the inverse Hessian times the gradient."""
    chance_N = _logistic(shift + slope * logits_N)
    residual_N, weight_N = labels_N - chance_N, chance_N * (1 - chance_N)
    gradient, slope_gradient = draws.total(residual_N), draws.total(residual_N * logits_N)
    aa, ab, bb = (draws.total(weight_N * logits_N**power) for power in range(3))
    with np.errstate(invalid="ignore", divide="ignore"):
        determinant = aa * bb - ab**2
        return (
            (bb * gradient - ab * slope_gradient) / determinant,
            (aa * slope_gradient - ab * gradient) / determinant,
        )


def _log_likelihood(logits_N: Floats, labels_N: Labels, shift: float, slope: float) -> float:
    with np.errstate(invalid="ignore"):  # a step without end is refused as it is not larger
        at_N = shift + slope * logits_N
        return float((labels_N * at_N - np.logaddexp(0, at_N)).sum())


def _logistic(values_N: Floats) -> Floats:
    share: Floats = 1 / (1 + np.exp(-np.clip(values_N, -700, 700)))
    return share


def _halves() -> Iterator[float]:
    yield from (0.5**power for power in range(30))
