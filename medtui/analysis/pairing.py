"""Two runs' predictions on the same images, row by row, and the check that they are the same.

A paired difference means something only where both runs answered the same images. Names alone do
not show that: archives number their images, so `test/000123` is a film in one data set and a cell
in another. Runs are therefore paired if their recorded data digests agree, or if labels and
patients of all images that both name agree.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from medtui.errors import UsageError
from medtui.metrics.scores import Scores
from medtui.runs.data_digest import RecordedDigest
from medtui.runs.predictions import RunPredictions, SplitPredictions
from medtui.runs.result import Flips
from medtui.units import format_count

Rows = NDArray[np.int64]
"""Row numbers of images."""


@dataclass(frozen=True)
class PairedPredictions:
    """Two runs' predictions on the images of a split that both have, row by row."""

    names: list[str]
    patients: list[str]
    """Patient of each image; the image's own name where unknown."""
    reference: Scores
    """Predictions of the baseline, usually the dense reference."""
    run: Scores

    @property
    def num_patients(self) -> int:
        """Number of patients; 0 where they are unknown."""
        return len(set(self.patients)) if self.patients != self.names else 0

    @property
    def is_changed(self) -> NDArray[np.bool_]:
        """(N, K): whether the prediction of a class differs; in single-label tasks, of two."""
        changed: NDArray[np.bool_] = self.reference.answers_NK != self.run.answers_NK
        return changed

    def take(self, rows: NDArray[np.int64]) -> "PairedPredictions":
        """Return some of the images."""
        return PairedPredictions(
            [self.names[row] for row in rows],
            [self.patients[row] for row in rows],
            self.reference.take(rows),
            self.run.take(rows),
        )

    def count_flips(self) -> Flips:
        """Count changed predictions: of images, or in multi-label tasks of image-class pairs.

        Predictions with an unknown label are neither right nor wrong, and are not counted.
        """
        was_right_NK, is_right_NK = (
            each.answers_NK == each.labels_NK for each in (self.reference, self.run)
        )
        if self.run.task == "single":
            rows = self.run.labelled
            was_right, is_right = (each[rows].all(axis=1) for each in (was_right_NK, is_right_NK))
            is_changed = self.is_changed[rows].any(axis=1)
        else:
            known_NK = self.run.known
            was_right, is_right = was_right_NK[known_NK], is_right_NK[known_NK]
            is_changed = self.is_changed[known_NK]
        return Flips(
            num_answers=is_changed.size,
            num_changed=int(is_changed.sum()),
            num_lost=int((was_right & ~is_right).sum()),
            num_gained=int((~was_right & is_right).sum()),
            rate=float(is_changed.mean()) if is_changed.size else 0.0,
        )


def pair_predictions(
    reference: RunPredictions,
    run: RunPredictions,
    split: str,
    *,
    digests: Sequence[RecordedDigest | None] = (),
) -> PairedPredictions:
    """Match two runs' predictions by image name; images that only one of them has are left out.

    Both are measured for the positive class of `run`. With `digests`, those of both runs' data,
    equal ones show that the images are the same.

    Raises:
        UsageError: their classes differ, they share no image of that split, or labels or patients
            of shared images differ.
    """
    if reference.classes != run.classes or reference.task != run.task:
        raise UsageError("The runs have different classes; their predictions cannot be compared.")
    if run.positive is not None:
        reference = replace(reference, positive_class=run.classes[run.positive])
    before, after = reference.split(split), run.split(split)
    row_of = {name: row for row, name in enumerate(before.names)}
    rows = np.array([row for row, name in enumerate(after.names) if name in row_of], np.int64)
    if not rows.size:
        raise UsageError(f"The runs share no image of their {split} splits.")
    matched = np.array([row_of[after.names[row]] for row in rows], np.int64)
    if not _are_equal(digests):
        _check_images(before.take(matched), after.take(rows), run.classes, split)
    patients = [after.patients[row] for row in rows]
    names = [after.names[row] for row in rows]
    if patients == names:  # the run ignores patients, which the baseline may know
        patients = [before.patients[row] for row in matched]
    return PairedPredictions(
        names=names,
        patients=patients,
        reference=reference.scores(split).take(matched),
        run=run.scores(split).take(rows),
    )


def _are_equal(digests: Sequence[RecordedDigest | None]) -> bool:
    """Return whether both runs recorded their data, and recorded the same."""
    return bool(digests) and digests[0] is not None and len(set(digests)) == 1


def _check_images(
    before: SplitPredictions, after: SplitPredictions, classes: Sequence[str], split: str
) -> None:
    """Check that images of equal names are the same images.

    Raises:
        UsageError: labels or patients differ.
    """
    for what, word_of in (("labels", _label_of(classes)), ("patients", _patient_of)):
        words = [
            (name, word_of(before, row), word_of(after, row))
            for row, name in enumerate(after.names)
        ]
        differing = [each for each in words if each[1] != each[2]]
        if differing:
            name, first, second = differing[0]
            raise UsageError(
                f"The runs were measured on different data: the {what} of "
                f"{format_count(len(differing))} of {format_count(len(words))} {split} images of "
                f"equal names differ, such as {name}: {first} in the baseline, {second} here.",
                hint="Compare runs on the same data, or set a baseline that used this run's.",
            )


def _label_of(classes: Sequence[str]) -> Callable[[SplitPredictions, int], str]:
    """Return a function that returns an image's label in words, `?` for unknown ones."""

    def label_of(stored: SplitPredictions, row: int) -> str:
        label, mask = stored.labels[row], None if stored.mask is None else stored.mask[row]
        if stored.labels.ndim == 1:
            return classes[int(label)] if mask is None or mask else "unknown"
        present = [
            f"{name}?" if mask is not None and not mask[at] else name
            for at, name in enumerate(classes)
            if (mask is not None and not mask[at]) or label[at]
        ]
        return ", ".join(present) or "none"

    return label_of


def _patient_of(stored: SplitPredictions, row: int) -> str:
    patient = stored.patients[row]
    return "unknown" if patient == stored.names[row] else f"patient {patient}"
