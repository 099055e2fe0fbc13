"""Delete-one-patient jackknife: standard errors and 95 % intervals that hold for few patients.

Shapes: P patients, B replicates.

Where no replicate differs, or the number is at a bound, there is no variance to compute from. The
interval is then an exact one, of as many patients as the number rests on: twenty patients without
an error do not show that there are none.

Sources: Efron and Stein 1981 (the variance), Kish 1965 (the effective number of patients), Clopper
and Pearson 1934 with an effective number as in Korn and Graubard 1998 (the exact interval).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medtui.metrics.arrays import Floats
from medtui.metrics.student import student_quantile

CONFIDENCE = 0.95
NORMAL_QUANTILE = 1.96
"""Of a normal distribution's 95 % interval."""

NO_VARIANCE = 1e-12
"""Standard errors below it are rounding."""

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
    num_behind: float | None = None
    """That of the patients on whose images the number rests; None takes all."""

    @property
    def standard_error(self) -> float:
        """The jackknife's standard error; NaN where two replicates are not defined."""
        return standard_error_of(self.replicates_B)

    @property
    def normal_error(self) -> float:
        """The error of the normal distribution whose 95 % interval is as wide as this one's."""
        reach = _quantile(self.num_effective, 0.5 + CONFIDENCE / 2) * self.standard_error
        return reach / NORMAL_QUANTILE

    @property
    def is_constant(self) -> bool:
        """Whether no patient changes the number, so that nothing is known of its variance."""
        return self.standard_error < NO_VARIANCE

    @property
    def detectable(self) -> float:
        """The smallest true change that would be told from none with a chance of 80 %.

        It is also the smallest margin within which a number without a true change is shown to be
        with that chance. NaN where nothing is known of the variance.
        """
        if self.is_constant:
            return math.nan
        return detectable(self.standard_error, self.num_effective)

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of a difference of two shares.

        Where it is the same without any patient, that holds for all but an unknown share of
        patients, whose differences may be as large as 1 either way.
        """
        if self.is_constant:
            others = self._others
            same = (1 - others) * self.value
            return max(same - others, -1.0), min(same + others, 1.0)
        reach = _quantile(self.num_effective, 0.5 + CONFIDENCE / 2) * self.standard_error
        return self.value - reach, self.value + reach

    def interval_of_share(self) -> tuple[float, float]:
        """Return the 95 % interval of a number between 0 and 1, computed on the logit scale.

        It stays within the bounds and is longer towards the middle. Where the number, or a
        replicate, is at a bound, its logit is infinite; the interval is then the exact one of as
        many independent draws as would have the number's standard error, and where that is 0 of as
        many as the number rests on patients. A number between the bounds that is the same without
        any patient, as the AUROC of constant scores, may be 0 or 1 in an unknown share of others.
        """
        if self.is_constant and 0 < self.value < 1:
            same = (1 - self._others) * self.value
            return same, same + self._others
        values_B = self.replicates_B[np.isfinite(self.replicates_B)]
        if not 0 < self.value < 1 or (values_B <= 0).any() or (values_B >= 1).any():
            return self._exact(self.value)
        reach = _quantile(self.num_effective, 0.5 + CONFIDENCE / 2) * standard_error_of(
            logit(values_B)
        )
        centre = logit(np.array(self.value))
        return logistic(float(centre) - reach), logistic(float(centre) + reach)

    def _exact(self, share: float) -> tuple[float, float]:
        """Return the exact interval of as many draws as would have this standard error.

        Their number is reduced by the square of Student's quantile over the normal one.
        """
        error = self.standard_error
        if not error >= NO_VARIANCE or not 0 < share < 1:
            return exact_interval(share, self._patients_behind)
        quantile = _quantile(self.num_effective, 0.5 + CONFIDENCE / 2)
        number = share * (1 - share) / error**2 * (NORMAL_QUANTILE / quantile) ** 2
        return exact_interval(share, number)

    @property
    def _others(self) -> float:
        """The largest share of patients that differ, where none of those at hand does."""
        return 1 - exact_interval(1.0, self._patients_behind)[0]

    @property
    def _patients_behind(self) -> float:
        return self.num_effective if self.num_behind is None else self.num_behind


def exact_interval(share: float, number: float) -> tuple[float, float]:
    """Return the exact 95 % interval of a share of independent draws, also of a fraction of one."""
    from scipy.stats import beta

    hits, rest = share * number, (1 - share) * number
    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, hits, rest + 1)) if hits > 0 else 0.0
    return low, float(beta.ppf(1 - tail, hits + 1, rest)) if rest > 0 else 1.0


def detectable(standard_error: float, num_effective: float) -> float:
    """Return the smallest change that is told from none with a chance of 80 %."""
    quantiles = _quantile(num_effective, 0.5 + CONFIDENCE / 2) + _quantile(num_effective, POWER)
    return quantiles * standard_error


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


def _quantile(num_effective: float, probability: float) -> float:
    """Return Student's quantile with one degree of freedom less than there are patients."""
    return student_quantile(probability, max(num_effective - 1, 1.0))


def logit(values: Floats) -> Floats:
    """Return the log odds of shares."""
    return np.log(values / (1 - values))


def logistic(value: float) -> float:
    """Return the share of log odds."""
    return 1 / (1 + math.exp(-value))
