"""Labels that are unknown: their class is measured without them, by every metric and interval."""

import numpy as np
import pytest
import sklearn.metrics as sk

from medtui.metrics import all_metrics, metric_named
from medtui.metrics.calibration import calibration_of
from medtui.metrics.draws import draw_patients
from medtui.metrics.intervals import metric_intervals, paired_differences
from medtui.metrics.measurement import measure, measure_classes
from medtui.metrics.scores import Scores, make_scores
from medtui.metrics.thresholds import choose_thresholds

NUM_IMAGES, NUM_CLASSES = 240, 4
PATIENTS = [f"patient {number % 17}" for number in range(NUM_IMAGES)]
SAMPLED = [metric for metric in all_metrics() if metric.resample]

PERCENTILE = {"method": "percentile"}


@pytest.fixture
def rng() -> np.random.Generator:
    """Seeded noise."""
    return np.random.default_rng(11)


@pytest.fixture
def films(rng):
    """Return logits, labels with -1 where unknown, and the mask; one row is wholly unknown."""
    labels = (rng.random((NUM_IMAGES, NUM_CLASSES)) < 0.3).astype(np.int64)
    logits = np.round(2 * labels - 1 + rng.normal(size=labels.shape), 1)
    mask = rng.random(labels.shape) < 0.7
    mask[5] = False
    return logits, np.where(mask, labels, -1), mask


def _films(films, thresholds=()) -> Scores:
    logits, labels, mask = films
    return make_scores(logits, labels, "multi", thresholds, mask)


def test_each_class_is_measured_on_its_known_labels_as_scikit_learn_does(films):
    """Averages over classes are of those numbers; the other labels of an image still count."""
    logits, labels, mask = films
    found, per_class = measure(_films(films)), measure_classes(_films(films), "abcd")
    probabilities = 1 / (1 + np.exp(-logits))
    answers = (probabilities >= 0.5).astype(int)
    expected = {name: [] for name in ("auroc", "average_precision", "sensitivity", "f1")}
    for k, name in enumerate("abcd"):
        truth, answer = labels[mask[:, k], k], answers[mask[:, k], k]
        score = probabilities[mask[:, k], k]
        of_class = {
            "auroc": sk.roc_auc_score(truth, score),
            "average_precision": sk.average_precision_score(truth, score),
            "sensitivity": sk.recall_score(truth, answer),
            "f1": sk.f1_score(truth, answer),
        }
        for metric, value in of_class.items():
            assert per_class[name][metric] == pytest.approx(value), metric
            expected[metric].append(value)
        specificity = sk.recall_score(truth, answer, pos_label=0)
        assert per_class[name]["specificity"] == pytest.approx(specificity)
        assert per_class[name]["accuracy"] == pytest.approx(sk.accuracy_score(truth, answer))
        assert per_class[name]["prevalence"] == pytest.approx(truth.mean())
    for metric, values in expected.items():
        assert found[metric] == pytest.approx(np.mean(values)), metric
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(labels[mask], answers[mask]))
    is_match = ((answers == labels) | ~mask).all(axis=1)[mask.any(axis=1)]
    assert found["exact_match"] == pytest.approx(is_match.mean())
    worst = metric_named("worst_class_auroc").compute(_films(films))
    assert worst == pytest.approx(min(expected["auroc"]))


def test_what_stands_in_the_place_of_an_unknown_label_does_not_matter(films):
    """-1, NaN, or a lie: the numbers are the same."""
    logits, labels, mask = films
    lies = np.where(mask, labels, 1)
    blanks = np.where(mask, labels, np.nan)
    expected = measure(_films(films))
    for other in (lies, blanks):
        assert measure(make_scores(logits, other, "multi", (), mask)) == expected


def test_images_without_a_label_leave_single_label_tasks(rng):
    """Every metric is the one of the other images alone, the intervals' samples too."""
    labels = rng.integers(0, 3, NUM_IMAGES)
    logits = np.round(rng.normal(size=(NUM_IMAGES, 3)) + np.eye(3)[labels], 1)
    mask = rng.random(NUM_IMAGES) < 0.6
    whole = make_scores(logits, np.where(mask, labels, -1), "single", (), mask)
    kept = make_scores(logits[mask], labels[mask], "single")
    assert measure(whole) == measure(kept)
    assert calibration_of(whole) == calibration_of(kept)
    draws = next(draw_patients(PATIENTS, resamples=4, seed=0))
    for metric in SAMPLED:
        if "single" in metric.tasks:
            sampled = metric.resample(whole, draws)
            assert sampled == pytest.approx(metric.resample(kept, draws.of_rows(mask))), metric.name


def test_a_drawn_sample_measures_like_its_repeated_images(films):
    """The bootstrap's sums leave out what the metrics leave out."""
    scores = _films(films)
    draws = next(draw_patients(PATIENTS, resamples=3, seed=1))
    for sample in range(3):
        times = draws.counts_PB[draws.patient_N, sample].astype(int)
        drawn = scores.take(np.repeat(np.arange(NUM_IMAGES), times))
        for metric in SAMPLED:
            found = metric.resample(scores, draws)[sample]
            assert found == pytest.approx(metric.compute(drawn), abs=1e-12), metric.name


def test_intervals_and_changes_leave_unknown_labels_out(films, rng):
    """Lies where labels are unknown move neither an interval nor a paired change."""
    logits, labels, mask = films
    other = logits + rng.normal(size=logits.shape) / 2
    found = []
    for filler in (0, 1):
        filled = np.where(mask, labels, filler)
        before, after = (make_scores(each, filled, "multi", (), mask) for each in (logits, other))
        intervals = metric_intervals(before, PATIENTS, **PERCENTILE, resamples=50, seed=2)
        changes = paired_differences(before, after, PATIENTS, SAMPLED)
        found.append((intervals, changes))
    assert found[0] == found[1]
    unmasked = make_scores(logits, np.where(mask, labels, 1), "multi")
    assert metric_intervals(unmasked, PATIENTS, **PERCENTILE, resamples=50, seed=2) != found[0][0]


def test_thresholds_and_calibration_leave_unknown_labels_out(films):
    """As if each class had only its known labels."""
    logits, labels, mask = films
    limits = choose_thresholds(_films(films))
    for k in range(NUM_CLASSES):
        known = mask[:, k]
        alone = make_scores(logits[known, k : k + 1], labels[known, k : k + 1], "multi")
        assert choose_thresholds(alone) == [limits[k]]
    pairs = make_scores(logits[mask][:, None], labels[mask][:, None], "multi")
    assert calibration_of(_films(films)) == calibration_of(pairs)


def test_a_class_of_which_no_label_is_known_is_undefined(films):
    """None, and left out of averages; with no label at all nothing is defined."""
    logits, labels, mask = films
    mask = mask.copy()
    mask[:, 2] = False
    found = measure_classes(make_scores(logits, labels, "multi", (), mask), "abcd")["c"]
    assert set(found.values()) == {None}
    rest = [0, 1, 3]
    without = make_scores(logits[:, rest], labels[:, rest], "multi", (), mask[:, rest])
    scores = make_scores(logits, labels, "multi", (), mask)
    assert measure(scores)["auroc"] == pytest.approx(measure(without)["auroc"])
    nothing = make_scores(logits, labels, "multi", (), np.zeros_like(mask))
    assert set(measure(nothing).values()) == {None}
    assert choose_thresholds(nothing) == [0.5] * NUM_CLASSES
