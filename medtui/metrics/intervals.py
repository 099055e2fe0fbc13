"""95 % intervals over patients: of metrics, and of their change between two runs.

Patients are left out or drawn, and their images follow, because images of one patient are alike.

Sources: `jackknife.py`; Efron and Tibshirani 1993, percentile interval; paired for differences.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from medtui.metrics.arrays import Floats
from medtui.metrics.draws import Draws, all_patients, draw_patients, without_each_patient
from medtui.metrics.interval_method import IntervalMethod
from medtui.metrics.interval_reasons import reason_without
from medtui.metrics.jackknife import Jackknife, effective_number
from medtui.metrics.registry import Metric, reported_metrics
from medtui.metrics.scores import Scores
from medtui.metrics.shortage import Shortage, Unit, interval_shortage
from medtui.metrics.support import number_behind

Sampled = Callable[[Draws], Floats]
"""A number on each sample, (B,)."""

WIDTH_95 = 3.92
"""Width of a normal distribution's 95 % interval, in standard deviations."""

CONSTANT_REASON = "the same in every patient: exact bound for the effective number of patients"

QUANTILES = (0.025, 0.975)
"""Those of a 95 % percentile interval."""


@dataclass(frozen=True)
class Difference:
    """How much a number changed between two runs."""

    value: float
    """After less before, on all images."""
    low: float
    """Lower end of the 95 % interval; NaN where there are too few patients for one."""
    high: float
    """Upper end of it."""
    standard_error: float
    """As a normal distribution would have it; NaN where it cannot be estimated."""
    detectable: float = float("nan")
    """Smallest true change that is told from none with a chance of 80 %; NaN if not known."""
    shortage: Shortage | None = None
    """What an interval lacks; None where there is one."""
    is_constant: bool = False
    """Whether no patient changes the value: the interval is then an exact bound."""

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0

    @property
    def has_interval(self) -> bool:
        """Whether there were patients enough for an interval."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))

    @property
    def has_bound(self) -> bool:
        """Whether its interval is a bound by the number of patients alone, without a spread."""
        return self.is_constant and self.has_interval

    @property
    def reason(self) -> str:
        """Why there is no interval, or one that is no jackknife's; empty otherwise."""
        if self.shortage is not None:
            return self.shortage.reason
        return CONSTANT_REASON if self.is_constant else ""


def metric_intervals(
    scores: Scores, patients: Sequence[str], *, method: IntervalMethod, resamples: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Return the 95 % intervals of the metrics that have one; none with `resamples` = 0.

    A metric that is undefined is left out, and with the jackknife one that needs more patients,
    or more images of a class (`interval_reasons`). `resamples` and `seed` are those of the
    percentile interval.
    """
    if not resamples:
        return {}
    metrics = [metric for metric in reported_metrics(scores.task) if metric.has_interval]
    if method == "jackknife":
        names = [str(index) for index in range(scores.num_classes)]
        enough = [each for each in metrics if not reason_without(each, scores, patients, names)]
        return jackknife_intervals(scores, patients, enough)
    forms = {metric.name: on_samples(scores, metric) for metric in metrics}
    drawn = _measure(forms, draw_patients(patients, resamples=resamples, seed=seed))
    return {name: _percentiles(each) for name, each in drawn.items() if np.isfinite(each).any()}


def jackknife_intervals(
    scores: Scores, patients: Sequence[str], metrics: Sequence[Metric]
) -> dict[str, tuple[float, float]]:
    """Return the jackknife's intervals of metrics that lack nothing for one."""
    forms = {metric.name: on_samples(scores, metric) for metric in metrics}
    numbers = {metric.name: number_behind(metric, scores, patients) for metric in metrics}
    found = _jackknives(forms, patients, numbers)
    intervals = {name: each.interval_of_share() for name, each in found.items()}
    return {name: each for name, each in intervals.items() if np.isfinite(each).all()}


def paired_differences(
    before: Scores, after: Scores, patients: Sequence[str], metrics: Sequence[Metric],
    *, method: IntervalMethod = "jackknife", resamples: int = 1000, seed: int = 0,
    unit: Unit = "patient",
) -> dict[str, Difference]:  # fmt: skip
    """Return each metric's change between two runs' answers about the same images.

    Both runs are measured on the same patients and subtracted sample by sample, so the scatter
    that they share (which patients there are) cancels; intervals of the two runs by themselves
    would overlap long before the runs stop differing. Metrics without a sampled form and those
    that are undefined on all images are left out; samples in which a metric is undefined do not
    count. With fewer patients than `Metric.min_patients_paired`, or too few images of the kind that
    a metric rests on, the jackknife returns no interval.
    """
    forms = {
        metric.name: change_of(on_samples(before, metric), on_samples(after, metric))
        for metric in metrics
        if metric.resample is not None
    }
    if method == "jackknife":
        sampled = [metric for metric in metrics if metric.name in forms]
        numbers = {metric.name: number_behind(metric, before, patients) for metric in sampled}
        lacking = {
            metric.name: interval_shortage(
                metric, before, patients, needed=metric.min_patients_paired, unit=unit
            )
            for metric in sampled
        }
        found = _jackknives(forms, patients, numbers)
        return {name: _difference(each, lacking[name]) for name, each in found.items()}
    whole = all_patients(patients)
    drawn = _measure(forms, draw_patients(patients, resamples=resamples, seed=seed))
    values = {name: float(form(whole)[0]) for name, form in forms.items()}
    differences = {}
    for name, value in values.items():
        if np.isfinite(value):
            low, high = _percentiles(drawn[name]) if name in drawn else (value, value)
            differences[name] = Difference(value, low, high, (high - low) / WIDTH_95)
    return differences


def on_samples(scores: Scores, metric: Metric) -> Sampled:
    """Return a metric of some scores as a number on each sample."""
    resample = metric.resample
    assert resample is not None, f"{metric.name} has no sampled form"
    return lambda draws: resample(scores, draws)


def change_of(before: Sampled, after: Sampled) -> Sampled:
    """Return the change between two numbers as a number on each sample."""
    return lambda draws: after(draws) - before(draws)


def _measure(forms: dict[str, Sampled], samples: Iterator[Draws]) -> dict[str, Floats]:
    """Return each number on all samples; empty without samples."""
    found: dict[str, list[Floats]] = {name: [] for name in forms}
    for draws in samples:
        for name, form in forms.items():
            found[name].append(form(draws))
    return {name: np.concatenate(each) for name, each in found.items() if each}


def _jackknives(
    forms: dict[str, Sampled], patients: Sequence[str], numbers: dict[str, float]
) -> dict[str, Jackknife]:
    """Return the jackknife of each number that is defined on all images.

    `numbers` are the effective numbers of patients that each rests on.
    """
    whole, effective = all_patients(patients), effective_number(patients)
    values = {name: float(form(whole)[0]) for name, form in forms.items()}
    is_defined = {name: form for name, form in forms.items() if np.isfinite(values[name])}
    measured = _measure(is_defined, without_each_patient(patients))
    return {
        name: Jackknife(values[name], replicates_B, effective, numbers[name])
        for name, replicates_B in measured.items()
    }


def _difference(found: Jackknife, shortage: Shortage | None) -> Difference:
    if shortage is not None:
        return Difference(
            found.value, np.nan, np.nan, found.normal_error, np.nan, shortage, found.is_constant
        )
    low, high = within_bounds(found.interval())
    return Difference(
        found.value, low, high, found.normal_error, found.detectable, None, found.is_constant
    )


def within_bounds(ends: tuple[float, float]) -> tuple[float, float]:
    """Return the ends of a change between two numbers from 0 to 1, which is from -1 to 1.

    Student's interval is symmetric, and passes a bound that the change is near.
    """
    low, high = ends
    return max(low, -1.0), min(high, 1.0)


def _percentiles(values: Floats) -> tuple[float, float]:
    low, high = np.nanquantile(values, QUANTILES)
    return float(low), float(high)
