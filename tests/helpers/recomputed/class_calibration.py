"""Slope, intercept and reliability curve of a class's probabilities, by scipy."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize
from scipy.special import expit, logit
from scipy.stats import norm

from tests.helpers.recomputed.answers import Answers
from tests.helpers.recomputed.intervals import jackknife_interval

FEWEST_PATIENTS, FEWEST_OF_SEVERAL, FEWEST_IMAGES, NUM_GROUPS = 20, 53, 10, 10
LARGEST_LOGIT = 34.0


def calibration_of(answers: Answers) -> dict[str, dict[str, Any]]:
    """Return the calibration of each judged class, as `result.json` has it."""
    return {answers.classes[index]: _of_class(answers, index) for index in answers.judged}


def _of_class(answers: Answers, index: int) -> dict[str, Any]:
    known = answers.known[:, index]
    truth, scores = answers.labels[known, index], answers.probabilities[known, index]
    found: dict[str, Any] = {
        "slope": None, "intercept": None, "slope_interval": None, "intercept_interval": None,
        "bins": _curve(truth, scores),
    }  # fmt: skip
    logits = np.clip(logit(scores), -LARGEST_LOGIT, LARGEST_LOGIT)
    if len(set(truth.tolist())) < 2:
        return found
    found["intercept"] = brentq(lambda shift: expit(logits + shift).sum() - truth.sum(), -68, 68)
    fit = _fit(logits, truth)
    if fit is not None:
        found["slope"] = float(fit[1])
    patients, num_images = np.unique(answers.patients, return_counts=True)
    if shortage(answers, index):
        return found
    without = answers.patients[known][None, :] != patients[:, None]
    chance = expit(logits + found["intercept"])
    moved = without @ (truth - chance) / (without @ (chance * (1 - chance)))
    ends = jackknife_interval(found["intercept"], found["intercept"] + moved, num_images)
    found["intercept_interval"] = list(ends)
    if fit is not None:
        slopes = fit[1] + np.array([_step(logits[rows], truth[rows], fit)[1] for rows in without])
        found["slope_interval"] = list(jackknife_interval(fit[1], slopes, num_images))
    return found


def reasons_of(answers: Answers) -> dict[str, list[str]]:
    """Return each reason for no interval of slope and intercept, with its classes."""
    found: dict[str, list[str]] = {}
    for index in answers.judged:
        if reason := shortage(answers, index):
            found.setdefault(reason, []).append(answers.classes[index])
    return found


def shortage(answers: Answers, index: int) -> str:
    """Return why slope and intercept of a class have no interval; empty where they have."""
    known = answers.known[:, index]
    truth, patients = answers.labels[known, index], answers.patients[known]
    is_one_of_several = answers.is_multi or len(answers.classes) > 2
    needed = FEWEST_OF_SEVERAL if is_one_of_several else FEWEST_PATIENTS
    if (count := len(set(answers.patients.tolist()))) < needed:
        return f"{needed} patients are needed, there are {count}"
    for kind, name in ((1, "positive"), (0, "negative")):
        if (num_images := int((truth == kind).sum())) < FEWEST_IMAGES:
            return f"{num_images} {name}{'s' * (num_images != 1)}, fewer than {FEWEST_IMAGES}"
    if any(len(set(patients[truth == kind].tolist())) == 1 for kind in (0, 1)):
        return f"one patient alone has all images with, or without, {answers.classes[index]}"
    return ""


def _fit(logits: np.ndarray, truth: np.ndarray) -> np.ndarray | None:
    """Return a and b of logit P = a + b logit p; None where there is no largest likelihood.

    There is none where a threshold separates positives and negatives.
    """
    positive, negative = logits[truth == 1], logits[truth == 0]
    is_separated = negative.max() <= positive.min() or positive.max() <= negative.min()
    if np.ptp(logits) == 0 or is_separated:
        return None

    def loss(at: np.ndarray) -> float:
        value = at[0] + at[1] * logits
        return float((np.logaddexp(0, value) - truth * value).sum())

    found = minimize(loss, np.zeros(2), method="Nelder-Mead", options={"maxiter": 4000}).x
    for _ in range(20):
        found = found + _step(logits, truth, found)
    return found if np.isfinite(found).all() and abs(found[1]) < 1000 else None


def _step(logits: np.ndarray, truth: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return Newton's step: what leaving a patient out moves the fit by, to first order."""
    design = np.stack([np.ones_like(logits), logits], axis=1)
    chance = expit(design @ at)
    hessian = design.T @ (design * (chance * (1 - chance))[:, None])
    return np.linalg.pinv(hessian) @ (design.T @ (truth - chance))


def _curve(truth: np.ndarray, scores: np.ndarray) -> list[dict[str, float]]:
    """Return groups of about equal size, with Wilson's interval of the share of positives."""
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, NUM_GROUPS + 1)[1:-1]))
    table = pd.DataFrame({"truth": truth, "scores": scores})
    table["group"] = [int((edges <= score).sum()) for score in scores]
    quantile = norm.ppf(0.975)
    found = []
    for _, group in table.groupby("group"):
        share, count = group["truth"].mean(), len(group)
        shrink = 1 + quantile**2 / count
        centre = (share + quantile**2 / (2 * count)) / shrink
        reach = quantile * np.sqrt(share * (1 - share) / count + (quantile / count) ** 2 / 4)
        found.append({
            "predicted": float(group["scores"].mean()), "observed": float(share),
            "low": float(centre - reach / shrink), "high": float(centre + reach / shrink),
            "num_images": count,
        })  # fmt: skip
    return found
