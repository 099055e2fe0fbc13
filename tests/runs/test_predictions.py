"""Stored predictions, and the predictions in which two runs differ."""

import csv
import dataclasses

import numpy as np
import pytest

from medtui.analysis.pairing import pair_predictions
from medtui.analysis.prediction_changes import changes_csv
from medtui.errors import EnvironmentProblem, UsageError
from medtui.metrics.measurement import measure
from medtui.metrics.none_class import NoneClass
from medtui.runs.predictions import (
    RunPredictions,
    SplitPredictions,
    pack_predictions,
    read_predictions,
)

NEW_ARRAYS = {"threshold_rule", "none_class"}


def split_of(labels: list, logits: list, prefix: str = "image") -> SplitPredictions:
    """Return predictions whose patients hold two images each."""
    names = [f"{prefix}-{number}.png" for number in range(len(labels))]
    patients = [f"patient-{number // 2}" for number in range(len(labels))]
    return SplitPredictions(names, patients, np.array(labels), np.array(logits, np.float32))


def cells(test_logits: list) -> RunPredictions:
    """Return a single-label run over four test images."""
    val = split_of([0, 1], [[1, 0], [0, 1]], "val")
    test = split_of([0, 0, 1, 1], test_logits)
    return RunPredictions(("healthy", "parasitised"), {"val": val, "test": test})


def films(test_logits: list) -> RunPredictions:
    """Return a multi-label run: two findings, thresholds from val at logit 0."""
    val = split_of([[0, 1], [1, 0]], [[-1, 0], [0, -1]], "val")
    test = split_of([[0, 1], [1, 1]], test_logits)
    return RunPredictions(("Mass", "Effusion"), {"val": val, "test": test})


REFERENCE = cells([[2, 0], [0, 1], [0, 3], [0, 1]])
PRUNED = cells([[2, 0], [1, 0], [4, 0], [0, 2]])


def rows_of(text: str) -> list[dict[str, str]]:
    """Parse a CSV."""
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize("run", [PRUNED, films([[1, 1], [-1, 1]])])
def test_predictions_come_back_as_they_were_stored(tmp_path, run):
    """Names, patients, labels and logits; the task follows from the labels' shape."""
    path = tmp_path / "predictions.npz"
    path.write_bytes(pack_predictions(run))
    back = read_predictions(path)
    assert (back.classes, back.task, back.thresholds) == (run.classes, run.task, run.thresholds)
    for split, part in run.splits.items():
        assert (back.splits[split].names, back.splits[split].patients) == (
            part.names,
            part.patients,
        )
        assert np.array_equal(back.splits[split].labels, part.labels)
        assert back.splits[split].logits_NK.tobytes() == part.logits_NK.tobytes()
    assert measure(back.scores("test")) == measure(run.scores("test"))


def test_the_rule_of_decisions_comes_back(tmp_path):
    """Thresholds, and the class that is answered only beside no other; earlier files have none."""
    none = NoneClass("Mass", ("Effusion",))
    run = dataclasses.replace(
        films([[1, 1], [-1, 1]]), threshold_rule="sensitivity=0.8", none_class=none
    )
    path = tmp_path / "predictions.npz"
    path.write_bytes(pack_predictions(run))
    back = read_predictions(path)
    assert (back.threshold_rule, back.none_class) == ("sensitivity=0.8", none)
    with np.load(path) as arrays:
        kept = {name: arrays[name] for name in arrays.files if name not in NEW_ARRAYS}
    np.savez(path, **kept)
    earlier = read_predictions(path)
    assert (earlier.threshold_rule, earlier.none_class) == ("youden", None)


def masked(run: RunPredictions, mask: list) -> RunPredictions:
    """Return a run of which some test labels are unknown."""
    test = dataclasses.replace(run.splits["test"], mask=np.array(mask))
    return RunPredictions(run.classes, run.splits | {"test": test})


def test_a_mask_of_unknown_labels_is_stored_and_read(tmp_path):
    """Runs without one have no such array; metrics of the read ones honour it."""
    path = tmp_path / "predictions.npz"
    run = masked(films([[1, 1], [-1, 1]]), [[True, True], [False, True]])
    path.write_bytes(pack_predictions(run))
    back = read_predictions(path)
    assert back.splits["val"].mask is None
    assert np.array_equal(back.splits["test"].mask, run.splits["test"].mask)
    assert back.scores("test").rows_of(0).tolist() == [0]
    path.write_bytes(pack_predictions(PRUNED))
    with np.load(path) as arrays:
        assert not [name for name in arrays if name.endswith("_mask")]


def test_answers_with_unknown_labels_are_no_flips():
    """They are left out of the counts and of the list."""
    reference, pruned = (
        masked(run, [True, False, True, True]) for run in (REFERENCE, PRUNED)
    )  # image-1 was gained
    flips = pair_predictions(reference, pruned, "test").count_flips()
    assert (flips.num_answers, flips.num_changed, flips.num_gained) == (3, 1, 0)
    assert [row["name"] for row in rows_of(changes_csv(reference, pruned))] == ["image-2.png"]
    known = [[True, False], [True, True]]
    before, after = (masked(films(each), known) for each in ([[-1, 1], [1, 1]], [[-1, -2], [1, 1]]))
    assert pair_predictions(before, after, "test").count_flips().num_answers == 3
    assert rows_of(changes_csv(before, after)) == []


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 not a zip", b"\x80pickle"])
def test_missing_or_damaged_predictions_are_reported(tmp_path, content):
    """One message names the file."""
    path = tmp_path / "predictions.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EnvironmentProblem, match=r"predictions\.npz (cannot be read|is damaged)"):
        read_predictions(path)


def test_flips_are_counted_by_what_they_cost():
    """Predictions that became wrong or right both count as changed."""
    flips = pair_predictions(REFERENCE, PRUNED, "test").count_flips()
    assert (flips.num_answers, flips.num_changed) == (4, 2)
    assert (flips.num_lost, flips.num_gained) == (1, 1)
    assert flips.rate == 0.5
    assert pair_predictions(REFERENCE, REFERENCE, "test").count_flips().num_changed == 0


def test_changed_images_are_listed_most_moved_first():
    """Name, patient, label, both predictions, and the label's probability in both."""
    rows = rows_of(changes_csv(REFERENCE, PRUNED))
    assert [row["name"] for row in rows] == ["image-2.png", "image-1.png"]
    assert rows[0] == {
        "split": "test", "name": "image-2.png", "patient": "patient-1", "label": "parasitised",
        "reference_answer": "parasitised", "answer": "healthy",
        "reference_probability": "0.952574", "probability": "0.017986",
    }  # fmt: skip
    assert rows_of(changes_csv(REFERENCE, REFERENCE)) == []


def test_multi_label_answers_change_class_by_class():
    """One row per image and class; each run uses its own thresholds."""
    reference, pruned = films([[-1, 1], [1, 1]]), films([[-1, -2], [1, 1]])
    rows = rows_of(changes_csv(reference, pruned))
    assert [(row["class"], row["label"], row["answer"]) for row in rows] == [("Effusion", "1", "0")]
    assert rows[0]["reference_answer"] == "1"
    flips = pair_predictions(reference, pruned, "test").count_flips()
    assert (flips.num_answers, flips.num_changed, flips.num_lost) == (4, 1, 1)


def test_runs_are_paired_by_name_and_not_by_place():
    """Other orders and missing images do not matter."""
    part = PRUNED.splits["test"]
    order = [3, 2, 1]
    shuffled = SplitPredictions(
        [part.names[row] for row in order],
        [part.patients[row] for row in order],
        part.labels[order],
        part.logits_NK[order],
    )
    run = RunPredictions(PRUNED.classes, PRUNED.splits | {"test": shuffled})
    pair = pair_predictions(REFERENCE, run, "test")
    assert pair.names == shuffled.names
    assert np.array_equal(pair.reference.labels_NK, pair.run.labels_NK)
    assert pair.count_flips().num_changed == 2


def test_runs_that_have_nothing_in_common_are_not_compared():
    """Other classes, or no common image."""
    with pytest.raises(UsageError, match="different classes"):
        pair_predictions(REFERENCE, films([[1, 1], [1, 1]]), "test")
    elsewhere = RunPredictions(
        PRUNED.classes, PRUNED.splits | {"test": split_of([0], [[1, 0]], "other")}
    )
    with pytest.raises(UsageError, match="share no image"):
        pair_predictions(REFERENCE, elsewhere, "test")


def test_the_positive_class_is_stored_and_decides_the_scores(tmp_path):
    """Files without it are about the second class."""
    named = dataclasses.replace(PRUNED, positive_class="healthy")
    path = tmp_path / "predictions.npz"
    path.write_bytes(pack_predictions(named))
    back = read_predictions(path)
    assert (back.positive_class, back.positive) == ("healthy", 0)
    swapped, plain = measure(back.scores("test")), measure(PRUNED.scores("test"))
    assert (PRUNED.positive_class, PRUNED.positive) == (None, 1)
    assert (swapped["sensitivity"], swapped["specificity"]) == (
        plain["specificity"],
        plain["sensitivity"],
    )
    assert (swapped["sensitivity"], plain["sensitivity"]) == (1.0, 0.5)


def test_a_pair_is_measured_for_the_positive_class_of_the_run():
    """A baseline of another study may be about the other class."""
    named = dataclasses.replace(PRUNED, positive_class="healthy")
    for baseline in (REFERENCE, dataclasses.replace(REFERENCE, positive_class="parasitised")):
        pair = pair_predictions(baseline, named, "test")
        assert pair.reference.judged == pair.run.judged == [0]
    pair = pair_predictions(named, REFERENCE, "test")
    assert pair.reference.judged == pair.run.judged == [1]
