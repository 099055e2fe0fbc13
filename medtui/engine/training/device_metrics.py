"""The metrics of an evaluation, computed on the device that holds the logits.

For curves over cycles on a GPU, where scikit-learn's or numpy's take longer than the forward pass.
Results never come from here: they are computed by `medtui.metrics`, which this equals to 1e-12.
Shapes: N images, K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from medtui.engine.training.device_curve import DeviceCurve, device_curve
from medtui.events import Metrics
from medtui.metrics.calibration import NUM_BINS
from medtui.metrics.none_class import NoneColumns
from medtui.metrics.registry import defined, reported_metrics
from medtui.metrics.task import Task


@dataclass(frozen=True)
class DeviceScores:
    """Predictions of one split on their device, as `medtui.metrics.scores.Scores` has them."""

    labels_NK: Tensor
    """0 or 1 for each class, float64; one-hot in single-label tasks. 0 where unknown."""
    scores_NK: Tensor
    """Probability of each class, float64."""
    known_NK: Tensor
    """Whether a label is known."""
    task: Task
    judged: Sequence[int]
    """Classes that one-against-rest metrics average over."""

    @cached_property
    def curve(self) -> DeviceCurve:
        """All classes' images by descending score."""
        return device_curve(self.labels_NK, self.scores_NK, self.known_NK)


def device_scores(
    logits_NK: Tensor, labels: Tensor, known: Tensor | None, task: Task, positive: int | None = None
) -> DeviceScores:
    """Turn logits and labels ((N,) class numbers, or (N, K) zeros and ones) into scores.

    `known` has the labels' shape; None where all are. `positive` is as in `make_scores`.
    """
    logits_NK = logits_NK.double()
    count, num_classes = logits_NK.shape
    if task == "multi":
        known_NK = torch.ones_like(logits_NK, dtype=torch.bool) if known is None else known
        labels_NK = torch.where(known_NK, labels, 0).double()
        scores_NK = 1 / (1 + torch.exp(-logits_NK))
        return DeviceScores(labels_NK, scores_NK, known_NK, task, range(num_classes))
    known_N = torch.ones(count, dtype=torch.bool, device=logits_NK.device)
    known_N = known_N if known is None else known.view(-1)
    classes_K = torch.arange(num_classes, device=logits_NK.device)
    labels_NK = (torch.where(known_N, labels.view(-1), 0).unsqueeze(1) == classes_K).double()
    known_NK = known_N.unsqueeze(1).expand(-1, num_classes)
    is_binary = num_classes == 2  # noqa: PLR2004 - of two classes the positive one is judged
    judged = [1 if positive is None else positive] if is_binary else range(num_classes)
    return DeviceScores(labels_NK, logits_NK.softmax(dim=1), known_NK, task, judged)


def measure_on_device(
    scores: DeviceScores, thresholds: Sequence[float] = (), none: NoneColumns | None = None
) -> Metrics:
    """Return every metric of the task, None where it is undefined, with one wait for the device.

    `thresholds` and `none` are as in `make_scores`.
    """
    answers_NK = _answers(scores, thresholds, none)
    found = _rates(scores, answers_NK) | {
        "auroc": _mean_of_judged(scores, scores.curve.area_K()),
        "average_precision": _mean_of_judged(scores, scores.curve.mean_precision_K()),
        "calibration_error": _calibration_error(scores, answers_NK),
        "brier_score": _brier_score(scores),
    }
    names = [metric.name for metric in reported_metrics(scores.task)]
    values = torch.stack([found[name] for name in names]).tolist()
    return {name: defined(value) for name, value in zip(names, values, strict=True)}


def _answers(scores: DeviceScores, thresholds: Sequence[float], none: NoneColumns | None) -> Tensor:
    """Return the answers (N, K): the largest probability, or those above their threshold."""
    scores_NK = scores.scores_NK
    if scores.task == "single":
        classes_K = torch.arange(scores_NK.shape[1], device=scores_NK.device)
        return scores_NK.argmax(dim=1, keepdim=True) == classes_K
    limits = thresholds or [0.5] * scores_NK.shape[1]
    answers_NK = scores_NK >= torch.tensor(limits, dtype=scores_NK.dtype, device=scores_NK.device)
    if none is not None and none.others:
        answers_NK[:, none.none] &= ~answers_NK[:, list(none.others)].any(dim=1)
    return answers_NK


def _rates(scores: DeviceScores, answers_NK: Tensor) -> dict[str, Tensor]:
    known_NK, is_positive_NK = scores.known_NK, (scores.labels_NK == 1) & scores.known_NK
    is_negative_NK = ~is_positive_NK & known_NK
    is_right_NK = answers_NK == (scores.labels_NK == 1)
    labelled_N = known_NK.any(dim=1)
    is_matched_N = (is_right_NK | ~known_NK).all(dim=1)
    hits_K, positives_K = (answers_NK & is_positive_NK).sum(dim=0), is_positive_NK.sum(dim=0)
    recall_K = hits_K / positives_K.double()
    spared_K = (~answers_NK & is_negative_NK).sum(dim=0) / is_negative_NK.sum(dim=0).double()
    answered_K = (answers_NK & known_NK).sum(dim=0)
    f1_K = torch.where(positives_K > 0, 2 * hits_K / (positives_K + answered_K).double(), torch.nan)
    sensitivity, specificity = (_mean_of_judged(scores, each) for each in (recall_K, spared_K))
    is_single = scores.task == "single"
    return {
        "accuracy": _share(is_matched_N, labelled_N) if is_single
        else _share(is_right_NK, known_NK),
        "exact_match": _share(is_matched_N, labelled_N),
        "top_1": _top_1(scores, is_positive_NK),
        "balanced_accuracy": recall_K.nanmean() if is_single else (sensitivity + specificity) / 2,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "f1": _mean_of_judged(scores, f1_K),
    }  # fmt: skip


def _top_1(scores: DeviceScores, is_positive_NK: Tensor) -> Tensor:
    candidates_NK = torch.where(scores.known_NK, scores.scores_NK, -torch.inf)
    top_N1 = candidates_NK.argmax(dim=1, keepdim=True)
    return _share(is_positive_NK.gather(1, top_N1).squeeze(1), is_positive_NK.any(dim=1))


def _brier_score(scores: DeviceScores) -> Tensor:
    squares_NK = torch.where(scores.known_NK, (scores.scores_NK - scores.labels_NK) ** 2, 0.0)
    if scores.task == "multi":
        return squares_NK.sum() / scores.known_NK.sum().double()
    return squares_NK.sum() / 2 / scores.known_NK.any(dim=1).sum().double()


def _calibration_error(scores: DeviceScores, answers_NK: Tensor) -> Tensor:
    """Return the mean gap between confidence and share of right answers, weighted by answers."""
    if scores.task == "single":
        confidence, counted = scores.scores_NK.amax(dim=1), scores.known_NK.any(dim=1)
        is_right = (answers_NK == (scores.labels_NK == 1)).all(dim=1)
    else:
        confidence, counted = scores.scores_NK, scores.known_NK
        is_right = scores.labels_NK == 1
    edges = torch.linspace(0, 1, NUM_BINS + 1, dtype=torch.float64, device=confidence.device)
    bin_of = torch.bucketize(confidence, edges[1:-1], right=True)
    excess = torch.where(counted, confidence - is_right.double(), 0.0)
    gaps = [torch.where(bin_of == number, excess, 0.0).sum().abs() for number in range(NUM_BINS)]
    return torch.stack(gaps).sum() / counted.sum().double()


def _share(is_true: Tensor, counted: Tensor) -> Tensor:
    """Return the share of what is counted that is true; NaN where nothing is counted."""
    return (is_true & counted).sum() / counted.sum().double()


def _mean_of_judged(scores: DeviceScores, values_K: Tensor) -> Tensor:
    """Return the mean over the judged classes that are defined; NaN where none is."""
    return values_K[list(scores.judged)].nanmean()
