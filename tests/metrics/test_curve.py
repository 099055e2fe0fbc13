"""AUROC, average precision, F1 and Youden's threshold: scikit-learn's numbers, bit for bit."""

import math

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medtui.metrics import metric_named
from medtui.metrics.arrays import Floats, Labels
from medtui.metrics.curve import area_under_roc, curve_of, mean_precision
from medtui.metrics.scores import Scores
from medtui.metrics.thresholds import NO_CHOICE, choose_thresholds


def youden_by_scikit_learn(labels_N: Labels, scores_N: Floats) -> float:
    """Return the first best threshold; 1 where no answer is best."""
    false_rate, true_rate, limits = sk.roc_curve(labels_N, scores_N)
    limit = float(limits[np.argmax(true_rate - false_rate)])
    return limit if math.isfinite(limit) else 1.0


def check(labels_N: Labels, scores_N: Floats) -> None:
    """Compare one class with scikit-learn; one of a single kind of label is left out."""
    curve = curve_of(labels_N, scores_N)
    answers_N = (scores_N >= 0.5).astype(np.int64)
    alone = Scores(labels_N[:, None], scores_N[:, None], answers_N[:, None], "multi")
    assert curve.is_ranked == (0 < labels_N.sum() < len(labels_N))
    if labels_N.any():
        f1 = metric_named("f1").compute(alone)
        assert f1 == sk.f1_score(labels_N, answers_N)
    if not curve.is_ranked:
        assert math.isnan(metric_named("auroc").compute(alone))
        assert choose_thresholds(alone, "youden") == [NO_CHOICE]
        return
    assert area_under_roc(curve) == sk.roc_auc_score(labels_N, scores_N)
    assert mean_precision(curve) == sk.average_precision_score(labels_N, scores_N)
    assert choose_thresholds(alone, "youden") == [youden_by_scikit_learn(labels_N, scores_N)]


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 40), st.integers(0, 5))
def test_every_number_is_scikit_learns(data, count: int, digits: int) -> None:
    """With ties of every number of images, and with labels of one kind."""
    unit = st.floats(0, 1, allow_nan=False, width=32)
    scores_N = np.round(data.draw(arrays(np.float64, count, elements=unit)), digits)
    check(data.draw(arrays(np.int64, count, elements=st.integers(0, 1))), scores_N)


@pytest.mark.parametrize("digits", [2, 4, 12])
def test_many_images_are_ranked_as_scikit_learn_does(digits: int) -> None:
    """Long sums round alike; two digits tie 30 images a score."""
    rng = np.random.default_rng(digits)
    labels_N = (rng.random(3000) < 0.06).astype(np.int64)
    check(labels_N, np.round(1 / (1 + np.exp(-rng.normal(size=3000) - labels_N)), digits))


def test_no_image_makes_an_empty_curve() -> None:
    """A class whose labels are all unknown is not ranked."""
    assert not curve_of(np.zeros(0, np.int64), np.zeros(0)).is_ranked
