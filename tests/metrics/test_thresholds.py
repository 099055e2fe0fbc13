"""Decision thresholds of multi-label classes, by each rule, against scikit-learn."""

from itertools import pairwise

import numpy as np
import pytest
import sklearn.metrics as sk
from pydantic import ValidationError

from medtui.metrics import metric_named
from medtui.metrics.arrays import Floats, Labels
from medtui.metrics.none_class import NoneClass
from medtui.metrics.operating_points import operating_points
from medtui.metrics.scores import Scores, make_scores
from medtui.metrics.threshold_rule import (
    RULES,
    describe_decisions,
    describe_rule,
    wanted_sensitivity,
)
from medtui.metrics.thresholds import choose_thresholds
from medtui.preset import parse_preset
from medtui.preset.evaluating import EvaluateSettings

PREVALENCE = np.array([0.54, 0.18, 0.12, 0.10, 0.06, 0.05, 0.05, 0.04, 0.03, 0.03, 0.02, 0.02])
"""About that of No Finding and the commonest findings of ChestX-ray14: 1.2 labels an image."""


def films(seed: int, *, shift: float = 0.0) -> tuple[Floats, Labels]:
    """Return calibrated logits of AUROC 0.80 for 4,000 films, and labels; `shift` miscalibrates."""
    rng = np.random.default_rng(seed)
    labels_NK = (rng.random((4000, len(PREVALENCE))) < PREVALENCE).astype(np.int64)
    apart = 1.19  # two normal distributions of variance 1 at this distance have AUROC 0.80
    marks_NK = labels_NK * apart + rng.normal(size=labels_NK.shape)
    prior_K = np.log(PREVALENCE / (1 - PREVALENCE))
    return apart * marks_NK - apart**2 / 2 + prior_K + shift, labels_NK


def decided(rule: str, *, shift: float = 0.0) -> tuple[Scores, Scores]:
    """Return val and test, both answered by thresholds that val chose."""
    val = make_scores(*films(0, shift=shift), "multi")
    limits = choose_thresholds(val, rule)
    return tuple(make_scores(*films(seed, shift=shift), "multi", limits) for seed in (0, 1))


@pytest.mark.parametrize("wanted", [0.5, 0.9, 0.95])
def test_a_fixed_sensitivity_is_reached_at_the_highest_threshold(wanted: float) -> None:
    """On val, and at the next higher score it is not."""
    val, _ = decided(f"sensitivity={wanted:g}")
    limits = choose_thresholds(val, f"sensitivity={wanted:g}")
    for index, limit in enumerate(limits):
        labels, scores = val.labels_NK[:, index], val.scores_NK[:, index]
        assert sk.recall_score(labels, scores >= limit) >= wanted
        assert sk.recall_score(labels, scores > limit) < wanted


def test_f1_is_the_largest_of_scikit_learns_curve() -> None:
    """On val, in each class."""
    val, _ = decided("f1")
    for index in range(val.num_classes):
        labels = val.labels_NK[:, index]
        precision, recall, _ = sk.precision_recall_curve(labels, val.scores_NK[:, index])
        best = np.nanmax(2 * precision * recall / np.maximum(precision + recall, 1e-12))
        assert sk.f1_score(labels, val.answers_NK[:, index]) == pytest.approx(best)


@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_prevalence_answers_as_many_findings_as_there_are(shift: float) -> None:
    """On val exactly, on test nearly, also where a weighted loss raised every probability."""
    val, test = decided("prevalence", shift=shift)
    assert (val.answers_NK.sum(axis=0) == val.labels_NK.sum(axis=0)).all()
    assert test.answers_NK.sum() == pytest.approx(test.labels_NK.sum(), rel=0.05)
    _, at_half = decided("half", shift=shift)
    assert (at_half.answers_NK.sum() > 2 * at_half.labels_NK.sum()) == (shift > 0)


def test_youden_answers_several_times_as_many_findings_as_there_are() -> None:
    """Which leaves no image without a wrong answer; the default of schema 2 does not."""
    _, by_youden = decided("youden")
    _, by_default = decided(EvaluateSettings().thresholds)
    exact_match = metric_named("exact_match")
    assert by_youden.answers_NK.sum() > 2.5 * by_youden.labels_NK.sum()
    assert exact_match.compute(by_youden) < 0.05
    assert exact_match.compute(by_default) > 4 * exact_match.compute(by_youden)


@pytest.mark.parametrize("rule", [*RULES, "sensitivity=0.9"])
def test_a_class_that_val_lacks_is_answered_at_half(rule: str) -> None:
    """Also one that every image of val has."""
    labels = np.array([[0, 1], [0, 1], [0, 1]])
    val = make_scores(np.zeros(labels.shape), labels, "multi")
    assert choose_thresholds(val, rule) == [0.5, 0.5]
    assert choose_thresholds(val.take(np.array([], int)), rule) == [0.5, 0.5]


@pytest.mark.parametrize(
    "rule", ["", "median", "sensitivity", "sensitivity=1.0", "sensitivity=0", "sensitivity=-.5"]
)
def test_a_rule_that_does_not_exist_is_refused(rule: str) -> None:
    """In presets, with the rules that exist."""
    with pytest.raises(ValidationError, match=r'Choose "youden", "half", "f1", "prevalence" or'):
        EvaluateSettings(thresholds=rule)


def test_rules_are_described() -> None:
    """With what they choose, and a fixed sensitivity with its number."""
    assert describe_rule("half") == "half: probability 0.5"
    assert "at least 0.95 on val" in describe_rule("sensitivity=.95")
    assert describe_decisions("half", None) == (
        "Each class is answered at a probability of 0.5 or more."
    )
    assert describe_decisions("f1", "none") == (
        "Each class has its own threshold, by f1: largest F1 on val; none is answered only where "
        "no class that contradicts it is."
    )
    assert [wanted_sensitivity(each) for each in (*RULES, "sensitivity=0.90")] == [
        *[None] * len(RULES), 0.9,
    ]  # fmt: skip


def test_earlier_presets_keep_youdens_index() -> None:
    """And answer the class of no finding by its own threshold."""
    text = 'name = "x"\n[data]\ncard = "demo"\n'
    found = [parse_preset(f"{schema}{text}", "test") for schema in ("", "schema = 1\n")]
    for preset in found:
        assert (preset.evaluate.thresholds, preset.evaluate.none_class) == ("youden", "independent")
    today = parse_preset(f"schema = 2\n{text}", "test").evaluate
    assert (today.thresholds, today.none_class) == ("prevalence", "exclusive")


def test_no_finding_is_answered_only_beside_no_finding() -> None:
    """Support devices do not contradict it; other answers do not change."""
    classes = ("No Finding", "Mass", "Devices")
    none = NoneClass("No Finding", ("Devices",)).columns(classes)
    logits = np.array([[1.0, 1, -1], [1, -1, 1], [1, -1, -1], [-1, -1, -1]])
    labels = np.zeros(logits.shape, int)
    alone = make_scores(logits, labels, "multi")
    exclusive = make_scores(logits, labels, "multi", none=none)
    assert alone.answers_NK[:, 0].tolist() == [1, 1, 1, 0]
    assert exclusive.answers_NK[:, 0].tolist() == [0, 1, 1, 0]
    assert np.array_equal(alone.answers_NK[:, 1:], exclusive.answers_NK[:, 1:])
    assert np.array_equal(alone.scores_NK, exclusive.scores_NK)


def test_the_specificity_at_a_fixed_sensitivity_uses_vals_threshold() -> None:
    """Recomputed with scikit-learn; test has another sensitivity than val."""
    val, test = decided("prevalence")
    classes = [f"class {index}" for index in range(val.num_classes)]
    found = operating_points(val, test, classes, wanted=0.8)
    assert list(found) == classes
    for index, point in enumerate(found.values()):
        false_rate, true_rate, limits = sk.roc_curve(
            val.labels_NK[:, index], val.scores_NK[:, index], drop_intermediate=False
        )
        limit = limits[np.argmax(true_rate >= 0.8)]
        assert point.threshold == pytest.approx(limit)
        labels, answers = test.labels_NK[:, index], test.scores_NK[:, index] >= limit
        assert point.sensitivity == pytest.approx(sk.recall_score(labels, answers))
        assert point.specificity == pytest.approx(sk.recall_score(labels, answers, pos_label=0))
        assert false_rate.size


def test_a_lower_sensitivity_has_a_higher_specificity() -> None:
    """The positive class of two has a point as well; three exclusive classes have none."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    logits = np.stack([np.zeros(300), 2.0 * labels - 1 + rng.normal(size=300)], axis=1)
    scores = make_scores(logits, labels, "single")
    points = [operating_points(scores, scores, "ab", wanted)["b"] for wanted in (0.95, 0.8, 0.5)]
    assert all(low.specificity < high.specificity for low, high in pairwise(points))
    three = make_scores(rng.normal(size=(9, 3)), rng.integers(0, 3, 9), "single")
    assert operating_points(three, three, "abc") == {}
