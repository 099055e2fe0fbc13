"""What changed for each patient: the largest loss first, each patient counting once."""

from dataclasses import replace

import numpy as np
import pytest

from medtui.analysis.pairing import PairedPredictions
from medtui.analysis.patient_changes import macro_change, patient_changes
from medtui.metrics.scores import make_scores

LABELS = np.array([1, 1, 1, 1, 0, 0])
PATIENTS = ["large"] * 4 + ["small"] * 2


def _pair(before: list[int], after: list[int], mask: np.ndarray | None = None) -> PairedPredictions:
    scores = [
        make_scores(np.eye(2, dtype=np.float32)[answers], LABELS, "single", mask=mask)
        for answers in (before, after)
    ]
    return PairedPredictions([f"{row}.png" for row in range(6)], PATIENTS, *scores)


def test_the_largest_loss_comes_first() -> None:
    """One patient loses half and another gains: the mean over images hides both."""
    found = patient_changes(_pair([1, 1, 1, 1, 1, 1], [1, 1, 0, 0, 0, 0]))
    assert [(each.patient, each.num_images, each.before, each.after) for each in found] == [
        ("large", 4, 1.0, 0.5), ("small", 2, 0.0, 1.0),
    ]  # fmt: skip
    assert found[0].change == -0.5
    assert macro_change(found) == (0.5, 0.75)


def test_unknown_labels_do_not_count() -> None:
    """A patient of whom no label is known is left out."""
    mask = np.array([True, False, True, True, False, False])
    (found,) = patient_changes(_pair([1, 0, 1, 1, 1, 1], [1, 0, 1, 0, 0, 0], mask))
    assert (found.patient, found.num_images, found.before) == ("large", 3, 1.0)
    assert found.after == pytest.approx(2 / 3)


def test_unknown_patients_have_no_table() -> None:
    """Where each image stands for itself there is nothing to list by patient."""
    pair = _pair([1] * 6, [0] * 6)
    assert patient_changes(replace(pair, patients=list(pair.names))) == ()


def test_multi_label_answers_count_by_class() -> None:
    """The share is over the known answers about all classes of a patient's images."""
    labels = np.array([[1, 0], [1, 1]])
    before = make_scores(np.array([[9, -9], [9, 9]], np.float32), labels, "multi")
    after = make_scores(np.array([[9, -9], [-9, -9]], np.float32), labels, "multi")
    (found,) = patient_changes(PairedPredictions(["a", "b"], ["p", "p"], before, after))
    assert (found.before, found.after) == (1.0, 0.5)
