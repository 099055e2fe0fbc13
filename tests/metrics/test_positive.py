"""The positive class: which of two classes sensitivity and its like are about, and its name."""

import numpy as np
import pytest
import sklearn.metrics as sk

from medtui.metrics import common_positive, metric_named, positive_class, reported_metrics
from medtui.metrics.intervals import metric_intervals, paired_differences
from medtui.metrics.measurement import measure
from medtui.metrics.positive import PositiveClass
from medtui.metrics.scores import Scores, make_scores

CLASSES = ("nodule", "normal")

PERCENTILE = {"method": "percentile"}


def answers(positive: int | None = None) -> Scores:
    """Return answers that find three nodules of four and clear four normal films of seven."""
    labels = np.array([0] * 4 + [1] * 7)
    margin = np.array([2, 1, 3, -1, -2, -1, -3, -4, 1, 2, 1])
    logits = np.stack([margin, np.zeros(11)], axis=1)
    return make_scores(logits.astype(float), labels, "single", positive=positive)


def test_the_positive_class_decides_what_sensitivity_is_about():
    """Sensitivity for one class is specificity for the other; precision and F1 follow."""
    nodule, normal, default = (measure(answers(each)) for each in (0, 1, None))
    assert nodule["sensitivity"] == normal["specificity"] == 0.75
    assert nodule["specificity"] == normal["sensitivity"] == 4 / 7
    assert default == normal
    found = answers()
    assert nodule["average_precision"] == pytest.approx(
        sk.average_precision_score(found.labels_NK[:, 0], found.scores_NK[:, 0])
    )
    assert nodule["f1"] == pytest.approx(sk.f1_score(found.labels_NK[:, 0], found.answers_NK[:, 0]))
    same = ("accuracy", "balanced_accuracy", "auroc", "calibration_error")
    assert {name: nodule[name] for name in same} == pytest.approx(
        {name: normal[name] for name in same}
    )


def test_every_metric_that_depends_on_it_is_marked():
    """The mark is what puts the class's name beside a number."""
    one, other = (measure(answers(each)) for each in (0, 1))
    depends = {name for name in one if one[name] != pytest.approx(other[name])}
    assert depends == {
        metric.name for metric in reported_metrics("single") if metric.is_of_positive
    }


def test_intervals_and_changes_are_about_the_same_class():
    """Bootstrap samples keep the positive class."""
    found, patients = answers(0), [str(number) for number in range(11)]
    low, high = metric_intervals(found, patients, **PERCENTILE, resamples=200, seed=0)[
        "sensitivity"
    ]
    swapped = metric_intervals(answers(1), patients, **PERCENTILE, resamples=200, seed=0)[
        "specificity"
    ]
    assert (low, high) == swapped
    metric = metric_named("sensitivity")
    worse = make_scores(np.array([[0.0, 9.0]] * 11), found.labels_NK[:, 1], "single", positive=0)
    (change,) = paired_differences(found, worse, patients, [metric]).values()
    assert change.value == pytest.approx(-0.75)
    assert found.take(np.arange(4)).judged == [0]


def test_names():
    """The name is in the label; numbers of earlier versions say that the second class was taken."""
    sensitivity, accuracy = metric_named("sensitivity"), metric_named("accuracy")
    recorded = positive_class(CLASSES, "single", "nodule")
    earlier = positive_class(CLASSES, "single")
    assert sensitivity.label_for(recorded) == "sensitivity for nodule"
    assert sensitivity.label_for(earlier) == "sensitivity for normal (second class)"
    assert sensitivity.label_for(None) == "sensitivity"
    assert accuracy.label_for(recorded) == "accuracy"
    assert positive_class(("a", "b", "c"), "single", "a") is None
    assert positive_class(CLASSES, "multi") is None


def test_runs_share_a_positive_class_or_have_none():
    """One name for a table only where it is true of each row."""
    nodule, normal = PositiveClass("nodule"), PositiveClass("normal")
    assumed = PositiveClass("normal", is_recorded=False)
    assert common_positive([nodule, nodule]) == nodule
    assert common_positive([normal, assumed]) == assumed
    assert common_positive([nodule, normal]) is None
    assert common_positive([nodule, None]) is None
    assert common_positive([]) is None
