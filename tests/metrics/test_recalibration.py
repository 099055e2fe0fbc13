"""Slope and intercept of logistic recalibration, against scikit-learn and scipy; reliability."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

from medtui.metrics.draws import all_patients, without_each_patient
from medtui.metrics.recalibration import recalibrate, recalibrate_samples
from medtui.metrics.reliability import class_calibrations, reliability_curve
from medtui.metrics.scores import Scores, make_scores
from medtui.metrics.task import Task

NUM_IMAGES, NUM_PATIENTS = 600, 60
PATIENTS = [f"{number % NUM_PATIENTS:03d}" for number in range(NUM_IMAGES)]


def _alone(seed: int = 0, *, scale: float = 1.0, shift: float = 0.0, share: float = 0.3) -> Scores:
    """Return one class whose calibrated logits were scaled and shifted."""
    rng = np.random.default_rng(seed)
    calibrated = rng.normal(np.log(share / (1 - share)), 1.5, (NUM_IMAGES, 1))
    labels = (rng.random((NUM_IMAGES, 1)) < 1 / (1 + np.exp(-calibrated))).astype(int)
    mask = rng.random((NUM_IMAGES, 1)) < 0.9
    return make_scores(scale * calibrated + shift, labels, "multi", mask=mask)


def _known(alone: Scores) -> tuple[np.ndarray, np.ndarray]:
    rows = alone.rows_of(0)
    shares, labels = alone.scores_NK[rows, 0], alone.labels_NK[rows, 0]
    return np.log(shares / (1 - shares)), labels


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (3.0, 1.0), (0.4, -2.0), (-1.0, 0.0)])
@pytest.mark.parametrize("share", [0.03, 0.3])
def test_slope_and_intercept_are_the_largest_likelihoods(
    scale: float, shift: float, share: float
) -> None:
    """The slope is scikit-learn's; the intercept is scipy's optimum with the slope at 1."""
    alone = _alone(scale=scale, shift=shift, share=share)
    logits, labels = _known(alone)
    found = recalibrate(alone)
    truth = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(logits[:, None], labels)
    assert float(found.slope) == pytest.approx(truth.coef_[0, 0], abs=1e-5)
    optimum = minimize_scalar(
        lambda a: np.logaddexp(0, logits + a).sum() - (labels * (logits + a)).sum(),
        bounds=(-10, 10), method="bounded", options={"xatol": 1e-9},
    )  # fmt: skip
    assert float(found.intercept) == pytest.approx(optimum.x, abs=1e-4)


def test_calibrated_probabilities_have_slope_1_and_intercept_0() -> None:
    """Logits of three times the size have a third of the slope; higher ones a lower intercept."""
    calibrated, extreme, high = _alone(), _alone(scale=3.0), _alone(shift=1.0)
    assert float(recalibrate(calibrated).slope) == pytest.approx(1, abs=0.25)
    assert float(recalibrate(calibrated).intercept) == pytest.approx(0, abs=0.25)
    assert 3 * recalibrate(extreme).slope == pytest.approx(recalibrate(calibrated).slope)
    assert recalibrate(high).intercept == pytest.approx(recalibrate(calibrated).intercept - 1)


@pytest.mark.parametrize(
    ("logits", "labels"),
    [([1.0, -1.0, 2.0], [0, 0, 0]), ([1.0, 2.0, 3.0], [1, 1, 1]), ([], [])],
)
def test_a_class_that_never_or_always_occurs_has_neither(
    logits: list[float], labels: list[int]
) -> None:
    """As NaN, and null in results; so has one without images."""
    scores = make_scores(np.array(logits).reshape(-1, 1), np.array(labels).reshape(-1, 1), "multi")
    found = recalibrate(scores)
    assert np.isnan([found.slope, found.intercept]).all()


@pytest.mark.parametrize(
    "negatives",
    [(-2.0, -1.0), tuple(np.linspace(-20, -3, 16)), (-30.0, -0.01), (-1.0, 0.0), (3.0, 4.0)],
    ids=str,
)
@pytest.mark.parametrize("size", [0.1, 1.0, 1.7])
def test_a_class_that_a_threshold_separates_has_no_slope(
    negatives: tuple[float, ...], size: float
) -> None:
    """It grows without end, also where positives are on the other side; the intercept exists."""
    values = size * np.array(negatives)
    positives = values.min() - 2 - values if values.min() > 0 else -values
    logits = np.concatenate([values, positives])[:, None]
    labels = (np.arange(len(logits)) >= len(values)).astype(int)[:, None]
    found = recalibrate(make_scores(logits, labels, "multi"))
    assert np.isnan(found.slope)
    assert np.isfinite(found.intercept)


def test_no_end_of_newton_s_steps_is_taken_for_a_slope() -> None:
    """Of separated classes: where the likelihood is flat, steps end anywhere."""
    rng = np.random.default_rng(0)
    for _ in range(400):
        logits = rng.uniform(-10, 10, 12).round(1)
        labels = (logits > np.sort(logits)[rng.integers(1, 11)]).astype(int)
        found = recalibrate(make_scores(logits[:, None], labels[:, None], "multi"))
        assert np.isnan(found.slope)


def test_the_sampled_form_is_near_the_fit_to_the_other_patients() -> None:
    """One Newton step misses less than a fiftieth of the jackknife's standard error."""
    alone, names = _alone(), np.array(PATIENTS)
    (draws,) = without_each_patient(PATIENTS)
    found = recalibrate_samples(alone, draws)
    exact = [recalibrate(alone.take(np.flatnonzero(names != name))) for name in np.unique(names)]
    for ours, theirs in (
        (found.slope, [float(each.slope) for each in exact]),
        (found.intercept, [float(each.intercept) for each in exact]),
    ):
        assert np.abs(ours - theirs).max() < np.std(theirs) * np.sqrt(NUM_PATIENTS) / 50
    whole, on_all = recalibrate(alone), recalibrate_samples(alone, all_patients(PATIENTS))
    assert on_all.slope[0] == pytest.approx(float(whole.slope))
    assert on_all.intercept[0] == pytest.approx(float(whole.intercept))


def test_a_reliability_curve_has_wilsons_bands() -> None:
    """Groups of about equal size by probability, each with scipy's interval; all images once."""
    alone = _alone(share=0.05)
    logits, labels = _known(alone)
    curve = reliability_curve(alone)
    assert len(curve) == 10
    assert sum(each.num_images for each in curve) == len(labels)
    assert max(each.num_images for each in curve) <= 1.2 * min(each.num_images for each in curve)
    assert sum(each.observed * each.num_images for each in curve) == pytest.approx(labels.sum())
    first, order = curve[0], np.argsort(logits)[: curve[0].num_images]
    assert first.predicted == pytest.approx((1 / (1 + np.exp(-logits[order]))).mean())
    expected = binomtest(int(labels[order].sum()), len(order)).proportion_ci(method="wilson")
    assert (first.low, first.high) == (expected.low, expected.high)


def test_equal_probabilities_stay_in_one_group() -> None:
    """A collapsed network's curve is one point."""
    labels = np.arange(20).reshape(-1, 1) % 2
    (only,) = reliability_curve(make_scores(np.zeros((20, 1)), labels, "multi"))
    assert (only.predicted, only.observed, only.num_images) == (0.5, 0.5, 20)


def test_each_class_is_calibrated_alone() -> None:
    """Findings are not pooled; of two classes the positive one is meant."""
    parts = [_alone(seed, scale=scale) for seed, scale in ((0, 1.0), (1, 3.0))]
    columns = [np.concatenate(each, axis=1) for each in zip(
        *((part.labels_NK, part.scores_NK, part.answers_NK, part.mask_NK) for part in parts),
        strict=True)]  # fmt: skip
    scores = Scores(*columns[:3], "multi", columns[3])
    found = class_calibrations(scores, ["good", "extreme"], PATIENTS)
    assert found["good"].slope == pytest.approx(float(recalibrate(parts[0]).slope))
    assert found["extreme"].slope < 0.5
    low, high = found["extreme"].slope_interval
    assert low < found["extreme"].slope < high < 1
    two = make_scores(np.ones((4, 2)), np.array([0, 1, 0, 1]), "single", positive=0)
    assert list(class_calibrations(two, ["a", "b"], list("1234"))) == ["a"]


@pytest.mark.parametrize(("num_classes", "task", "fewest"), [
    (2, "single", 20), (3, "single", 53), (2, "multi", 53), (1, "multi", 53),
])  # fmt: skip
def test_calibration_of_one_class_of_several_needs_more_patients(
    num_classes: int, task: Task, fewest: int
) -> None:
    """53 as its average precision, since it may be rare; one of two exclusive classes needs 20."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=(NUM_IMAGES, num_classes))
    logits = labels + rng.normal(size=labels.shape)
    truth = labels if task == "multi" else logits.argmax(axis=1)
    scores = make_scores(rng.normal(size=labels.shape) + logits, truth, task)
    classes = [f"class {number}" for number in range(num_classes)]
    for count in (fewest - 1, fewest):
        patients = [str(number % count) for number in range(NUM_IMAGES)]
        for found in class_calibrations(scores, classes, patients).values():
            has_intervals = count == fewest
            assert (found.slope_interval is not None) == has_intervals
            assert (found.intercept_interval is not None) == has_intervals
            reason = f"{fewest} patients are needed, there are {count}"
            assert found.no_interval == ("" if has_intervals else reason)


def test_calibration_needs_images_of_several_patients() -> None:
    """Nine positives are too few, and so are any number of them of one patient."""
    labels = np.arange(NUM_IMAGES)[:, None] < 9
    rng = np.random.default_rng(0)
    rare = make_scores(rng.normal(size=labels.shape), labels, "multi")
    (few,) = class_calibrations(rare, ["rare"], PATIENTS).values()
    assert (few.intercept_interval, few.no_interval) == (None, "9 positives, fewer than 10")
    labels = np.array(PATIENTS)[:, None] == PATIENTS[0]
    lone = make_scores(rng.normal(size=labels.shape), labels, "multi")
    (one,) = class_calibrations(lone, ["lone"], PATIENTS).values()
    assert labels.sum() == 10
    assert (one.slope_interval, one.intercept_interval) == (None, None)
    assert one.no_interval == "one patient alone has all images with, or without, lone"
