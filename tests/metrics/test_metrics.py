"""The metrics, against scikit-learn and against cases whose answer is known."""

import numpy as np
import pytest
import sklearn.metrics as sk

from medtui.metrics import all_metrics
from medtui.metrics.measurement import measure, measure_classes
from medtui.metrics.scores import make_scores
from medtui.metrics.thresholds import choose_thresholds


@pytest.fixture
def rng() -> np.random.Generator:
    """Seeded noise."""
    return np.random.default_rng(5)


def test_binary_metrics_are_scikit_learns(rng):
    """The second class is the positive one."""
    labels = rng.integers(0, 2, 300)
    logits = rng.normal(size=(300, 2)) + 1.2 * np.eye(2)[labels]
    found = measure(make_scores(logits, labels, "single"))
    answers = logits.argmax(axis=1)
    scores = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
    expected = {
        "accuracy": sk.accuracy_score(labels, answers),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, answers),
        "auroc": sk.roc_auc_score(labels, scores),
        "average_precision": sk.average_precision_score(labels, scores),
        "sensitivity": sk.recall_score(labels, answers),
        "specificity": sk.recall_score(labels, answers, pos_label=0),
        "f1": sk.f1_score(labels, answers),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value), name


def test_multi_class_metrics_are_macro_averages(rng):
    """One against the rest, each class counting alike."""
    labels = rng.integers(0, 4, 400)
    logits = rng.normal(size=(400, 4)) + 2 * np.eye(4)[labels]
    found = measure(make_scores(logits, labels, "single"))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert found["auroc"] == pytest.approx(sk.roc_auc_score(labels, shares, multi_class="ovr"))
    answers = logits.argmax(axis=1)
    assert found["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(labels, answers))
    assert found["f1"] == pytest.approx(sk.f1_score(labels, answers, average="macro"))


def test_multi_label_answers_use_each_classs_threshold(rng):
    """Thresholds come from val; exact match wants every label right."""
    labels = (rng.random((500, 3)) < [0.5, 0.1, 0.02]).astype(np.int64)
    logits = 3 * labels + rng.normal(size=(500, 3)) - 3
    val = make_scores(logits[:250], labels[:250], "multi")
    limits = choose_thresholds(val)
    test = make_scores(logits[250:], labels[250:], "multi", limits)
    found = measure(test)
    answers = (1 / (1 + np.exp(-logits[250:])) >= limits).astype(int)
    assert found["exact_match"] == pytest.approx(sk.accuracy_score(labels[250:], answers))
    assert found["accuracy"] == pytest.approx((labels[250:] == answers).mean())
    at_half = measure(make_scores(logits[250:], labels[250:], "multi"))
    assert found["sensitivity"] > at_half["sensitivity"]
    per_class = measure_classes(test, ["a", "b", "c"])
    first = sk.roc_auc_score(labels[250:, 0], logits[250:, 0])
    assert per_class["a"]["auroc"] == pytest.approx(first)
    assert per_class["b"]["prevalence"] == pytest.approx(labels[250:, 1].mean())


def test_a_class_that_never_occurs_is_undefined_and_not_zero():
    """None, and left out of averages."""
    logits = np.array([[1.0, -1.0], [-1.0, -2.0], [2.0, -1.0]])
    labels = np.array([[1, 0], [0, 0], [1, 0]])
    scores = make_scores(logits, labels, "multi")
    per_class = measure_classes(scores, ["there", "never"])
    assert per_class["never"]["auroc"] is None
    assert per_class["never"]["sensitivity"] is None
    assert measure(scores)["auroc"] == 1.0
    assert choose_thresholds(scores)[1] == 0.5


def test_calibration_error_of_known_cases():
    """Zero where confidence is accuracy; the gap where it is not."""
    sure = np.array([[0.0, 50.0]] * 10)
    all_right, half_right = np.ones(10, int), np.arange(10) % 2
    assert measure(make_scores(sure, all_right, "single"))["calibration_error"] == pytest.approx(0)
    wrong = measure(make_scores(sure, half_right, "single"))["calibration_error"]
    assert wrong == pytest.approx(0.5)


def test_names_are_unique():
    """A metric is one row."""
    assert len({metric.name for metric in all_metrics()}) == len(all_metrics())
