"""Index of a data set: names, labels, patients and files of its images, before decoding."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.findings import Findings
from medtui.metrics.task import Task

SplitName = Literal["train", "val", "test"]
SPLITS: tuple[SplitName, SplitName, SplitName] = ("train", "val", "test")

TRAIN, VAL, TEST = range(3)
"""Numbers of the splits, their positions in `SPLITS`."""
NO_SPLIT = -1
"""Split number of an image that an official split leaves out."""
TRAIN_VAL = 3
"""Split number of an image that is still to be assigned to train or val."""

Labels = NDArray[np.int64] | NDArray[np.uint8]
"""int64 (N,) of class numbers for task "single"; uint8 (N, K) of 0 and 1 for "multi"."""
LabelMask = NDArray[np.bool_]
"""(N, K), whether each label of a multi-label task is known; an unknown label is stored as 0."""
SplitNumbers = NDArray[np.int8]
"""(N,) of split numbers."""


@dataclass(frozen=True)
class ImageIndex:
    """All labelled images of a data set, in the order of their names."""

    classes: tuple[str, ...]
    """Class names in the order of the logits."""
    task: Task
    """Whether an image has one class or any number of them."""
    channels: int
    """1 or 3."""
    size: int
    """Side in pixels at which images are stored."""
    names: list[str]
    """Unique names: a path or the name of a file, or split and position in an npz file."""
    labels: Labels
    """See `Labels`."""
    patients: list[str] | None
    """Patient of each image; None where patients are unknown."""
    files: list[str] | None
    """Path of each image's file; None where the images are in `npz`."""
    names_in_table: list[str] | None = None
    """Each image's name as a table spells it; None where the images have no table."""
    whole_files: list[str] | None = None
    """Files of the whole set, also those that a limit leaves out, as the range of pixels deeper
    than 8 bits follows from all of them."""
    npz: Path | None = None
    """The npz file with all images, split after split."""
    rows: NDArray[np.int64] | None = None
    """Row of each image in `npz`, counted through train, val and test."""
    official: SplitNumbers | None = None
    """Official split, with `TRAIN_VAL` and `NO_SPLIT`; None where there is none."""
    subgroups: dict[str, list[str]] = field(default_factory=dict)
    """Subgroup (`sex`) to the value (`F`) of each image."""
    mask: LabelMask | None = None
    """Whether each label is known; None where all are."""
    findings: Findings = ()
    """What was left out and why, and what looks wrong."""

    def __len__(self) -> int:
        return len(self.names)

    def choose(self, positions: NDArray[np.int64]) -> "ImageIndex":
        """Return the index of the images at `positions`."""
        chosen = positions.tolist()
        return replace(
            self,
            names=[self.names[each] for each in chosen],
            labels=self.labels[positions],
            patients=None if self.patients is None else [self.patients[each] for each in chosen],
            files=None if self.files is None else [self.files[each] for each in chosen],
            names_in_table=(
                None
                if self.names_in_table is None
                else [self.names_in_table[each] for each in chosen]
            ),
            rows=None if self.rows is None else self.rows[positions],
            official=None if self.official is None else self.official[positions],
            subgroups={
                name: [values[each] for each in chosen] for name, values in self.subgroups.items()
            },
            mask=_chosen_mask(self.mask, positions),
        )


def _chosen_mask(mask: LabelMask | None, positions: NDArray[np.int64]) -> LabelMask | None:
    """Return the mask of the images at `positions`; None where all their labels are known."""
    if mask is None or mask[positions].all():
        return None
    return mask[positions]


def some(names: Sequence[str], limit: int = 3) -> str:
    """Return the first few names of a list as text, with `...` for the rest."""
    shown = ", ".join(names[:limit])
    return f"{shown}, ..." if len(names) > limit else shown
