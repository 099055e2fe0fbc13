"""Predictions in which two runs differ on the same images: counts, and a list for people.

Computed from stored predictions.
"""

import csv
import io
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from medtui.errors import UsageError
from medtui.metrics.scores import Scores
from medtui.runs.predictions import SPLITS, RunPredictions
from medtui.runs.result import Flips


@dataclass(frozen=True)
class PairedPredictions:
    """Two runs' predictions on the images of a split that both have, row by row."""

    names: list[str]
    patients: list[str]
    reference: Scores
    """Predictions of the baseline, usually the dense reference."""
    run: Scores

    @property
    def is_changed(self) -> NDArray[np.bool_]:
        """(N, K): whether the prediction of a class differs; in single-label tasks, of two."""
        changed: NDArray[np.bool_] = self.reference.answers_NK != self.run.answers_NK
        return changed

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
    reference: RunPredictions, run: RunPredictions, split: str
) -> PairedPredictions:
    """Match two runs' predictions by image name; images that only one of them has are left out.

    Both are measured for the positive class of `run`.

    Raises:
        UsageError: their classes differ, or they share no image of that split.
    """
    if reference.classes != run.classes or reference.task != run.task:
        raise UsageError("The runs have different classes; their predictions cannot be compared.")
    if run.positive is not None:
        reference = replace(reference, positive_class=run.classes[run.positive])
    row_of = {name: row for row, name in enumerate(reference.splits[split].names)}
    part = run.splits[split]
    rows = [row for row, name in enumerate(part.names) if name in row_of]
    if not rows:
        raise UsageError(f"The runs share no image of their {split} splits.")
    matched = [row_of[part.names[row]] for row in rows]
    return PairedPredictions(
        names=[part.names[row] for row in rows],
        patients=[part.patients[row] for row in rows],
        reference=reference.scores(split).take(np.array(matched)),
        run=run.scores(split).take(np.array(rows)),
    )


def changes_csv(reference: RunPredictions, run: RunPredictions) -> str:
    """Return `changed.csv`: every prediction that differs from the reference, largest change first.

    In single-label tasks a row is an image, and its probabilities are those of its label. In
    multi-label tasks a row is an image and a class, with labels and predictions of 0 or 1.
    Predictions with an unknown label are left out, as they are from the counts.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([
        "split", "name", "patient", *(["class"] if run.task == "multi" else []), "label",
        "reference_answer", "answer", "reference_probability", "probability",
    ])  # fmt: skip
    for split in SPLITS:
        pair = pair_predictions(reference, run, split)
        rows.writerows([split, *row] for row in _changed_rows(pair, run.classes))
    return text.getvalue()


def _changed_rows(pair: PairedPredictions, classes: tuple[str, ...]) -> list[list[str]]:
    moved_NK = np.abs(pair.run.scores_NK - pair.reference.scores_NK)
    shown = (pair.run.labels_NK, pair.reference.answers_NK, pair.run.answers_NK)
    found = []
    for row, index in np.argwhere(_is_listed(pair)):
        if pair.run.task == "single":
            words = [classes[int(each_NK[row].argmax())] for each_NK in shown]
        else:
            words = [classes[index], *(str(each_NK[row, index]) for each_NK in shown)]
        probabilities = [
            f"{scores.scores_NK[row, index]:.6f}" for scores in (pair.reference, pair.run)
        ]
        cells = [pair.names[row], pair.patients[row], *words, *probabilities]
        found.append((float(moved_NK[row, index]), cells))
    return [cells for _, cells in sorted(found, key=lambda each: -each[0])]


def _is_listed(pair: PairedPredictions) -> NDArray[np.bool_]:
    """Return the (N, K) mask of the rows to list; in single-label tasks, an image at its label."""
    known_NK = pair.run.known
    if pair.run.task == "multi":
        return pair.is_changed & known_NK
    is_label_NK: NDArray[np.bool_] = (pair.run.labels_NK == 1) & known_NK
    return is_label_NK & pair.is_changed.any(axis=1, keepdims=True)
