"""95 % intervals over seeds and patients: of a number averaged over several repetitions.

Repetitions of a training are answers about the same patients. Their mean is uncertain for two
reasons, whose variances add up: other patients, by the jackknife of the mean over the repetitions,
and other seeds, by the spread of the repetitions divided by their number. Student's quantile has
Satterthwaite's degrees of freedom: a spread of three values is itself uncertain. That repetitions
also differ in how they answer about each patient is part of both variances, hence counted twice;
the interval is the wider for it.

A bootstrap of seeds and patients was measured beside it (`benchmarks/seed_coverage.py`): of three
values it draws too few different samples, and its intervals are too short.

Shapes: S repetitions, B samples without one patient each.

Sources: Satterthwaite 1946; Efron and Stein 1981; Obuchowski and Rockette 1995 (crossed effects).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medtui.metrics.arrays import Floats
from medtui.metrics.draws import all_patients, without_each_patient
from medtui.metrics.intervals import (
    Difference,
    Sampled,
    change_of,
    on_samples,
    within_bounds,
)
from medtui.metrics.jackknife import (
    CONFIDENCE,
    NORMAL_QUANTILE,
    POWER,
    Jackknife,
    effective_number,
    logistic,
    logit,
    standard_error_of,
)
from medtui.metrics.registry import Metric
from medtui.metrics.scores import Scores
from medtui.metrics.shortage import interval_shortage
from medtui.metrics.student import student_quantile
from medtui.metrics.support import number_behind

MIN_SEEDS = 3
"""Fewest repetitions with which the interval holds: of two values the spread is hardly known, and
such intervals cover 85 % where seeds matter most (`benchmarks/statistics.md`)."""


@dataclass(frozen=True)
class Nested:
    """A number in each repetition, and what it becomes without each patient."""

    values_S: Floats
    """On all images."""
    replicates_SB: Floats
    """Without one patient, or one group of patients, each; NaN where undefined."""
    num_effective: float
    """Effective number of patients."""

    @property
    def value(self) -> float:
        """The mean over the repetitions."""
        return float(self.values_S.mean())

    @property
    def is_enough(self) -> bool:
        """Whether there are repetitions enough for an interval."""
        return len(self.values_S) >= MIN_SEEDS

    @property
    def normal_error(self) -> float:
        """The error of the normal distribution whose 95 % interval is as wide as this one's."""
        return self._reach(self.values_S, self.replicates_SB) / NORMAL_QUANTILE

    @property
    def detectable(self) -> float:
        """The smallest true change that would be told from none with a chance of 80 %."""
        error, degrees = _combined(self.values_S, self.replicates_SB, self.num_effective)
        return error * (
            student_quantile(0.5 + CONFIDENCE / 2, degrees) + student_quantile(POWER, degrees)
        )

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of a number without bounds: a difference."""
        reach = self._reach(self.values_S, self.replicates_SB)
        return self.value - reach, self.value + reach

    def interval_of_share(self) -> tuple[float, float]:
        """Return the 95 % interval of a number between 0 and 1, computed on the logit scale.

        Where a value or a replicate is at a bound its logit is infinite; the plain interval, cut at
        the bounds, is returned then. Where neither seeds nor patients change the number, it is that
        of one repetition.
        """
        alone = Jackknife(self.value, self.replicates_SB.mean(axis=0), self.num_effective)
        if alone.is_constant and np.ptp(self.values_S) == 0:
            return alone.interval_of_share()
        known = self.replicates_SB[np.isfinite(self.replicates_SB)]
        every = np.concatenate([self.values_S, known])
        if (every <= 0).any() or (every >= 1).any():
            low, high = self.interval()
            return max(low, 0.0), min(high, 1.0)
        reach = self._reach(logit(self.values_S), logit(self.replicates_SB))
        centre = float(logit(np.array(self.value)))
        return logistic(centre - reach), logistic(centre + reach)

    def _reach(self, values_S: Floats, replicates_SB: Floats) -> float:
        error, degrees = _combined(values_S, replicates_SB, self.num_effective)
        return error * student_quantile(0.5 + CONFIDENCE / 2, degrees)


def _combined(values_S: Floats, replicates_SB: Floats, effective: float) -> tuple[float, float]:
    """Return the standard error of the mean, and its degrees of freedom."""
    num_seeds = len(values_S)
    of_patients = standard_error_of(replicates_SB.mean(axis=0)) ** 2
    if num_seeds == 1:
        return math.sqrt(of_patients), max(effective - 1, 1.0)
    of_seeds = float(values_S.var(ddof=1)) / num_seeds
    both = of_patients + of_seeds
    spread = of_patients**2 / max(effective - 1, 1.0) + of_seeds**2 / (num_seeds - 1)
    return math.sqrt(both), both**2 / spread if spread > 0 else math.inf


def nested_of(forms: Sequence[Sequence[Sampled]], patients: Sequence[str]) -> Nested | None:
    """Return a number over repetitions, each the mean of some forms; None where one is undefined.

    Forms that share a reference are no repetitions of it: only their mean is.
    """
    whole, samples = all_patients(patients), list(without_each_patient(patients))
    values = [[float(form(whole)[0]) for form in repetition] for repetition in forms]
    if not np.isfinite([each for repetition in values for each in repetition]).all():
        return None
    replicates = [
        np.mean([np.concatenate([form(draws) for draws in samples]) for form in repetition], axis=0)
        for repetition in forms
    ]
    values_S = np.array([np.mean(repetition) for repetition in values])
    return Nested(values_S, np.stack(replicates), effective_number(patients))


def nested_metrics(
    scores: Sequence[Sequence[Scores]], patients: Sequence[str], metrics: Sequence[Metric]
) -> dict[str, Nested]:
    """Return each metric over repetitions; those without a sampled form are left out."""
    found = {
        metric.name: nested_of(
            [[on_samples(each, metric) for each in repetition] for repetition in scores], patients
        )
        for metric in metrics
        if metric.resample is not None
    }
    return {name: each for name, each in found.items() if each is not None}


def nested_differences(
    pairs: Sequence[Sequence[tuple[Scores, Scores]]],
    patients: Sequence[str],
    metrics: Sequence[Metric],
) -> dict[str, Difference]:
    """Return each metric's paired change, averaged over repetitions, with its interval.

    With fewer repetitions than `MIN_SEEDS`, or patients than `Metric.min_patients_paired`, there
    is no interval.
    """
    found = {}
    for metric in metrics:
        if metric.resample is None:
            continue
        changes = [
            [change_of(on_samples(before, metric), on_samples(after, metric))
             for before, after in repetition]
            for repetition in pairs
        ]  # fmt: skip
        number = nested_of(changes, patients)
        if number is not None:
            found[metric.name] = _difference(number, metric, pairs[0][0][0], patients)
    return found


def _difference(
    number: Nested, metric: Metric, scores: Scores, patients: Sequence[str]
) -> Difference:
    """Return a change over repetitions; where it is the same in every patient, its exact bound."""
    shortage = interval_shortage(metric, scores, patients, needed=metric.min_patients_paired)
    behind = number_behind(metric, scores, patients)
    mean_B = number.replicates_SB.mean(axis=0)
    of_patients = Jackknife(number.value, mean_B, number.num_effective, behind)
    is_constant = of_patients.is_constant and bool(np.ptp(number.values_S) == 0)
    low, high = within_bounds(of_patients.interval() if is_constant else number.interval())
    detectable = number.detectable
    if shortage is not None or not number.is_enough:
        low = high = detectable = math.nan
    return Difference(
        number.value, low, high, number.normal_error, detectable, shortage, is_constant
    )
