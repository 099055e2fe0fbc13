"""Delete-one-patient jackknife: standard errors and 95 % intervals that hold for few patients.

Shapes: P patients, B replicates.

Sources: Efron and Stein 1981 (the variance), Kish 1965 (the effective number of patients).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medtui.metrics.scores import Floats

CONFIDENCE = 0.95
NORMAL_QUANTILE = 1.96
"""Of a normal distribution's 95 % interval."""

POWER = 0.8
"""Chance with which a change of `detectable` is found."""


@dataclass(frozen=True)
class Jackknife:
    """A number and what it becomes without each patient."""

    value: float
    """On all images."""
    replicates_B: Floats
    """Without one patient, or without one group of patients, each; NaN where undefined."""
    num_effective: float
    """Effective number of patients, see `effective_number`."""

    @property
    def standard_error(self) -> float:
        """The jackknife's standard error; NaN where two replicates are not defined."""
        return standard_error_of(self.replicates_B)

    @property
    def normal_error(self) -> float:
        """The error of the normal distribution whose 95 % interval is as wide as this one's."""
        reach = _quantile(self, 0.5 + CONFIDENCE / 2) * self.standard_error
        return reach / NORMAL_QUANTILE

    @property
    def detectable(self) -> float:
        """The smallest true change that would be told from none with a chance of 80 %."""
        quantiles = _quantile(self, 0.5 + CONFIDENCE / 2) + _quantile(self, POWER)
        return quantiles * self.standard_error

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of a number without bounds: a difference."""
        reach = _quantile(self, 0.5 + CONFIDENCE / 2) * self.standard_error
        return self.value - reach, self.value + reach

    def interval_of_share(self) -> tuple[float, float]:
        """Return the 95 % interval of a number between 0 and 1, computed on the logit scale.

        It stays within the bounds and is longer towards the middle. Where the number, or a
        replicate, is at a bound, its logit is infinite; the plain interval, cut at the bounds, is
        returned then.
        """
        values_B = self.replicates_B[np.isfinite(self.replicates_B)]
        if not 0 < self.value < 1 or (values_B <= 0).any() or (values_B >= 1).any():
            low, high = self.interval()
            return max(low, 0.0), min(high, 1.0)
        reach = _quantile(self, 0.5 + CONFIDENCE / 2) * standard_error_of(logit(values_B))
        centre = logit(np.array(self.value))
        return logistic(float(centre) - reach), logistic(float(centre) + reach)


def effective_number(patients: Sequence[str]) -> float:
    """Return how many patients of equal size would inform as much: (sum n)^2 / sum n^2.

    Few patients with most of the images make a mean as uncertain as few patients would alone.
    """
    _, images_P = np.unique(np.asarray(patients), return_counts=True)
    return float(images_P.sum()) ** 2 / float(np.square(images_P.astype(np.float64)).sum())


def standard_error_of(replicates_B: Floats) -> float:
    """Return the jackknife's standard error; NaN where two replicates are not defined."""
    values_B = replicates_B[np.isfinite(replicates_B)]
    count = len(values_B)
    if count < 2:  # noqa: PLR2004 - one value has no spread
        return math.nan
    return float(np.sqrt((count - 1) / count * np.square(values_B - values_B.mean()).sum()))


def _quantile(found: Jackknife, probability: float) -> float:
    """Return Student's quantile with one degree of freedom less than there are patients."""
    from scipy.stats import t

    return float(t.ppf(probability, max(found.num_effective - 1, 1.0)))


def logit(values: Floats) -> Floats:
    """Return the log odds of shares."""
    return np.log(values / (1 - values))


def logistic(value: float) -> float:
    """Return the share of log odds."""
    return 1 / (1 + math.exp(-value))
