"""Metrics on weighted patients, for the intervals of `recomputed.intervals`.

Shares are quotients of sums over patients. The AUROC is a quadratic form of the weights: the
matrix of pairs of patients holds how many positives of one are ranked above negatives of the other.

Shapes: N images, P patients, B samples.
"""

import math
from collections.abc import Callable

import numpy as np
from sklearn.metrics import average_precision_score

from tests.helpers.recomputed.answers import Answers
from tests.helpers.recomputed.metrics import top_hits

Weighed = Callable[[np.ndarray], np.ndarray]
"""A metric by the weights of patients, (B, P) to (B,)."""


def weighed(answers: Answers, name: str) -> Weighed:
    """Return a metric as a function of the patients' weights."""
    of_patient = np.unique(answers.patients, return_inverse=True)[1]
    match name:
        case "accuracy" if answers.is_multi:
            is_right = (answers.answers == answers.labels) & answers.known
            return _share(of_patient, is_right.sum(axis=1), answers.known.sum(axis=1))
        case "accuracy":
            is_right = (answers.answers == answers.labels).all(axis=1) & answers.labelled
            return _share(of_patient, is_right, answers.labelled)
        case "exact_match":
            is_right = ((answers.answers == answers.labels) | ~answers.known).all(axis=1)
            return _share(of_patient, is_right & answers.labelled, answers.labelled)
        case "top_1":
            is_hit, counts = top_hits(answers)
            return _share(of_patient, is_hit & counts, counts)
        case "brier_score":
            squared = np.where(answers.known, (answers.probabilities - answers.labels) ** 2, 0)
            counts = answers.known.sum(axis=1) if answers.is_multi else 2 * answers.labelled
            return _share(of_patient, squared.sum(axis=1), counts)
        case "balanced_accuracy" if answers.is_multi:
            parts = [weighed(answers, each) for each in ("sensitivity", "specificity")]
            return lambda weights: sum(part(weights) for part in parts) / 2
        case "balanced_accuracy":
            return _mean_of(answers, "sensitivity", range(len(answers.classes)))
        case _:
            return _mean_of(answers, name, answers.judged)


def _mean_of(answers: Answers, name: str, classes: object) -> Weighed:
    forms = [_class_form(answers, name, index) for index in classes]

    def mean(weights: np.ndarray) -> np.ndarray:
        values = np.stack([form(weights) for form in forms])
        is_defined = np.isfinite(values)
        total = np.where(is_defined, values, 0).sum(axis=0)
        with np.errstate(invalid="ignore"):
            return total / np.where(is_defined.any(axis=0), is_defined.sum(axis=0), np.nan)

    return mean


def _class_form(answers: Answers, name: str, index: int) -> Weighed:
    of_patient = np.unique(answers.patients, return_inverse=True)[1]
    num_patients = of_patient.max() + 1
    truth, chosen = answers.labels[:, index], answers.answers[:, index]
    match name:
        case "sensitivity":
            return _share(of_patient, (truth == 1) & (chosen == 1), truth == 1)
        case "specificity":
            return _share(of_patient, (truth == 0) & (chosen == 0), truth == 0)
        case "f1":
            return _f1(of_patient, truth == 1, (truth == 0) | (truth == 1), chosen == 1)
        case "auroc":
            return _area(of_patient, num_patients, truth, answers.probabilities[:, index])
        case "average_precision":
            return _precision(of_patient, truth, answers.probabilities[:, index])
    raise AssertionError(f"no interval of {name} is recomputed")


def _share(of_patient: np.ndarray, part: np.ndarray, whole: np.ndarray) -> Weighed:
    parts, wholes = (np.bincount(of_patient, each.astype(float)) for each in (part, whole))

    def share(weights: np.ndarray) -> np.ndarray:
        total = weights @ wholes
        return weights @ parts / np.where(total > 0, total, np.nan)

    return share


def _f1(
    of_patient: np.ndarray, is_positive: np.ndarray, is_known: np.ndarray, is_answered: np.ndarray
) -> Weighed:
    positives, answered, both = (
        np.bincount(of_patient, each.astype(float))
        for each in (is_positive, is_answered & is_known, is_positive & is_answered)
    )

    def f1(weights: np.ndarray) -> np.ndarray:
        has_positives = weights @ positives > 0
        total = np.where(has_positives, weights @ (positives + answered), np.nan)
        return 2 * (weights @ both) / total

    return f1


def _area(
    of_patient: np.ndarray, num_patients: int, truth: np.ndarray, scores: np.ndarray
) -> Weighed:
    positive, negative = np.flatnonzero(truth == 1), np.flatnonzero(truth == 0)
    above = np.sign(scores[positive][:, None] - scores[negative][None, :]) / 2 + 0.5
    pairs = np.zeros((num_patients, num_patients))
    np.add.at(pairs, (of_patient[positive][:, None], of_patient[negative][None, :]), above)
    counts = [
        np.bincount(of_patient[rows], minlength=num_patients) for rows in (positive, negative)
    ]

    def area(weights: np.ndarray) -> np.ndarray:
        total = (weights @ counts[0]) * (weights @ counts[1])
        return np.einsum("bp,pq,bq->b", weights, pairs, weights) / np.where(
            total > 0, total, np.nan
        )

    return area


def _precision(of_patient: np.ndarray, truth: np.ndarray, scores: np.ndarray) -> Weighed:
    def of_sample(weights_P: np.ndarray) -> float:
        weights = weights_P[of_patient]
        rows = (weights > 0) & ~np.isnan(truth)
        if len(set(truth[rows].tolist())) < 2:
            return math.nan
        return float(
            average_precision_score(truth[rows], scores[rows], sample_weight=weights[rows])
        )

    return lambda weights: np.array([of_sample(each) for each in weights])
