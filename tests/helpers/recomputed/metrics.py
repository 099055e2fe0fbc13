"""The metrics on all images, by scikit-learn."""

import math
import warnings

import numpy as np
import pandas as pd
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    recall_score,
    roc_auc_score,
)

from tests.helpers.recomputed.answers import Answers

NUM_BINS = 15

SINGLE = (
    "accuracy", "balanced_accuracy", "auroc", "average_precision", "sensitivity", "specificity",
    "f1", "calibration_error", "brier_score",
)  # fmt: skip
MULTI = ("accuracy", "exact_match", "top_1", *SINGLE[1:])
PER_CLASS = (
    "accuracy", "auroc", "average_precision", "sensitivity", "specificity", "f1", "brier_score",
)  # fmt: skip


def metrics_of(answers: Answers) -> dict[str, float | None]:
    """Return every metric of the task; None where it is undefined."""
    names = MULTI if answers.is_multi else SINGLE
    return {name: _defined(metric(answers, name)) for name in names}


def classes_of(answers: Answers) -> dict[str, dict[str, float | None]]:
    """Return each class's metrics against the rest."""
    found = {}
    for index, name in enumerate(answers.classes):
        alone = answers.one_class(index)
        truth = alone.labels[alone.known]
        found[name] = {each: _defined(metric(alone, each)) for each in PER_CLASS}
        found[name]["prevalence"] = float(truth.mean()) if truth.size else None
    return found


def metric(answers: Answers, name: str) -> float:
    """Return one metric; NaN where it is undefined."""
    match name:
        case "accuracy":
            return _accuracy(answers)
        case "exact_match":
            is_right = (answers.answers == answers.labels) | ~answers.known
            return _mean(is_right.all(axis=1)[answers.labelled])
        case "top_1":
            is_hit, counts = top_hits(answers)
            return _mean(is_hit[counts])
        case "brier_score":
            squared = (answers.probabilities - answers.labels)[answers.known] ** 2
            count = squared.size if answers.is_multi else 2 * answers.labelled.sum()
            return float(squared.sum() / count) if count else math.nan
        case "balanced_accuracy" if not answers.is_multi:
            return _over_classes(answers, name, range(len(answers.classes)))
        case "balanced_accuracy":
            return (metric(answers, "sensitivity") + metric(answers, "specificity")) / 2
        case "calibration_error":
            return _calibration_error(answers)
        case _:
            return _over_classes(answers, name, answers.judged)


def _accuracy(answers: Answers) -> float:
    if not answers.is_multi:
        rows = answers.labelled
        truth, chosen = answers.labels[rows].argmax(axis=1), answers.answers[rows].argmax(axis=1)
        return float(accuracy_score(truth, chosen)) if rows.any() else math.nan
    known = answers.known
    return _mean(answers.answers[known] == answers.labels[known])


def _over_classes(answers: Answers, name: str, classes: object) -> float:
    """Return the mean over the classes for which a metric is defined."""
    values = []
    for index in classes:
        known = answers.known[:, index]
        truth = answers.labels[known, index].astype(int)
        chosen = answers.answers[known, index].astype(int)
        values.append(_of_class(name, truth, chosen, answers.probabilities[known, index]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(np.nanmean(values)) if values else math.nan


def _of_class(name: str, truth: np.ndarray, chosen: np.ndarray, scores: np.ndarray) -> float:
    has_both = len(set(truth.tolist())) == 2
    match name:
        case "auroc":
            return float(roc_auc_score(truth, scores)) if has_both else math.nan
        case "average_precision":
            return float(average_precision_score(truth, scores)) if has_both else math.nan
        case "sensitivity" | "balanced_accuracy":
            return float(recall_score(truth, chosen)) if truth.any() else math.nan
        case "specificity":
            return float(recall_score(1 - truth, 1 - chosen)) if (1 - truth).any() else math.nan
        case "f1":
            return float(f1_score(truth, chosen)) if truth.any() else math.nan
    raise AssertionError(f"no recomputation of {name}")


def top_hits(answers: Answers) -> tuple[np.ndarray, np.ndarray]:
    """Return whether each image has its most probable class, and whether it has a class at all."""
    is_positive = answers.labels == 1
    candidates = np.where(answers.known, answers.probabilities, -1)
    most_probable = np.eye(len(answers.classes), dtype=bool)[candidates.argmax(axis=1)]
    return (is_positive & most_probable).any(axis=1), is_positive.any(axis=1)


def reliability(answers: Answers) -> pd.DataFrame:
    """Return confidence, share right and share of answers of each bin that holds an answer."""
    if answers.is_multi:
        known = answers.known
        confidence, is_right = answers.probabilities[known], answers.labels[known] == 1
    else:
        rows = answers.labelled
        confidence = answers.probabilities[rows].max(axis=1)
        is_right = (answers.answers == answers.labels)[rows].all(axis=1)
    edges = np.linspace(0, 1, NUM_BINS + 1)
    edges[0], edges[-1] = -np.inf, np.inf
    table = pd.DataFrame({"confidence": confidence, "accuracy": is_right.astype(float)})
    table["bin"] = pd.cut(table["confidence"], edges, right=False, labels=False)
    bins = table.groupby("bin").agg(
        confidence=("confidence", "mean"), accuracy=("accuracy", "mean"), count=("bin", "size")
    )
    return bins.assign(share=bins["count"] / max(1, len(table)))


def _calibration_error(answers: Answers) -> float:
    bins = reliability(answers)
    gaps = (bins["confidence"] - bins["accuracy"]).abs() * bins["share"]
    return float(gaps.sum()) if len(bins) else math.nan


def _mean(is_true: np.ndarray) -> float:
    return float(is_true.mean()) if is_true.size else math.nan


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None
