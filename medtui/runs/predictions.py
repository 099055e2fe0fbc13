"""What a run answers, image by image, as `predictions.npz` holds it. Knows no torch.

Every metric, interval and comparison is a function of these arrays.
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
from medtui.metrics.scores import Mask, Scores, choose_thresholds, make_scores
from medtui.metrics.task import Task

SPLITS = ("val", "test")
"""The parts whose predictions are stored."""


@dataclass(frozen=True)
class SplitPredictions:
    """What a run answers on one part of the data."""

    names: list[str]
    """Image names."""
    patients: list[str]
    """Patient of each image; the image's own name where unknown."""
    labels: NDArray[np.integer]
    """(N,) class numbers, or (N, K) zeros and ones."""
    logits_NK: NDArray[np.float32]
    mask: Mask | None = None
    """Whether a label is known, in the labels' shape; None where all are."""


@dataclass(frozen=True)
class RunPredictions:
    """All that a run's `predictions.npz` holds."""

    classes: tuple[str, ...]
    """In the order of the logits."""
    splits: dict[str, SplitPredictions]
    """`val` and `test`."""

    @property
    def task(self) -> Task:
        """One class per image, or any number of them."""
        return "single" if self.splits["val"].labels.ndim == 1 else "multi"

    @cached_property
    def thresholds(self) -> list[float]:
        """Decision threshold of each class, chosen on val; empty for single-label tasks."""
        if self.task == "single":
            return []
        val = self.splits["val"]
        return choose_thresholds(make_scores(val.logits_NK, val.labels, self.task, mask=val.mask))

    def scores(self, split: str) -> Scores:
        """Return a split's predictions ready to be measured, judged by the thresholds of val."""
        part = self.splits[split]
        return make_scores(part.logits_NK, part.labels, self.task, self.thresholds, part.mask)


def pack_predictions(predictions: RunPredictions) -> bytes:
    """Return the content of `predictions.npz`."""
    arrays: dict[str, NDArray[np.generic]] = {"classes": np.array(predictions.classes)}
    for split, part in predictions.splits.items():
        arrays[f"{split}_names"] = np.array(part.names)
        arrays[f"{split}_patients"] = np.array(part.patients)
        arrays[f"{split}_labels"] = part.labels
        arrays[f"{split}_logits"] = part.logits_NK
        if part.mask is not None:
            arrays[f"{split}_mask"] = part.mask
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type] # its flags have names of their own
    return buffer.getvalue()


def read_predictions(path: Path) -> RunPredictions:
    """Read a `predictions.npz`.

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
            return RunPredictions(tuple(arrays["classes"].tolist()), splits)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise EnvironmentProblem(f"{path} cannot be read: {error}.") from error
