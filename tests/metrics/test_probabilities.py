"""The Brier score and top-1 against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from medtui.metrics import metric_named
from medtui.metrics.scores import Scores, make_scores

NUM_IMAGES = 200
BRIER, TOP_1 = metric_named("brier_score"), metric_named("top_1")


def _films(*, masked: bool = False) -> Scores:
    rng = np.random.default_rng(0)
    labels = (rng.random((NUM_IMAGES, 4)) < 0.3).astype(int)
    mask = rng.random(labels.shape) < 0.7 if masked else None
    return make_scores(rng.normal(size=labels.shape), labels, "multi", mask=mask)


@pytest.mark.parametrize("positive", [0, 1])
def test_brier_score_of_two_classes_is_the_positive_class_s(positive: int) -> None:
    """Whichever of the two is the positive one."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, NUM_IMAGES)
    scores = make_scores(rng.normal(size=(NUM_IMAGES, 2)), labels, "single", positive=positive)
    expected = brier_score_loss(labels == positive, scores.scores_NK[:, positive])
    assert BRIER.compute(scores) == pytest.approx(expected)


def test_brier_score_of_several_classes_is_half_their_sum() -> None:
    """So that it is at most 1, as intervals on the logit scale require."""
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 3, NUM_IMAGES)
    scores = make_scores(rng.normal(size=(NUM_IMAGES, 3)), labels, "single")
    of_each = [brier_score_loss(labels == k, scores.scores_NK[:, k]) for k in range(3)]
    assert BRIER.compute(scores) == pytest.approx(sum(of_each) / 2)


@pytest.mark.parametrize("masked", [False, True])
def test_brier_score_of_findings_is_over_known_labels(masked: bool) -> None:
    """All together, and each class alone."""
    scores = _films(masked=masked)
    known = scores.known
    expected = brier_score_loss(scores.labels_NK[known], scores.scores_NK[known])
    assert BRIER.compute(scores) == pytest.approx(expected)
    rows = known[:, 1]
    alone = brier_score_loss(scores.labels_NK[rows, 1], scores.scores_NK[rows, 1])
    assert BRIER.compute(scores.of_class(1)) == pytest.approx(alone)


def test_top_1_asks_whether_the_highest_score_is_a_label() -> None:
    """Images without a label do not count; unknown labels are not candidates."""
    logits = np.array([[2.0, 1.0], [2.0, 1.0], [1.0, 2.0], [1.0, 2.0]])
    labels = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
    assert TOP_1.compute(make_scores(logits, labels, "multi")) == pytest.approx(2 / 3)
    mask = np.array([[True, True], [False, True], [True, True], [True, True]])
    assert TOP_1.compute(make_scores(logits, labels, "multi", mask=mask)) == 1
