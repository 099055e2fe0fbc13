"""Predictions of a run for each image, as stored in `predictions.npz`. Imports no torch.

Every metric, interval and comparison is computed from these arrays.
"""

import io
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medtui.errors import EnvironmentProblem
from medtui.metrics import positive_class
from medtui.metrics.none_class import NoneClass
from medtui.metrics.scores import Mask, Scores, make_scores
from medtui.metrics.task import Task
from medtui.metrics.threshold_rule import FORMER_RULE, ThresholdRule
from medtui.metrics.thresholds import choose_thresholds

SPLITS = ("val", "test")
"""Splits whose predictions are stored."""


@dataclass(frozen=True)
class SplitPredictions:
    """Predictions of a run on one split."""

    names: list[str]
    """Image names."""
    patients: list[str]
    """Patient of each image; the image's own name where unknown."""
    labels: NDArray[np.integer]
    """(N,) class numbers, or (N, K) zeros and ones."""
    logits_NK: NDArray[np.float32]
    mask: Mask | None = None
    """Whether each label is known, in the labels' shape; None where all are."""

    def take(self, rows: NDArray[np.int64]) -> "SplitPredictions":
        """Return some of the images."""
        return SplitPredictions(
            [self.names[row] for row in rows],
            [self.patients[row] for row in rows],
            self.labels[rows],
            self.logits_NK[rows],
            None if self.mask is None else self.mask[rows],
        )


@dataclass(frozen=True)
class RunPredictions:
    """Content of a run's `predictions.npz`."""

    classes: tuple[str, ...]
    """Class names in the order of the logits."""
    splits: dict[str, SplitPredictions]
    """`val` and `test`."""
    positive_class: str | None = None
    """The recorded positive class; None where there is none, or the file does not name it."""
    threshold_rule: ThresholdRule = FORMER_RULE
    """How the thresholds of a multi-label task are chosen on val."""
    none_class: NoneClass | None = None
    """The class that is answered only beside no other; None where there is none."""

    @property
    def positive(self) -> int | None:
        """Number of the positive class; None where metrics average over the classes."""
        found = positive_class(self.classes, self.task, self.positive_class)
        return None if found is None else self.classes.index(found.name)

    @property
    def task(self) -> Task:
        """One class per image, or any number of them."""
        return "single" if self.splits["val"].labels.ndim == 1 else "multi"

    @cached_property
    def thresholds(self) -> list[float]:
        """Decision threshold of each class, chosen on val; empty for single-label tasks."""
        if self.task == "single":
            return []
        return self.thresholds_by(self.threshold_rule)

    def thresholds_by(self, rule: ThresholdRule) -> list[float]:
        """Return the threshold of each class of a multi-label task, chosen on val by a rule."""
        val = self.splits["val"]
        scores = make_scores(val.logits_NK, val.labels, self.task, mask=val.mask)
        return choose_thresholds(scores, rule)

    def scores(self, split: str, thresholds: list[float] | None = None) -> Scores:
        """Return the scores of a split, by default with the thresholds chosen on val."""
        stored = self.splits[split]
        limits = self.thresholds if thresholds is None else thresholds
        none = self.none_class.columns(self.classes) if self.none_class else None
        return make_scores(
            stored.logits_NK, stored.labels, self.task, limits, stored.mask, self.positive, none
        )


def pack_predictions(predictions: RunPredictions) -> bytes:
    """Return the content of `predictions.npz`."""
    arrays: dict[str, NDArray[np.generic]] = {"classes": np.array(predictions.classes)}
    if predictions.positive_class is not None:
        arrays["positive_class"] = np.array(predictions.positive_class)
    if predictions.task == "multi":
        arrays["threshold_rule"] = np.array(predictions.threshold_rule)
    if predictions.none_class is not None:
        arrays["none_class"] = np.array(
            [predictions.none_class.name, *predictions.none_class.beside]
        )
    for split, stored in predictions.splits.items():
        arrays[f"{split}_names"] = np.array(stored.names)
        arrays[f"{split}_patients"] = np.array(stored.patients)
        arrays[f"{split}_labels"] = stored.labels
        arrays[f"{split}_logits"] = stored.logits_NK
        if stored.mask is not None:
            arrays[f"{split}_mask"] = stored.mask
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type] # its flags have names of their own
    return buffer.getvalue()


def read_predictions(path: Path) -> RunPredictions:
    """Return the content of a `predictions.npz`.

    Raises:
        EnvironmentProblem: it is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            splits = {
                split: SplitPredictions(
                    arrays[f"{split}_names"].tolist(),
                    arrays[f"{split}_patients"].tolist(),
                    arrays[f"{split}_labels"],
                    arrays[f"{split}_logits"],
                    arrays.get(f"{split}_mask"),
                )
                for split in SPLITS
            }
            positive = str(arrays["positive_class"]) if "positive_class" in arrays else None
            rule = str(arrays["threshold_rule"]) if "threshold_rule" in arrays else FORMER_RULE
            none = arrays["none_class"].tolist() if "none_class" in arrays else []
            return RunPredictions(
                tuple(arrays["classes"].tolist()),
                splits,
                positive,
                rule,
                NoneClass(none[0], tuple(none[1:])) if none else None,
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise EnvironmentProblem(f"{path} cannot be read: {error}.") from error
