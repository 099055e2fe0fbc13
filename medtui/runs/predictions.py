"""Predictions of a run for each image, as stored in `predictions.npz`. Imports no torch.

Every metric, interval and comparison is computed from these arrays.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medtui.errors import UsageError
from medtui.metrics import positive_class
from medtui.metrics.arrays import Mask
from medtui.metrics.none_class import NoneClass
from medtui.metrics.scores import Scores, make_scores
from medtui.metrics.task import Task
from medtui.metrics.threshold_rule import FORMER_RULE, ThresholdRule, wanted_sensitivity
from medtui.metrics.thresholds import choose_thresholds
from medtui.runs.npz_arrays import read_arrays
from medtui.storage import DamagedFile, FileDigest

SPLITS = ("val", "test")
"""Splits whose predictions are stored; where test is sealed, val alone."""


class SealedTest(UsageError):
    """Test was not evaluated, and no gate has opened it."""

    def __init__(self) -> None:
        super().__init__("Test is sealed: open it with `medtui gate`.")


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
    """`val` and `test`; `val` alone where test is sealed."""
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

    @property
    def is_sealed(self) -> bool:
        """Whether test was not evaluated."""
        return "test" not in self.splits

    def split(self, name: str) -> SplitPredictions:
        """Return the predictions of a split.

        Raises:
            SealedTest: test is.
        """
        if name not in self.splits:
            raise SealedTest
        return self.splits[name]

    def scores(self, split: str, thresholds: list[float] | None = None) -> Scores:
        """Return the scores of a split, by default with the thresholds chosen on val."""
        stored = self.split(split)
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
    if predictions.is_sealed:
        arrays["sealed"] = np.array(["test"])
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


def read_predictions(path: Path, digest: FileDigest | None = None) -> RunPredictions:
    """Return the content of a `predictions.npz`; with `digest`, check that it is what was written.

    Raises:
        UnreadableFile: it is missing, damaged or contradictory.
    """
    arrays = read_arrays(path, digest)
    try:
        names = SPLITS[:1] if "sealed" in arrays else SPLITS
        splits = {split: _split_of(arrays, split) for split in names}
        _require_consistency(arrays["classes"], splits)
        classes = tuple(arrays["classes"].tolist())
        positive = arrays.get("positive_class")
        rule = str(arrays.get("threshold_rule", FORMER_RULE))
        wanted_sensitivity(rule)  # raises for what is no rule
        return RunPredictions(
            classes,
            splits,
            None if positive is None else str(positive),
            rule,
            _none_class_of(arrays.get("none_class"), classes),
        )
    except KeyError as error:
        raise DamagedFile(path, f"it has no array {error}") from error
    except ValueError as error:
        raise DamagedFile(path, str(error)) from error


def _none_class_of(array: NDArray[Any] | None, classes: tuple[str, ...]) -> NoneClass | None:
    if array is None:
        return None
    names = _texts_of(array, "classes")
    if not names or not {*names} <= {*classes}:
        raise ValueError("the class of no finding is none of its classes")
    return NoneClass(names[0], tuple(names[1:]))


def _split_of(arrays: Mapping[str, NDArray[Any]], split: str) -> SplitPredictions:
    return SplitPredictions(
        _texts_of(arrays[f"{split}_names"], split),
        _texts_of(arrays[f"{split}_patients"], split),
        arrays[f"{split}_labels"],
        arrays[f"{split}_logits"],
        arrays.get(f"{split}_mask"),
    )


def _texts_of(array: NDArray[Any], split: str) -> list[str]:
    if array.dtype.kind != "U" or array.ndim != 1:
        raise ValueError(f"the names or patients of {split} are no list of texts")
    texts: list[str] = array.tolist()
    return texts


def _require_consistency(classes: NDArray[Any], splits: Mapping[str, SplitPredictions]) -> None:
    """Check that the arrays belong together, so that whatever is computed from them is defined.

    Raises:
        ValueError: they do not.
    """
    if classes.dtype.kind != "U" or classes.ndim != 1 or not classes.size:
        raise ValueError("it names no classes")
    if len({stored.labels.ndim for stored in splits.values()}) > 1:
        raise ValueError("val and test are of different tasks")
    for split, stored in splits.items():
        for reason in _contradictions(stored, classes.size):
            raise ValueError(f"{split}: {reason}")


def _contradictions(stored: SplitPredictions, num_classes: int) -> Iterator[str]:
    """Yield what is wrong in a split."""
    labels, logits_NK, mask = stored.labels, stored.logits_NK, stored.mask
    count = len(stored.names)
    if not count:
        yield "it has no images"
    if len(stored.patients) != count:
        yield f"it has {count} images, but {len(stored.patients)} patients"
    if len(set(stored.names)) != count:
        yield "names of images are repeated"
    if logits_NK.dtype.kind != "f" or logits_NK.shape != (count, num_classes):
        yield f"its logits are not numbers of {count} images and {num_classes} classes"
    elif not np.isfinite(logits_NK).all():
        yield "its logits are not finite"
    if labels.dtype.kind not in "iu" or labels.shape not in {(count,), (count, num_classes)}:
        yield f"its labels are not those of {count} images and {num_classes} classes"
    elif mask is not None and (mask.dtype.kind != "b" or mask.shape != labels.shape):
        yield "its mask does not fit the labels"
    else:
        known = labels if mask is None else labels[mask]
        largest = num_classes - 1 if labels.ndim == 1 else 1
        if known.size and not 0 <= known.min() <= known.max() <= largest:
            yield f"its labels are not between 0 and {largest}"
