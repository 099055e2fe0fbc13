"""Control against a scheme that changes nothing, with other seeds: no change, and a planted one.

The two differ only by the order of batches and the augmentation, so the interval of their
difference covers 0 in nearly every pair. Where three answers in a hundred are turned from right to
wrong, it lies below 0.

The interval is about patients alone: it leaves out the scatter of training. The test therefore uses
L-C's default learning rates, with which that scatter is small. With those of the tiny preset, five
times as high, networks of two seeds differ by more than the interval.
"""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from medtui.datasets.dataset import Dataset, SplitData
from medtui.engine.lc.compression import compress
from medtui.engine.run.stopping import StopFlag
from medtui.engine.training.evaluation import Predictions, predict
from medtui.engine.training.trainer import TrainingPlan, train
from medtui.metrics import metric_named
from medtui.metrics.intervals import Difference, paired_differences
from medtui.metrics.scores import make_scores
from medtui.preset import LcSettings, Preset
from tests.helpers.tiny_sessions import open_session, tiny_network, tiny_preset

PLANTED = 0.03
"""Share of all answers that are turned from right to wrong."""

NUM_PATIENTS, IMAGES_OF_EACH = 60, 25


def split(num_patients: int, images_of_each: int, seed: int) -> SplitData:
    """Return noise whose brightness depends on the class and, by chance, on the patient."""
    rng = np.random.default_rng(seed)
    patients = np.repeat(np.arange(num_patients), images_of_each)
    labels = rng.integers(0, 2, len(patients))
    level = 110 + 26 * labels + rng.normal(0, 5, num_patients)[patients]
    level = level + rng.normal(0, 8, len(patients))
    images = level[:, None, None, None] + rng.normal(0, 30, (len(patients), 16, 16, 3))
    names = [f"{seed}-{at}" for at in range(len(patients))]
    pixels = images.clip(0, 255).astype(np.uint8)
    return SplitData(pixels, labels, names, [f"{seed}-{each}" for each in patients])


@pytest.fixture(scope="module")
def cohort(dataset: Dataset) -> Dataset:
    """Return a data set with enough test patients to see three points."""
    train_split, val = split(20, 24, 1), split(10, 20, 2)
    test = split(NUM_PATIENTS, IMAGES_OF_EACH, 3)
    spread = (0.2, 0.2, 0.2)
    return replace(
        dataset, size=16, train=train_split, val=val, test=test, mean=(0.48,) * 3, std=spread
    )


@pytest.fixture(scope="module")
def reference(cohort: Dataset, tmp_path_factory: pytest.TempPathFactory) -> nn.Module:
    """Return the dense network that both continue."""
    folder = tmp_path_factory.mktemp("reference")
    session = open_session(folder, tiny_preset(), cohort, StopFlag(), is_reference=True)
    with session.log:
        return train(session, tiny_network(), TrainingPlan("reference", 20, 32, 0.05, 0.9, 0.0))[0]


def continued(folder: Path, preset: Preset, cohort: Dataset, reference: nn.Module) -> Predictions:
    """Compress the reference by the preset's first cell; return what it predicts on test."""
    session = open_session(folder, preset, cohort, StopFlag())
    with session.log:
        model, _ = compress(session, deepcopy(reference))
    return predict(model, session.test, session.criterion)


def change(
    before: Predictions, after: Predictions, cohort: Dataset, *, planted: float, seed: int
) -> Difference:
    """Return the paired change of accuracy, with a planted share of wrong answers in `after`."""
    labels, logits = np.asarray(cohort.test.labels), after.logits_NK.copy()
    right = np.flatnonzero(logits.argmax(axis=1) == labels)
    rng = np.random.default_rng(seed)
    turned = rng.choice(right, round(planted * len(labels)), replace=False)
    logits[turned] = -logits[turned]
    accuracy = metric_named("accuracy")
    assert accuracy is not None
    scores = [make_scores(each, labels, "single") for each in (before.logits_NK, logits)]
    patients = cohort.test.patients
    return paired_differences(scores[0], scores[1], patients, [accuracy])["accuracy"]


def pairs(folder: Path, cohort: Dataset, reference: nn.Module, count: int) -> tuple[int, int]:
    """Return how many intervals cover 0, and how many planted losses are found."""
    num_covering = num_found = 0
    tiny = tiny_preset("Quantize32", "on")
    usual = LcSettings()  # its learning rates: those of the tiny preset move a network far
    lc = tiny.lc.model_copy(update={"lr": usual.lr, "lr_end": usual.lr_end})
    plain = tiny.model_copy(update={"lc": lc})
    for seed in range(count):
        seeded = [
            plain.model_copy(
                update={
                    "compress": plain.compress.model_copy(
                        update={"seeds": (each,), "control": is_control}
                    )
                }
            )
            for each, is_control in ((seed, True), (1000 + seed, False))
        ]
        control, rounded = (
            continued(folder / f"{seed}-{at}", preset, cohort, reference)
            for at, preset in enumerate(seeded)
        )
        same = change(control, rounded, cohort, planted=0, seed=seed)
        num_covering += same.low <= 0 <= same.high
        num_found += change(control, rounded, cohort, planted=PLANTED, seed=seed).high < 0
    return num_covering, num_found


@pytest.mark.slow
def test_twenty_pairs_show_no_change_and_find_a_planted_one(tmp_path, cohort, reference):
    """Of 20 intervals at 95 %, at least 18 cover 0, and at least 18 exclude it after the loss."""
    num_covering, num_found = pairs(tmp_path, cohort, reference, 20)
    assert num_covering >= 18
    assert num_found >= 18


def test_three_pairs_find_a_planted_change(tmp_path, cohort, reference):
    """A sample of the twenty."""
    num_covering, num_found = pairs(tmp_path, cohort, reference, 3)
    assert num_covering >= 2
    assert num_found == 3
