"""The images whose answer two runs give differently, with the probability before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from medtui.analysis.pairing import PairedPredictions

Kind = Literal["lost", "won", "changed"]
"""Right in the baseline and wrong in the run; the reverse; wrong in both, with other answers."""

_ORDER: dict[Kind, int] = {"lost": 0, "won": 1, "changed": 2}


@dataclass(frozen=True)
class ChangedImage:
    """One image, and the class about which the answer changed."""

    name: str
    patient: str
    about: str
    """The class: the image's own in single-label tasks."""
    is_of_class: bool
    """Whether the image has the class."""
    before: float
    """Probability of the class in the baseline."""
    after: float
    kind: Kind


def changed_images(pair: PairedPredictions, classes: Sequence[str]) -> tuple[ChangedImage, ...]:
    """Return all images with a changed answer: lost ones first, largest change first.

    In multi-label tasks an image stands with the changed class whose probability moved most.
    Answers with an unknown label are left out.
    """
    known_NK = pair.run.known
    is_right_NK = [each.answers_NK == each.labels_NK for each in (pair.reference, pair.run)]
    if pair.run.task == "single":
        changed_N = pair.is_changed.any(axis=1) & known_NK.all(axis=1)
        before_N, after_N = (each.all(axis=1) for each in is_right_NK)
        found = [
            _image(pair, classes, row, int(pair.run.labels_NK[row].argmax()),
                   was_right=bool(before_N[row]), is_right=bool(after_N[row]))
            for row in np.flatnonzero(changed_N).tolist()
        ]  # fmt: skip
    else:
        changed_NK = pair.is_changed & known_NK
        moved_NK = np.where(changed_NK, np.abs(pair.run.scores_NK - pair.reference.scores_NK), -1)
        found = []
        for row in np.flatnonzero(changed_NK.any(axis=1)).tolist():
            index = int(moved_NK[row].argmax())
            was_right, is_right = (bool(each[row, index]) for each in is_right_NK)
            found.append(_image(pair, classes, row, index, was_right=was_right, is_right=is_right))
    return tuple(sorted(found, key=lambda each: (
        _ORDER[each.kind], -abs(each.after - each.before), each.name
    )))  # fmt: skip


def _image(
    pair: PairedPredictions,
    classes: Sequence[str],
    row: int,
    index: int,
    *,
    was_right: bool,
    is_right: bool,
) -> ChangedImage:
    kind: Kind = "changed" if was_right == is_right else "lost" if was_right else "won"
    return ChangedImage(
        pair.names[row],
        pair.patients[row],
        classes[index],
        bool(pair.run.labels_NK[row, index]),
        float(pair.reference.scores_NK[row, index]),
        float(pair.run.scores_NK[row, index]),
        kind,
    )
