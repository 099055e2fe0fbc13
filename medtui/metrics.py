"""The metrics: what they are called, for which tasks, and how predictions become numbers.

A metric is one row of `METRICS`. scikit-learn computes; nothing here knows torch.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from medtui.events import Metrics

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Task = Literal["single", "multi"]

NUM_CALIBRATION_BINS = 15
"""Bins of equal width for the calibration error. Source: Guo et al. 2017, arXiv 1706.04599."""


@dataclass(frozen=True)
class Scores:
    """Predictions of one part of the data, ready to be measured."""

    labels_NK: Labels
    """0 or 1 for each class; one-hot in single-label tasks."""
    scores_NK: Array
    """Probability of each class: softmax in single-label tasks, sigmoid in multi-label ones."""
    answers_NK: Labels
    """0 or 1 for each class: the largest probability, or those above their class's threshold."""
    task: Task

    @property
    def num_classes(self) -> int:
        """K."""
        return int(self.labels_NK.shape[1])

    @property
    def judged(self) -> list[int]:
        """Classes that one-against-rest metrics average over: the second alone of two."""
        is_binary = self.task == "single" and self.num_classes == 2  # noqa: PLR2004 - two classes
        return [1] if is_binary else list(range(self.num_classes))

    def take(self, rows: Labels) -> "Scores":
        """Give the predictions of these rows, repeated as often as they are named."""
        return Scores(self.labels_NK[rows], self.scores_NK[rows], self.answers_NK[rows], self.task)

    def of_class(self, index: int) -> "Scores":
        """Give one class against the rest."""
        column = slice(index, index + 1)
        return Scores(
            self.labels_NK[:, column], self.scores_NK[:, column], self.answers_NK[:, column],
            "multi",
        )  # fmt: skip


@dataclass(frozen=True)
class Metric:
    """One row: a number that predictions amount to."""

    name: str
    """As in logs, results and `--columns`."""
    label: str
    """As on screens."""
    tasks: tuple[Task, ...]
    compute: Callable[[Scores], float]
    """NaN where it is undefined, as for a class that never occurs."""
    is_share: bool = True
    """Whether it is shown in percent."""
    higher_is_better: bool = True


def make_scores(
    logits_NK: npt.NDArray[np.floating], labels: npt.NDArray[np.integer], task: Task,
    thresholds: Sequence[float] = (),
) -> Scores:  # fmt: skip
    """Turn logits and labels ((N,) class numbers, or (N, K) zeros and ones) into `Scores`.

    `thresholds` are probabilities per class for multi-label answers; 0.5 where there are none.
    """
    logits = logits_NK.astype(np.float64)
    if task == "multi":
        scores = 1 / (1 + np.exp(-logits))
        limits = np.asarray(thresholds or [0.5] * logits.shape[1])
        return Scores(labels.astype(np.int64), scores, (scores >= limits).astype(np.int64), task)
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores = shifted / shifted.sum(axis=1, keepdims=True)
    identity = np.eye(logits.shape[1], dtype=np.int64)
    return Scores(identity[labels.reshape(-1)], scores, identity[scores.argmax(axis=1)], task)


def choose_thresholds(val: Scores) -> list[float]:
    """Give each class the threshold with the largest sensitivity + specificity on val.

    Source: Youden 1950, doi 10.1002/1097-0142(1950)3:1<32. 0.5 for a class that val lacks.
    """
    from sklearn.metrics import roc_curve

    thresholds = []
    for index in range(val.num_classes):
        labels = val.labels_NK[:, index]
        if labels.min() == labels.max():
            thresholds.append(0.5)
            continue
        false_rate, true_rate, limits = roc_curve(labels, val.scores_NK[:, index])
        limit = float(limits[np.argmax(true_rate - false_rate)])
        thresholds.append(limit if math.isfinite(limit) else 1.0)
    return thresholds


def measure(scores: Scores) -> Metrics:
    """Give every metric of the task; None where it is undefined."""
    return {
        metric.name: _defined(metric.compute(scores))
        for metric in METRICS
        if scores.task in metric.tasks
    }


def measure_classes(scores: Scores, classes: Sequence[str]) -> dict[str, Metrics]:
    """Give each class's metrics against the rest, with its `prevalence`."""
    found: dict[str, Metrics] = {}
    for index, name in enumerate(classes):
        alone = scores.of_class(index)
        found[name] = {
            metric.name: _defined(metric.compute(alone)) for metric in METRICS if metric.name in
            ("accuracy", "auroc", "average_precision", "sensitivity", "specificity", "f1")
        } | {"prevalence": float(alone.labels_NK.mean())}  # fmt: skip
    return found


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _accuracy(scores: Scores) -> float:
    if scores.task == "single":
        return float((scores.answers_NK == scores.labels_NK).all(axis=1).mean())
    return float((scores.answers_NK == scores.labels_NK).mean())


def _exact_match(scores: Scores) -> float:
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(scores.labels_NK, scores.answers_NK))


def _balanced_accuracy(scores: Scores) -> float:
    if scores.task == "single":
        return _macro(scores, range(scores.num_classes), _recall)
    return (_sensitivity(scores) + _specificity(scores)) / 2


def _sensitivity(scores: Scores) -> float:
    return _macro(scores, scores.judged, _recall)


def _specificity(scores: Scores) -> float:
    return _macro(scores, scores.judged, lambda labels, answers: _recall(1 - labels, 1 - answers))


def _f1(scores: Scores) -> float:
    from sklearn.metrics import f1_score

    return _macro(
        scores, scores.judged, lambda labels, answers: float(f1_score(labels, answers))
        if labels.any() else math.nan,
    )  # fmt: skip


def _recall(labels: Labels, answers: Labels) -> float:
    is_positive = labels == 1
    return float(answers[is_positive].mean()) if is_positive.any() else math.nan


def _macro(
    scores: Scores, classes: Sequence[int], compute: Callable[[Labels, Labels], float]
) -> float:
    return _mean([
        compute(scores.labels_NK[:, index], scores.answers_NK[:, index]) for index in classes
    ])  # fmt: skip


def _ranked(scores: Scores, compute: Callable[[Labels, Array], float]) -> float:
    """Average a ranking metric over the judged classes that occur and do not always occur."""
    values = []
    for index in scores.judged:
        labels = scores.labels_NK[:, index]
        if labels.min() != labels.max():
            values.append(float(compute(labels, scores.scores_NK[:, index])))
    return _mean(values)


def _auroc(scores: Scores) -> float:
    from sklearn.metrics import roc_auc_score

    return _ranked(scores, roc_auc_score)


def _average_precision(scores: Scores) -> float:
    from sklearn.metrics import average_precision_score

    return _ranked(scores, average_precision_score)


def _calibration_error(scores: Scores) -> float:
    """Mean gap between confidence and accuracy over bins, weighted by their images."""
    if scores.task == "single":
        confidence = scores.scores_NK.max(axis=1)
        is_right = (scores.answers_NK == scores.labels_NK).all(axis=1)
    else:
        confidence, is_right = scores.scores_NK.reshape(-1), scores.labels_NK.reshape(-1)
    edges = np.linspace(0, 1, NUM_CALIBRATION_BINS + 1)[1:-1]
    bins = np.digitize(confidence, edges)
    gaps = [
        abs(float(confidence[bins == index].mean() - is_right[bins == index].mean()))
        * float((bins == index).mean())
        for index in np.unique(bins)
    ]
    return sum(gaps)


def _mean(values: Sequence[float]) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a mean over no defined class is NaN
        return float(np.nanmean(values)) if values else math.nan


_BOTH: tuple[Task, ...] = ("single", "multi")

METRICS: tuple[Metric, ...] = (
    Metric("accuracy", "accuracy", _BOTH, _accuracy),
    Metric("exact_match", "exact match", ("multi",), _exact_match),
    Metric("balanced_accuracy", "balanced accuracy", _BOTH, _balanced_accuracy),
    Metric("auroc", "AUROC", _BOTH, _auroc, is_share=False),
    Metric("average_precision", "average precision", _BOTH, _average_precision, is_share=False),
    Metric("sensitivity", "sensitivity", _BOTH, _sensitivity),
    Metric("specificity", "specificity", _BOTH, _specificity),
    Metric("f1", "F1", _BOTH, _f1, is_share=False),
    Metric(
        "calibration_error", "calibration error", _BOTH, _calibration_error, is_share=False,
        higher_is_better=False,
    ),
)  # fmt: skip
"""All metrics, in the order in which they are shown; `loss` is the engine's own."""


def metric_named(name: str) -> Metric | None:
    """Give the row of that name; None for a metric that nothing here measures."""
    return next((metric for metric in METRICS if metric.name == name), None)
