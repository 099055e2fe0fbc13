"""The registry: one row a metric. Everything that names, computes or shows metrics asks it.

Loads no numpy: what computes imports it when it is called.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from medtui.metrics import calibration, ranking, rates
from medtui.units import MISSING, format_change, format_percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from medtui.events import Metrics
    from medtui.metrics.arrays import Floats
    from medtui.metrics.draws import Draws
    from medtui.metrics.positive import PositiveClass
    from medtui.metrics.scores import Scores
    from medtui.metrics.task import Task

MIN_PATIENTS_PAIRED = 9
"""Fewest patients with which intervals of changes hold, for every metric that was simulated."""

MIN_IMAGES_OF_CLASS = 10
"""Fewest images with a class, and without it, for intervals and verdicts that rest on it."""

_PERCENT = 100
_SHARE_DIGITS, _NUMBER_DIGITS = 1, 3


@dataclass(frozen=True)
class Metric:
    """One row: a number that predictions amount to."""

    name: str
    """As in logs, results, presets and `--columns`."""
    label: str
    """As on screens."""
    tasks: tuple[Task, ...]
    """Where it is defined."""
    compute: Callable[[Scores], float]
    """Its value on all images; NaN where it is undefined, as for a class that never occurs."""
    resample: Callable[[Scores, Draws], Floats] | None = None
    """Its value on each bootstrap sample, (B,); NaN where it is undefined.

    With it a metric has paired changes between runs; None leaves it without any interval.
    """
    has_interval: bool = False
    """Whether results hold its own 95 % interval; it needs `resample`."""
    min_patients: int = 20
    """Fewest patients with which its 95 % interval holds: at least 93 % of such intervals contain
    the truth, and they are at most 1.5 times as long as percentile intervals. Measured by
    `benchmarks/interval_coverage.py`."""
    min_patients_class_mean: int = 29
    """The same where it is a mean over several classes."""
    min_patients_of_several: int = 29
    """The same where it is of one class of several, which is rarer than one of two."""
    min_patients_paired: int = MIN_PATIENTS_PAIRED
    """The same for the interval of a change between two runs on the same images."""
    no_interval: str = ""
    """Why it never has an interval, where `has_interval` is false."""
    is_class_mean: bool = False
    """Whether it is a mean over classes, each of which must occur often enough for an interval."""
    rests_on: Literal["images", "positives", "negatives", "both"] = "images"
    """Of one class against the rest: the images that it is computed from. `both` compares those
    with the class with those without, of which each must be there."""
    is_per_class: bool = False
    """Whether results hold it for each class against the rest."""
    is_of_positive: bool = False
    """Whether it is about the positive class alone where a single-label task has two classes.

    AUROC does not depend on which of the two that is.
    """
    is_decided: bool = False
    """Whether it judges answers, which depend on thresholds in multi-label tasks."""
    is_share: bool = True
    """Whether it is a share of 1 that people read in percent."""
    higher_is_better: bool = True
    is_reported: bool = True
    """Whether results hold it; False for what only a search measures."""
    is_searchable: bool = False
    """Whether `search.metric` may name it; the preset's own list is held to this by a test."""

    @property
    def title(self) -> str:
        """The label as it begins a title: `Balanced accuracy`, `AUROC`."""
        return self.label[:1].upper() + self.label[1:]

    def label_for(self, positive: PositiveClass | None) -> str:
        """Return the label with the class that the metric is about: `sensitivity for COVID`."""
        is_named = self.is_of_positive and positive is not None
        return f"{self.label} for {positive}" if is_named else self.label

    @property
    def unit(self) -> str:
        """What follows the label on an axis."""
        return ", %" if self.is_share else ""

    @property
    def digits(self) -> int:
        """Decimals with which it is shown: one of percent, three between 0 and 1."""
        return _SHARE_DIGITS if self.is_share else _NUMBER_DIGITS

    @property
    def axis_bounds(self) -> tuple[float, float]:
        """The ends of an axis of it: 0 to 100 of percent, 0 to 1 else."""
        return (0.0, float(self._factor))

    def of(self, metrics: Metrics) -> float | None:
        """Return its value among others; None where it is undefined or was not measured."""
        return metrics.get(self.name)

    def scale(self, value: float | None) -> float | None:
        """Return a value as an axis counts it."""
        return value * _PERCENT if self.is_share and value is not None else value

    def show(self, value: float | None) -> str:
        """Return a value with its unit: `95.8 %`, `0.991`."""
        if self.is_share:
            return format_percent(value)
        is_known = value is not None and math.isfinite(value)
        return f"{value:.{_NUMBER_DIGITS}f}" if is_known else MISSING

    def show_interval(
        self, value: float | None, interval: tuple[float, float] | None, *, missing: str = MISSING
    ) -> str:
        """Return a value with its 95 % interval: `95.8 % [94.1, 97.2]`, `0.991 [0.985, 0.996]`."""
        if value is None:
            return missing
        text = f"{self._plain(value)}{' %' if self.is_share else ''}"
        if interval is None:
            return text
        low, high = interval
        return f"{text} [{self._plain(low)}, {self._plain(high)}]"

    def show_change(self, change: float | None, digits: int | None = None) -> str:
        """Return a difference with its sign, in points where it is a share; empty without one."""
        if change is None:
            return ""
        usual = _SHARE_DIGITS if self.is_share else _NUMBER_DIGITS
        return format_change(change * self._factor, usual if digits is None else digits)

    def show_amount(self, *amounts: float, is_rounded: bool = False) -> str:
        """Return an amount of change without a sign: `1 point`, `0.8 to 2.1 points`, `0.02`."""
        texts = [
            self._plain(each) if is_rounded else f"{each * self._factor:g}" for each in amounts
        ]
        amount = " to ".join(dict.fromkeys(texts))
        return f"{amount} {'point' if amount == '1' else 'points'}" if self.is_share else amount

    @property
    def _factor(self) -> int:
        return _PERCENT if self.is_share else 1

    def _plain(self, value: float) -> str:
        digits = _SHARE_DIGITS if self.is_share else _NUMBER_DIGITS
        return f"{value * self._factor:.{digits}f}"


_BOTH: tuple[Task, ...] = ("single", "multi")

METRICS: tuple[Metric, ...] = (
    Metric(
        "accuracy", "accuracy", _BOTH, rates.accuracy, rates.sampled_accuracy,
        has_interval=True, is_per_class=True, is_searchable=True, min_patients=12, is_decided=True,
    ),
    Metric(
        "exact_match", "exact match", ("multi",), rates.exact_match, rates.sampled_exact_match,
        has_interval=True, min_patients=12, is_decided=True,
    ),
    Metric(
        "top_1", "top-1", ("multi",), rates.top_1, rates.sampled_top_1,
        has_interval=True, min_patients=12,
    ),
    Metric(
        "balanced_accuracy", "balanced accuracy", _BOTH, rates.balanced_accuracy,
        rates.sampled_balanced_accuracy,
        has_interval=True, is_class_mean=True, is_searchable=True, min_patients=12, is_decided=True,
        rests_on="both",
    ),
    Metric(
        "auroc", "AUROC", _BOTH, ranking.auroc, ranking.sampled_auroc,
        has_interval=True, is_class_mean=True, is_per_class=True, is_searchable=True,
        is_share=False, rests_on="both",
    ),
    Metric(
        "average_precision", "average precision", _BOTH, ranking.average_precision,
        ranking.sampled_average_precision, has_interval=True, is_class_mean=True,
        min_patients_class_mean=53, min_patients_of_several=53, rests_on="both",
        is_per_class=True, is_of_positive=True, is_share=False,
    ),
    Metric(
        "sensitivity", "sensitivity", _BOTH, rates.sensitivity, rates.sampled_sensitivity,
        has_interval=True, is_class_mean=True, is_per_class=True, is_of_positive=True,
        is_decided=True, rests_on="positives",
    ),
    Metric(
        "specificity", "specificity", _BOTH, rates.specificity, rates.sampled_specificity,
        has_interval=True, is_class_mean=True, is_per_class=True, is_of_positive=True,
        is_decided=True, rests_on="negatives", min_patients_of_several=53,
    ),
    Metric(
        "f1", "F1", _BOTH, rates.f1, rates.sampled_f1,
        has_interval=True, is_class_mean=True, min_patients=12, rests_on="both",
        is_per_class=True, is_of_positive=True, is_decided=True, is_share=False,
    ),
    Metric(
        "calibration_error", "calibration error", _BOTH, calibration.calibration_error,
        is_share=False, higher_is_better=False,
        no_interval="its bins make it too high with few images, which no jackknife corrects",
    ),
    Metric(
        "brier_score", "Brier score", _BOTH, calibration.brier_score,
        calibration.sampled_brier_score,
        has_interval=True, min_patients=12,
        is_per_class=True, is_share=False, higher_is_better=False,
    ),
    Metric(
        "worst_class_auroc", "worst class AUROC", _BOTH, ranking.worst_class_auroc,
        ranking.sampled_worst_class_auroc, is_share=False, is_reported=False, is_searchable=True,
        rests_on="both",
    ),
)  # fmt: skip
"""All metrics, in the order in which they are shown; `loss` is the engine's own."""


def all_metrics() -> tuple[Metric, ...]:
    """Return every row."""
    return METRICS


def reported_metrics(task: Task | None = None) -> tuple[Metric, ...]:
    """Return the metrics that results hold: of one task, or of any."""
    return tuple(
        metric for metric in METRICS
        if metric.is_reported and (task is None or task in metric.tasks)
    )  # fmt: skip


def metric_named(name: str) -> Metric | None:
    """Return the row of that name; None for a metric that nothing here measures."""
    return next((metric for metric in METRICS if metric.name == name), None)


def defined(value: float) -> float | None:
    """Return a metric as results hold it: None where it is undefined."""
    return value if math.isfinite(value) else None
