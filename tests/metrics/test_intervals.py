"""The bootstrap: its fast sums equal the metrics, and its pairs cancel what they share."""

import numpy as np
import pytest

from medtui.metrics import all_metrics, metric_named
from medtui.metrics.draws import MAX_LEFT_OUT, Draws, draw_patients, without_each_patient
from medtui.metrics.interval_reasons import reason_without
from medtui.metrics.intervals import (
    jackknife_intervals,
    metric_intervals,
    paired_differences,
)
from medtui.metrics.jackknife import Jackknife, effective_number
from medtui.metrics.nested import Nested, nested_differences
from medtui.metrics.scores import Scores, make_scores

NUM_IMAGES, NUM_PATIENTS = 300, 23

SAMPLED = [metric for metric in all_metrics() if metric.resample]
ACCURACY, AUROC = metric_named("accuracy"), metric_named("auroc")

PERCENTILE = {"method": "percentile"}


def _scores(task: str, num_classes: int, seed: int = 0) -> Scores:
    rng = np.random.default_rng(seed)
    logits = np.round(rng.normal(size=(NUM_IMAGES, num_classes)), 1)  # rounded: with ties
    if task == "single":
        return make_scores(logits, rng.integers(0, num_classes, NUM_IMAGES), "single")
    return make_scores(logits, (rng.random((NUM_IMAGES, num_classes)) < 0.1).astype(int), "multi")


PATIENTS = [f"patient {number % NUM_PATIENTS}" for number in range(NUM_IMAGES)]


@pytest.mark.parametrize(("task", "num_classes"), [("single", 2), ("single", 4), ("multi", 5)])
def test_a_drawn_sample_measures_like_its_repeated_images(task: str, num_classes: int) -> None:
    """Weighing patients gives what scikit-learn gives on rows repeated as often as drawn."""
    scores = _scores(task, num_classes)
    draws = next(draw_patients(PATIENTS, resamples=3, seed=1))
    for sample in range(3):
        times = draws.counts_PB[draws.patient_N, sample].astype(int)
        drawn = scores.take(np.repeat(np.arange(NUM_IMAGES), times))
        for metric in SAMPLED:
            if task in metric.tasks:
                found = metric.resample(scores, draws)[sample]
                assert found == pytest.approx(metric.compute(drawn), abs=1e-12), metric.name


def test_the_same_answers_do_not_show_that_other_patients_agree() -> None:
    """None of 23 patients differs: at most 14.8 % of all do, since 0.852^23 = 0.025."""
    scores = _scores("multi", 5)
    found = paired_differences(scores, scores, PATIENTS, SAMPLED)
    assert found["accuracy"].low == pytest.approx(-(1 - 0.025 ** (1 / 23)), abs=2e-4)
    for difference in found.values():
        assert difference.value == 0
        assert difference.low == -difference.high < -0.1
        assert difference.is_constant
        assert "exact bound" in difference.reason
        assert np.isnan(difference.detectable)
        assert not difference.is_clear


def test_what_rests_on_few_patients_has_a_wide_bound() -> None:
    """Sensitivity of 1 in both runs, with the class in two of 23 patients, excludes little."""
    labels = np.array([patient in PATIENTS[:2] for patient in PATIENTS]).astype(int)
    scores = make_scores(4.0 * np.eye(2)[labels], labels, "single")
    metrics = [ACCURACY, AUROC, metric_named("sensitivity"), metric_named("specificity")]
    found = paired_differences(scores, scores, PATIENTS, metrics)
    assert found["sensitivity"].low == pytest.approx(-(1 - 0.025 ** (1 / 2)), abs=0.01)
    assert found["auroc"].low == found["sensitivity"].low
    assert found["specificity"].low > -0.17
    assert found["accuracy"].low > found["specificity"].low
    kinds = {"method": "jackknife", "resamples": 1, "seed": 0}
    intervals = metric_intervals(scores, PATIENTS, **kinds)
    assert intervals["auroc"] == (pytest.approx(0.025 ** (1 / 2), abs=0.01), 1.0)
    assert intervals["accuracy"] == (pytest.approx(0.025 ** (1 / 23), abs=0.01), 1.0)


def test_a_class_of_few_images_has_no_interval() -> None:
    """Nine positives are too few for what rests on them, and enough for the accuracy."""
    labels = np.zeros(NUM_IMAGES, int)
    labels[:9] = 1
    logits = np.random.default_rng(2).normal(size=(NUM_IMAGES, 2))
    scores = make_scores(logits, labels, "single")
    intervals = metric_intervals(scores, PATIENTS, method="jackknife", resamples=1, seed=0)
    rare = ("balanced_accuracy", "auroc", "average_precision", "sensitivity", "f1")
    for name in rare:
        reason = reason_without(metric_named(name), scores, PATIENTS, ["a", "b"])
        assert reason == "9 positives, fewer than 10"
    assert not set(rare) & set(intervals)
    assert {"accuracy", "specificity"} <= set(intervals)
    other = make_scores(logits[::-1], labels, "single")
    changes = paired_differences(scores, other, PATIENTS, [AUROC, ACCURACY])
    assert not changes["auroc"].has_interval
    assert changes["auroc"].shortage.mark == "positives < 10"
    assert changes["accuracy"].has_interval


def test_an_absent_class_has_no_difference() -> None:
    """What cannot be ranked on the whole part is left out, not called zero."""
    scores = make_scores(np.zeros((4, 1)), np.zeros((4, 1), int), "multi")
    assert paired_differences(scores, scores, list("abcd"), [AUROC]) == {}


def test_an_interval_is_as_wide_as_patients_make_it() -> None:
    """Many images of few patients tell less than as many images of as many patients."""
    before, after = _scores("single", 2), _scores("single", 2, seed=1)
    after = Scores(before.labels_NK, after.scores_NK, after.answers_NK, "single")
    order = np.argsort((after.answers_NK == after.labels_NK).all(axis=1))
    before, after = before.take(order), after.take(order)
    patients = [str(number // 30) for number in range(NUM_IMAGES)]
    names = list(map(str, order))
    few = paired_differences(before, after, patients, [ACCURACY])["accuracy"]
    many = paired_differences(before, after, names, [ACCURACY])["accuracy"]
    assert few.value == many.value
    assert few.high - few.low > 1.5 * (many.high - many.low)


def test_every_sample_draws_as_many_patients_as_there_are() -> None:
    """Chunks join to the number of samples asked for."""
    chunks: list[Draws] = list(draw_patients(PATIENTS, resamples=230, seed=0))
    assert sum(chunk.counts_PB.shape[1] for chunk in chunks) == 230
    assert all((chunk.counts_PB.sum(axis=0) == NUM_PATIENTS).all() for chunk in chunks)


def test_intervals_widen_when_images_share_patients() -> None:
    """The patient is the unit: ten images of one are no ten observations."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 2, 400)
    is_wrong = np.repeat(rng.random(40) < 0.2, 10)
    logits = 4.0 * np.eye(2)[np.where(is_wrong, 1 - labels, labels)]
    scores = make_scores(logits, labels, "single")
    alone = metric_intervals(
        scores, [str(i) for i in range(400)], **PERCENTILE, resamples=300, seed=0
    )
    shared = metric_intervals(
        scores, [str(i // 10) for i in range(400)], **PERCENTILE, resamples=300, seed=0
    )
    accuracy = ACCURACY.compute(scores)
    for low, high in (alone["accuracy"], shared["accuracy"]):
        assert low <= accuracy <= high
    assert np.diff(shared["accuracy"]) > 1.5 * np.diff(alone["accuracy"])
    assert metric_intervals(scores, ["a"] * 400, **PERCENTILE, resamples=0, seed=0) == {}


def test_a_jackknife_leaves_out_each_patient_once() -> None:
    """Each replicate equals the metric on the other patients' images."""
    scores = _scores("single", 3)
    found = np.concatenate(
        [ACCURACY.resample(scores, draws) for draws in without_each_patient(PATIENTS)]
    )
    names = np.array(PATIENTS)
    expected = [ACCURACY.compute(scores.take(np.flatnonzero(names != name)))
                for name in np.unique(names)]  # fmt: skip
    np.testing.assert_allclose(found, expected)


def test_the_standard_error_of_a_mean_is_the_textbook_s() -> None:
    """With one image a patient, the jackknife of a mean is s / sqrt(n)."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 50)
    scores = make_scores(rng.normal(size=(50, 2)), labels, "single")
    patients = [f"{number:02d}" for number in range(50)]
    samples = [ACCURACY.resample(scores, draws) for draws in without_each_patient(patients)]
    is_right = (scores.answers_NK == scores.labels_NK).all(axis=1)
    found = Jackknife(ACCURACY.compute(scores), np.concatenate(samples), 50.0)
    assert found.standard_error == pytest.approx(is_right.std(ddof=1) / np.sqrt(50))


def test_many_patients_are_left_out_in_groups() -> None:
    """The number of replicates has a limit, and every patient is left out once."""
    patients = [str(number) for number in range(1000)]
    counts_PB = np.hstack([draws.counts_PB for draws in without_each_patient(patients)])
    assert counts_PB.shape == (1000, MAX_LEFT_OUT)
    assert (counts_PB == 0).sum(axis=1).tolist() == [1] * 1000


def test_an_interval_of_a_share_stays_within_its_bounds() -> None:
    """Also where all answers are right, which some other patient's may not be."""
    replicates_B = np.array([0.97, 0.99, 0.98, 0.995])
    low, high = Jackknife(0.985, replicates_B, 4.0).interval_of_share()
    assert 0 < low < 0.97
    assert 0.985 < high < 1
    assert Jackknife(1.0, np.ones(4), 4.0).interval_of_share() == (
        pytest.approx(0.025 ** (1 / 4)),
        1.0,
    )
    one_errs = Jackknife(0.95, np.array([1.0] + [0.9475] * 19), 20.0).interval_of_share()
    assert 0.7 < one_errs[0] < 0.76  # the exact interval of 20 draws with one error begins at 0.751
    assert 0.99 < one_errs[1] < 1.0
    assert Jackknife(0.0, np.zeros(30), 30.0).interval_of_share()[1] == pytest.approx(
        1 - 0.025 ** (1 / 30)
    )


def test_equal_scores_of_all_images_do_not_show_that_auroc_is_a_half_elsewhere() -> None:
    """A collapsed network: no patient changes its AUROC, which was given as 0.500 [0.500, 0.500].

    As many other patients as an exact bound allows may be ranked all right, or all wrong.
    """
    scores = _scores("single", 2)
    constant = make_scores(np.zeros((NUM_IMAGES, 2)), scores.labels_NK[:, 1], "single")
    metrics = [metric_named(name) for name in ("auroc", "balanced_accuracy", "brier_score")]
    found = jackknife_intervals(constant, PATIENTS, metrics)
    unseen = 1 - 0.025 ** (1 / NUM_PATIENTS)
    for name, middle in (("auroc", 0.5), ("balanced_accuracy", 0.5), ("brier_score", 0.25)):
        low, high = found[name]
        assert low == pytest.approx((1 - unseen) * middle, abs=0.01)
        assert high == pytest.approx((1 - unseen) * middle + unseen, abs=0.01)
    same = np.stack([np.full(30, 0.5)] * 3)
    three = Nested(np.full(3, 0.5), same, 30.0).interval_of_share()
    assert three == Jackknife(0.5, same[0], 30.0).interval_of_share()


def test_a_constant_difference_leaves_out_unseen_patients_alone() -> None:
    """All nine patients lose everything: the others lose at most as much."""
    low, high = Jackknife(-1.0, -np.ones(9), 9.0).interval()
    assert low == -1
    assert high == pytest.approx(-1 + 2 * (1 - 0.025 ** (1 / 9)))


def test_unequal_patients_count_as_fewer() -> None:
    """Kish's number: as many as there are if all are of one size, near 1 if one has nearly all."""
    assert effective_number(["a", "b", "c"] * 4) == pytest.approx(3)
    assert effective_number(["a"] * 99 + ["b"]) == pytest.approx(100**2 / (99**2 + 1))


def test_too_few_patients_have_no_interval() -> None:
    """The difference is known, its interval is not."""
    before, after = _scores("single", 2), _scores("single", 2, seed=1)
    patients = [str(number % (ACCURACY.min_patients_paired - 1)) for number in range(NUM_IMAGES)]
    (found,) = paired_differences(before, after, patients, [ACCURACY]).values()
    assert not found.has_interval
    assert found.value == pytest.approx(ACCURACY.compute(after) - ACCURACY.compute(before))
    assert "accuracy" not in metric_intervals(
        before, patients, method="jackknife", resamples=10, seed=0
    )


def test_intervals_of_few_patients_contain_the_truth_as_often_as_they_claim() -> None:
    """In 300 studies of as many patients as accuracy needs; percentile intervals miss too often.

    93 % are asked for, and two standard errors allowed.
    """
    num_studies, truth, count = 300, 11.5 / 12.5, ACCURACY.min_patients
    covered = {"jackknife": 0, "percentile": 0}
    for study in range(num_studies):
        rng = np.random.default_rng(study)
        sizes_P = np.exp(rng.normal(3.3, 0.5, count)).astype(int) + 1
        patient_N = np.repeat(np.arange(count), sizes_P)
        labels_N = np.arange(len(patient_N)) % 2
        is_right_N = rng.random(len(patient_N)) < rng.beta(11.5, 1, count)[patient_N]
        answers_N = np.where(is_right_N, labels_N, 1 - labels_N)
        scores = make_scores(np.eye(2)[answers_N], labels_N, "single")
        patients = [str(each) for each in patient_N]
        low, high = jackknife_intervals(scores, patients, [ACCURACY])["accuracy"]
        covered["jackknife"] += low <= truth <= high
        (draws,) = draw_patients(patients, resamples=100, seed=study)
        low, high = np.quantile(ACCURACY.resample(scores, draws), (0.025, 0.975))
        covered["percentile"] += low <= truth <= high
    allowed = 2 * np.sqrt(0.93 * 0.07 * num_studies)
    assert covered["jackknife"] > 0.93 * num_studies - allowed
    assert covered["percentile"] < 0.93 * num_studies - allowed


def test_a_change_that_is_nearly_complete_stays_within_its_bounds() -> None:
    """A network that no longer finds a class loses at most all of it, whatever patients vary."""
    patients = [f"P{number:02}" for number in range(20) for _ in range(5)]
    labels_N = np.arange(100) % 2
    specificity = metric_named("specificity")
    assert specificity is not None
    before_N = labels_N.copy()
    before_N[0] = 1  # one negative of one patient is wrong
    before, after = (
        make_scores(9.0 * np.eye(2)[answers_N], labels_N, "single")
        for answers_N in (before_N, np.ones(100, int))
    )
    found = paired_differences(before, after, patients, [specificity])["specificity"]
    assert found.value == pytest.approx(-0.98)
    assert found.low == -1.0
    assert found.high > found.value
    assert paired_differences(after, before, patients, [specificity])["specificity"].high == 1.0
    groups = [[(before, after)]] * 3
    assert nested_differences(groups, patients, [specificity])["specificity"].low == -1.0
