"""Predictions in which two runs differ on the same images, as a list for people.

Computed from stored predictions.
"""

import numpy as np
from numpy.typing import NDArray

from medtui.analysis.pairing import PairedPredictions, pair_predictions
from medtui.csv_text import csv_text
from medtui.runs.predictions import SPLITS, RunPredictions


def changes_csv(reference: RunPredictions, run: RunPredictions) -> str:
    """Return `changed.csv`: every prediction that differs from the reference, largest change first.

    In single-label tasks a row is an image, and its probabilities are those of its label. In
    multi-label tasks a row is an image and a class, with labels and predictions of 0 or 1.
    Predictions with an unknown label are left out, as they are from the counts.
    """
    rows = [[
        "split", "name", "patient", *(["class"] if run.task == "multi" else []), "label",
        "reference_answer", "answer", "reference_probability", "probability",
    ]]  # fmt: skip
    for split in (each for each in SPLITS if each in run.splits and each in reference.splits):
        pair = pair_predictions(reference, run, split)
        rows += [[split, *row] for row in _changed_rows(pair, run.classes)]
    return csv_text(rows)


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
