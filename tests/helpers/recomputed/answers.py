"""Predictions as arrays: probabilities, thresholds and answers. Shapes: N images, K classes."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, softmax

from tests.helpers.recomputed.run_files import RunFiles


@dataclass(frozen=True)
class Answers:
    """A run's answers about the images of one split."""

    classes: tuple[str, ...]
    names: np.ndarray
    patients: np.ndarray
    labels: np.ndarray
    """(N, K) of 0 and 1; NaN where unknown."""
    probabilities: np.ndarray
    """(N, K)."""
    answers: np.ndarray
    """(N, K) of 0 and 1."""
    is_multi: bool
    judged: tuple[int, ...]
    """Classes that sensitivity and its like average over: of two, the positive one."""

    @property
    def known(self) -> np.ndarray:
        """(N, K): whether the label is known."""
        return ~np.isnan(self.labels)

    @property
    def labelled(self) -> np.ndarray:
        """(N,): whether any label is known."""
        return self.known.any(axis=1)

    def take(self, rows: np.ndarray) -> "Answers":
        """Return some of the images."""
        return replace(
            self, names=self.names[rows], patients=self.patients[rows], labels=self.labels[rows],
            probabilities=self.probabilities[rows], answers=self.answers[rows],
        )  # fmt: skip

    def one_class(self, index: int) -> "Answers":
        """Return one class against the rest."""
        column = [index]
        return replace(
            self, classes=(self.classes[index],), labels=self.labels[:, column],
            probabilities=self.probabilities[:, column], answers=self.answers[:, column],
            is_multi=True, judged=(0,),
        )  # fmt: skip


def answers_of(run: RunFiles, split: str, positive: str | None = None) -> Answers:
    """Return a run's answers; `positive` names the positive class of two, else the file does."""
    stored = run.arrays
    classes = tuple(stored["classes"].tolist())
    is_multi = stored[f"{split}_labels"].ndim == 2
    labels, probabilities = _labels(run, split), _probabilities(run, split)
    if is_multi:
        answers = (probabilities >= np.array(thresholds_of(run))).astype(float)
        if "none_class" in stored:
            none, *beside = stored["none_class"].tolist()
            others = [at for at, each in enumerate(classes) if each not in {none, *beside}]
            answers[answers[:, others].any(axis=1), classes.index(none)] = 0
        judged = tuple(range(len(classes)))
    else:
        answers = np.eye(len(classes))[probabilities.argmax(axis=1)]
        named = positive or (str(stored["positive_class"]) if "positive_class" in stored else "")
        second = classes.index(named) if named else 1
        judged = (second,) if len(classes) == 2 else tuple(range(len(classes)))
    return Answers(
        classes, stored[f"{split}_names"], stored[f"{split}_patients"], labels, probabilities,
        answers, is_multi, judged,
    )  # fmt: skip


def thresholds_of(run: RunFiles, rule: str = "") -> list[float]:
    """Return the threshold of each class on val, by the run's rule or another; empty for single."""
    if run.arrays["val_labels"].ndim == 1:
        return []
    stored = run.arrays.get("threshold_rule")
    chosen = rule or ("youden" if stored is None else str(stored))
    labels, probabilities = _labels(run, "val"), _probabilities(run, "val")
    return [
        threshold(truth[~np.isnan(truth)], scores[~np.isnan(truth)], chosen)
        for truth, scores in zip(labels.T, probabilities.T, strict=True)
    ]


def threshold(truth: np.ndarray, scores: np.ndarray, rule: str) -> float:
    """Return the threshold by a rule, by trying every score, the highest first; ties take it."""
    if rule == "half" or len(set(truth.tolist())) < 2:
        return 0.5
    positives = truth.sum()
    limits = np.unique(scores)[::-1]
    answered = np.array([(scores >= limit).sum() for limit in limits])
    found = np.array([truth[scores >= limit].sum() for limit in limits])
    name, _, number = rule.partition("=")
    match name:
        case "youden":
            gain = found / positives - (answered - found) / (len(truth) - positives)
            return float(limits[gain.argmax()]) if gain.max() > 0 else 1.0
        case "f1":
            return float(limits[(2 * found / (answered + positives)).argmax()])
        case "prevalence":
            return float(limits[np.abs(answered - positives).argmin()])
        case "sensitivity":
            return float(limits[(found >= float(number) * positives - 1e-9).argmax()])
    raise AssertionError(f"no recomputation of the rule {rule}")


def _labels(run: RunFiles, split: str) -> np.ndarray:
    """Return the labels, (N, K), NaN where a label is unknown."""
    stored = run.arrays
    labels, num_classes = stored[f"{split}_labels"], len(stored["classes"])
    mask = stored.get(f"{split}_mask")
    if labels.ndim == 1:
        found = np.eye(num_classes)[labels]
        return found if mask is None else np.where(mask[:, None], found, np.nan)
    return labels.astype(float) if mask is None else np.where(mask, labels, np.nan)


def _probabilities(run: RunFiles, split: str) -> np.ndarray:
    logits = run.arrays[f"{split}_logits"].astype(np.float64)
    return expit(logits) if run.arrays[f"{split}_labels"].ndim == 2 else softmax(logits, axis=1)


def pair(baseline: RunFiles, run: RunFiles, split: str) -> tuple[Answers, Answers]:
    """Return both runs' answers about the images that both have, in the order of `run`."""
    after = answers_of(run, split)
    positive = None if after.is_multi or len(after.judged) > 1 else after.classes[after.judged[0]]
    before = answers_of(baseline, split, positive)
    row_of = {name: row for row, name in enumerate(before.names.tolist())}
    rows = np.array([row for row, name in enumerate(after.names.tolist()) if name in row_of])
    matched = np.array([row_of[name] for name in after.names[rows].tolist()])
    return before.take(matched), after.take(rows)
