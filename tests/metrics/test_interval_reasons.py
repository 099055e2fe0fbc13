"""Every measured metric has an interval, or a stated reason for none."""

from itertools import product

import numpy as np
import pytest

from medtui.analysis.split_result import measure_split
from medtui.metrics import metric_named
from medtui.metrics.interval_reasons import rare_classes, reason_without
from medtui.metrics.scores import make_scores
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


def test_no_resamples_mean_no_interval() -> None:
    """As the preset asks."""
    found = measure_split(predictions(30, "multi"), "test", None, loss=0.1, resamples=0, seed=0)
    assert not found.intervals
    assert found.no_interval["auroc"] == "evaluate.bootstrap is 0"
    assert found.calibration["common"].slope_interval is None


def test_reasons_name_what_is_missing() -> None:
    """The calibration error has none with any number of patients."""
    scores = make_scores(np.zeros((4, 2)), np.zeros((4, 2), int), "multi")
    reason = reason_without(metric_named("calibration_error"), scores, list("abcd"), CLASSES)
    assert "bins" in reason
