"""Every measured metric has an interval, or a stated reason for none."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from medtui.analysis.split_result import measure_split
from medtui.metrics import metric_named
from medtui.metrics.draws import left_out_together, without_each_patient
from medtui.metrics.interval_reasons import rare_classes, reason_without
from medtui.metrics.intervals import paired_differences
from medtui.metrics.scores import make_scores
from medtui.metrics.shortage import Shortage
from medtui.runs.predictions import RunPredictions, SplitPredictions

CLASSES = ("common", "usual", "rare")


def predictions(num_patients: int, task: str, rare: int = 30) -> RunPredictions:
    """Return predictions of three films a patient; `rare` is the number of the last class."""
    rng = np.random.default_rng(num_patients)
    count = 3 * num_patients
    labels = (rng.random((count, 3)) < 0.5).astype(np.int64)
    labels[:, 2] = np.arange(count) < rare
    logits = (labels + rng.normal(size=labels.shape)).astype(np.float32)
    if task == "single":
        labels = labels[:, 0]
        logits = logits[:, :2] * np.array([-1, 1], np.float32)
    names = [str(number) for number in range(count)]
    part = SplitPredictions(
        names, [str(each % num_patients) for each in range(count)], labels, logits
    )
    classes = CLASSES[: logits.shape[1]]
    return RunPredictions(classes, {"val": part, "test": part})


@pytest.mark.parametrize(
    ("task", "num_patients", "method"),
    [*product(("single", "multi"), (5, 15, 60), ("jackknife",)), ("multi", 60, "percentile")],
)
def test_an_interval_or_a_reason(task: str, num_patients: int, method: str) -> None:
    """For each number, the loss among them; never both."""
    found = measure_split(predictions(num_patients, task), "test", None, loss=0.1, method=method,
                          resamples=20, seed=0)  # fmt: skip
    measured = {name for name, value in found.metrics.items() if value is not None}
    assert measured == found.intervals.keys() | found.no_interval.keys()
    assert not found.intervals.keys() & found.no_interval.keys()
    assert all(found.no_interval.values())
    if num_patients == 60:
        assert found.no_interval.keys() == {"loss", "calibration_error"}
    if num_patients == 5:
        assert found.no_interval["auroc"].endswith("patients are needed, there are 5")


def test_a_mean_over_several_classes_needs_more_patients() -> None:
    """Average precision most of all; with two exclusive classes it is about one of them."""
    films = predictions(30, "multi").scores("test")
    cells = predictions(30, "single").scores("test")
    metric = metric_named("average_precision")
    patients = [str(number % 30) for number in range(films.labels_NK.shape[0])]
    assert reason_without(metric, films, patients, CLASSES).startswith("53 patients are needed")
    assert reason_without(metric, cells, patients, CLASSES) == ""
    assert reason_without(metric_named("auroc"), films, patients, CLASSES) == ""


def test_a_mean_over_classes_needs_images_of_each() -> None:
    """Nine are too few; accuracy and exact match are no means over classes and keep theirs."""
    run = predictions(30, "multi", rare=9)
    found = measure_split(run, "test", None, loss=0.1, resamples=20, seed=0)
    assert found.no_interval["auroc"] == "fewer than 10 images with, or without, rare"
    assert {"accuracy", "exact_match", "top_1", "brier_score"} <= found.intervals.keys()
    assert rare_classes(run.scores("test")) == [2]
    assert rare_classes(run.scores("test").of_class(2)) == []


@pytest.mark.parametrize(("task", "num_patients"), [*product(("single", "multi"), (5, 15, 35, 60))])
def test_an_interval_or_a_reason_of_each_class(task: str, num_patients: int) -> None:
    """For each measured number of a class, never both; a rare class says how rare it is."""
    run = predictions(num_patients, task, rare=9)
    found = measure_split(run, "test", None, loss=0.1, resamples=20, seed=0)
    for name, metrics in found.per_class.items():
        measured = {each for each, value in metrics.items() if value is not None} - {"prevalence"}
        intervals, reasons = found.class_intervals[name], found.no_class_interval[name]
        assert measured == intervals.keys() | reasons.keys()
        assert not intervals.keys() & reasons.keys()
        assert all(low <= metrics[each] <= high for each, (low, high) in intervals.items())
        if num_patients == 60 and name != "rare":
            assert not reasons
    for calibration in found.calibration.values():
        for ends in (calibration.slope_interval, calibration.intercept_interval):
            assert (ends is None) == bool(calibration.no_interval)
    if task == "multi" and num_patients == 60:
        assert found.no_class_interval["rare"]["auroc"] == "9 positives, fewer than 10"
        assert {"accuracy", "specificity"} == found.class_intervals["rare"].keys() - {"brier_score"}


def test_one_class_of_several_needs_more_patients() -> None:
    """One of two exclusive classes needs fewer."""
    of_films, of_cells = (
        measure_split(predictions(20, task), "test", None, loss=0.1, resamples=20, seed=0)
        for task in ("multi", "single")
    )
    reason = "29 patients are needed, there are 20"
    assert set(of_films.no_class_interval["common"].values()) == {
        reason,
        reason.replace("29", "53"),
    }
    assert not of_cells.no_class_interval["common"]


@pytest.mark.parametrize("num_patients", [60, 900])
def test_every_sample_of_a_mean_is_over_the_same_classes(num_patients: int) -> None:
    """Where leaving patients out leaves a class out, the mean has no interval and no change.

    With 900 patients some are left out together: here those who alone have the rare class.
    """
    run = predictions(num_patients, "multi")
    split = run.splits["test"]
    split.labels[:, 2] = left_out_together(split.patients) == 0
    scores, other = run.scores("test"), run.scores("test")
    other = replace(other, scores_NK=1 - other.scores_NK, answers_NK=1 - other.answers_NK)
    wanted = [metric_named(name) for name in ("auroc", "sensitivity", "accuracy")]
    found = paired_differences(scores, other, split.patients, wanted)
    assert found["accuracy"].has_interval
    for name in ("auroc", "sensitivity"):
        assert not found[name].has_interval
        assert np.isfinite(found[name].value)
    assert found["sensitivity"].shortage == Shortage(1, "patient of a class", 2)
    assert found["sensitivity"].shortage.mark == "class n < 2"
    samples = without_each_patient(split.patients)
    assert any(draws.total(split.labels[:, 2]).min() == 0 for draws in samples)


def test_no_resamples_mean_no_interval() -> None:
    """As the preset asks."""
    found = measure_split(predictions(30, "multi"), "test", None, loss=0.1, resamples=0, seed=0)
    assert not found.intervals
    assert found.no_interval["auroc"] == "evaluate.bootstrap is 0"
    assert found.calibration["common"].slope_interval is None
    assert found.calibration["common"].no_interval == "evaluate.bootstrap is 0"


def test_reasons_name_what_is_missing() -> None:
    """The calibration error has none with any number of patients."""
    scores = make_scores(np.zeros((4, 2)), np.zeros((4, 2), int), "multi")
    reason = reason_without(metric_named("calibration_error"), scores, list("abcd"), CLASSES)
    assert "bins" in reason
