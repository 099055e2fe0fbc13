"""Metrics on the device: those of `medtui.metrics` and of scikit-learn, computed without waits."""

from functools import partial

import numpy as np
import pytest
import sklearn.metrics as sk
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from medtui.datasets.dataset import SplitData
from medtui.engine.training.augmentation import Normalisation
from medtui.engine.training.batches import EvaluationBatches, Images
from medtui.engine.training.device_curve import device_curve
from medtui.engine.training.device_metrics import device_scores, measure_on_device
from medtui.engine.training.evaluation import Evaluator
from medtui.engine.training.loss import known_label_loss
from medtui.metrics.arrays import Floats, Labels, Mask
from medtui.metrics.measurement import measure
from medtui.metrics.none_class import NoneColumns
from medtui.metrics.scores import make_scores
from medtui.metrics.thresholds import choose_thresholds
from tests.helpers.devices import DEVICES

RULES = ("youden", "half", "f1", "prevalence", "sensitivity=0.90")


def films(seed: int, count: int = 40, classes: int = 5) -> tuple[Floats, Labels, Mask]:
    """Return coarse logits, which tie, labels with a class of one kind, and a mask."""
    rng = np.random.default_rng(seed)
    labels_NK = (rng.random((count, classes)) < rng.random(classes)).astype(np.int64)
    labels_NK[:, seed % classes] = seed % 2
    logits_NK = np.round(rng.normal(size=(count, classes)) + labels_NK, seed % 3).astype(np.float32)
    mask_NK = rng.random((count, classes)) < 0.7
    mask_NK[:, (seed + 1) % classes] &= seed % 4 > 0  # a class without any known label
    return logits_NK, labels_NK, mask_NK


def on(device: str, *arrays: np.ndarray | None) -> list[torch.Tensor | None]:
    """Return arrays as tensors of a device."""
    return [None if each is None else torch.from_numpy(each).to(device) for each in arrays]


@pytest.mark.parametrize("device", DEVICES)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), is_masked=st.booleans(), rule=st.sampled_from(RULES))
def test_findings_are_measured_as_on_the_host(device, seed, is_masked, rule) -> None:
    """Thresholds by every rule and all metrics, with ties, unknown labels, classes of one kind."""
    logits_NK, labels_NK, mask_NK = films(seed)
    mask = mask_NK if is_masked else None
    none = NoneColumns(0, (1, 3))
    ours = device_scores(*on(device, logits_NK, labels_NK, mask), "multi")
    host = make_scores(logits_NK, labels_NK, "multi", mask=mask)
    limits = choose_thresholds(host, rule)
    assert ours.curve.thresholds_K(rule).tolist() == pytest.approx(limits, abs=1e-12)
    expected = measure(make_scores(logits_NK, labels_NK, "multi", limits, mask, none=none))
    # The sigmoid may differ in its last digit, which decides about a score at its threshold.
    lowered = [limit - 1e-13 for limit in limits]
    assert measure_on_device(ours, lowered, none) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("is_masked", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_classes_are_measured_as_on_the_host(device, classes, is_masked, seed) -> None:
    """Of two classes the positive one is judged; of several, each one."""
    rng = np.random.default_rng(seed)
    labels_N = rng.integers(0, classes - seed // 3, 30)  # once, a class that never occurs
    logits_NK = np.round(rng.normal(size=(30, classes)), 1).astype(np.float32)
    mask = rng.random(30) < 0.8 if is_masked else None
    positive = seed % 2 if classes == 2 else None
    ours = device_scores(*on(device, logits_NK, labels_N, mask), "single", positive)
    host = make_scores(logits_NK, labels_N, "single", mask=mask, positive=positive)
    assert measure_on_device(ours) == pytest.approx(measure(host), abs=1e-12)


@pytest.mark.parametrize("digits", [1, 3, 9])
def test_areas_are_scikit_learns(digits: int) -> None:
    """On 2,000 images, as float64 numbers given the same scores."""
    rng = np.random.default_rng(digits)
    labels_NK = (rng.random((2000, 3)) < (0.5, 0.1, 0.01)).astype(np.int64)
    scores_NK = np.clip(np.round(rng.normal(0.4, 0.1, (2000, 3)) + labels_NK / 8, digits), 0, 1)
    curve = device_curve(*map(torch.from_numpy, (labels_NK, scores_NK)), torch.ones(2000, 3) > 0)
    areas, precisions = curve.area_K().tolist(), curve.mean_precision_K().tolist()
    for index in range(3):
        pair = labels_NK[:, index], scores_NK[:, index]
        assert areas[index] == pytest.approx(sk.roc_auc_score(*pair), abs=1e-12)
        assert precisions[index] == pytest.approx(sk.average_precision_score(*pair), abs=1e-12)


class Waits(TorchDispatchMode):
    """Counts the calls that wait for a GPU: copies to the host and results of unknown length."""

    NAMES = ("_local_scalar_dense", "nonzero", "unique", "masked_select", "is_nonzero")

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run a call, and note it if it waits."""
        name: str = func.overloadpacket.__name__
        if any(each in name for each in self.NAMES):
            self.names.append(name)
        return func(*args, **(kwargs or {}))


def test_metrics_wait_for_nothing_before_they_are_read() -> None:
    """No call on the way copies to the host; the metrics are read at once at the end."""
    logits_NK, labels_NK, mask_NK = films(3)
    with Waits() as waits:
        ours = device_scores(*on("cpu", logits_NK, labels_NK, mask_NK), "multi")
        ours.curve.thresholds_K("youden")
        measure_on_device(ours, [0.5] * 5)
    assert waits.names == []


def test_an_evaluator_measures_alike_on_the_device_and_on_the_host() -> None:
    """Val with its thresholds, then test with them; the loss comes from the same logits."""
    rng = np.random.default_rng(0)
    by = Normalisation((0.0,), (1.0,))
    splits = []
    for split in range(2):
        _, labels_NK, mask_NK = films(split + 2)
        pixels = rng.integers(0, 255, (len(labels_NK), 8, 8, 1), np.uint8)
        names = [str(each) for each in range(len(pixels))]
        part = SplitData(pixels, labels_NK.astype(np.uint8), names, names, mask=mask_NK)
        splits.append(EvaluationBatches(Images(part, by, torch.device("cpu")), 16))
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 5))
    loss = partial(known_label_loss, weights_K=torch.ones(5))
    found = []
    for on_device in (False, True):
        evaluator = Evaluator("multi", torch.device("cpu"), splits[0])
        evaluator.measures_on_device = on_device
        found += [evaluator(network, loss, each)[1] for each in splits]
    assert found[2] == pytest.approx(found[0], abs=1e-12)
    assert found[3] == pytest.approx(found[1], abs=1e-12)
