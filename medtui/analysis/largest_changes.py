"""The images whose predicted probabilities two runs differ in most."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medtui.analysis.pairing import PairedPredictions

NUM_LARGEST = 12
"""Number of images listed with the largest change of a probability."""


@dataclass(frozen=True)
class ProbabilityChange:
    """An image and the class whose predicted probability changed."""

    name: str
    patient: str
    about: str
    """The class."""
    labels: str
    """The image's labels, joined by commas."""
    before: float
    """The class's probability by the baseline."""
    after: float
    """The class's probability by the run."""
    flipped: bool
    """Whether the prediction of the class changed."""


def largest_changes(
    pair: PairedPredictions, classes: Sequence[str]
) -> tuple[ProbabilityChange, ...]:
    """Return the images with the largest change of a probability, each with that class.

    With two classes, their probabilities add up to 1: only the positive one is considered, as by
    other metrics.
    """
    change_NK = np.abs(pair.run.scores_NK - pair.reference.scores_NK)[:, pair.run.judged]
    largest_N = change_NK.max(axis=1)
    present_NK = (pair.run.labels_NK == 1) & pair.run.known
    rows = np.argsort(-largest_N, kind="stable")[:NUM_LARGEST]
    found = []
    for row in rows.tolist():
        index = pair.run.judged[int(change_NK[row].argmax())]
        shown = [classes[number] for number in np.flatnonzero(present_NK[row]).tolist()]
        found.append(
            ProbabilityChange(
                pair.names[row],
                pair.patients[row],
                classes[index],
                ", ".join(shown) or "none",
                float(pair.reference.scores_NK[row, index]),
                float(pair.run.scores_NK[row, index]),
                bool(pair.is_changed[row, index]),
            )
        )
    return tuple(found)
