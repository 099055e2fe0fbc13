"""Bootstrap intervals over patients: of metrics, and of their change between two runs.

Source: Efron and Tibshirani 1993, percentile interval; paired for differences.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medtui.metrics.draws import all_patients, draw_patients
from medtui.metrics.registry import Metric, reported_metrics
from medtui.metrics.scores import Floats, Scores

INTERVAL = (0.025, 0.975)
"""Quantiles of a 95 % interval."""


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
    scores: Scores, patients: Sequence[str], *, resamples: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Return the 95 % intervals of the metrics that have one; none without resamples.

    A metric that is undefined in every sample is left out.
    """
    wanted = {
        metric.name: metric.resample
        for metric in reported_metrics(scores.task)
        if metric.has_interval and metric.resample is not None
    }
    drawn: dict[str, list[Floats]] = {name: [] for name in wanted}
    for draws in draw_patients(patients, resamples=resamples, seed=seed):
        for name, resample in wanted.items():
            drawn[name].append(resample(scores, draws))
    joined = {name: np.concatenate(values) for name, values in drawn.items() if values}
    return {name: _interval(each) for name, each in joined.items() if np.isfinite(each).any()}


def paired_differences(
    before: Scores, after: Scores, patients: Sequence[str], metrics: Sequence[Metric],
    *, resamples: int, seed: int = 0,
) -> dict[str, Difference]:  # fmt: skip
    """Return each metric's change between two runs' answers about the same images.

    Both runs are measured on the same drawn patients and subtracted sample by sample, so the
    scatter that they share (which patients were drawn) cancels; intervals of the two runs by
    themselves would overlap long before the runs stop differing. Metrics without a sampled form
    and those that are undefined on all images are left out; samples in which a metric is undefined
    do not count.
    """
    forms = {each.name: each.resample for each in metrics if each.resample is not None}
    whole = all_patients(patients)
    drawn: dict[str, list[Floats]] = {name: [] for name in forms}
    for draws in draw_patients(patients, resamples=resamples, seed=seed):
        for name, resample in forms.items():
            drawn[name].append(resample(after, draws) - resample(before, draws))
    found = {}
    for name, resample in forms.items():
        value = resample(after, whole) - resample(before, whole)
        if np.isfinite(value).all():
            low, high = _interval(np.concatenate(drawn[name] or [value]))
            found[name] = Difference(float(value[0]), low, high)
    return found


def _interval(values: Floats) -> tuple[float, float]:
    low, high = np.nanquantile(values, INTERVAL)
    return float(low), float(high)
