"""What a format finds at a data set's root, before a pixel is decoded."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medtui.metrics.task import Task

PartName = Literal["train", "val", "test"]
PARTS: tuple[PartName, PartName, PartName] = ("train", "val", "test")

TRAIN, VAL, TEST = range(3)
"""A part's number is its place in `PARTS`."""
NO_PART = -1
"""The part of an image that an official split leaves out."""
TRAIN_VAL = 3
"""The part of an image that an official split leaves to be dealt to train or val."""

Labels = NDArray[np.int64] | NDArray[np.uint8]
"""int64 (N,) of class numbers for task "single"; uint8 (N, K) of 0 and 1 for "multi"."""
Parts = NDArray[np.int8]
"""(N,) of part numbers."""


@dataclass(frozen=True)
class Listing:
    """All images of a data set that have a label, in the order of their names."""

    classes: tuple[str, ...]
    """In the order of the logits."""
    task: Task
    """Whether an image has one class or any number of them."""
    channels: int
    """1 or 3."""
    size: int
    """Side in pixels that images are stored at."""
    names: list[str]
    """Unique: a path under the root, or part and position in an npz file."""
    labels: Labels
    """See `Labels`."""
    patients: list[str] | None
    """Patient of each image; None where nothing tells."""
    files: list[str] | None
    """Path of each image's file; None where they lie in `npz`."""
    npz: Path | None = None
    """The npz file that holds all images, part after part."""
    rows: NDArray[np.int64] | None = None
    """Row of each image in `npz`, counted through train, val and test."""
    official: Parts | None = None
    """The makers' own split, with `TRAIN_VAL` and `NO_PART`; None where there is none."""
    subgroups: dict[str, list[str]] = field(default_factory=dict)
    """Subgroup's name (`sex`) to the value (`F`) of each image."""
    notes: tuple[str, ...] = ()
    """What was left out, and why, with counts."""

    def __len__(self) -> int:
        return len(self.names)

    def choose(self, positions: NDArray[np.int64]) -> "Listing":
        """Return the listing of the images at `positions`."""
        chosen = positions.tolist()
        return replace(
            self,
            names=[self.names[each] for each in chosen],
            labels=self.labels[positions],
            patients=None if self.patients is None else [self.patients[each] for each in chosen],
            files=None if self.files is None else [self.files[each] for each in chosen],
            rows=None if self.rows is None else self.rows[positions],
            official=None if self.official is None else self.official[positions],
            subgroups={
                name: [values[each] for each in chosen] for name, values in self.subgroups.items()
            },
        )


def some(names: Sequence[str], limit: int = 3) -> str:
    """Return the first few names of a longer list, for a sentence."""
    shown = ", ".join(names[:limit])
    return f"{shown}, ..." if len(names) > limit else shown
