"""Outputs of single classes that are the same for every image."""

import numpy as np
import pytest

from medtui.engine.pruning.model_size import measure_size
from medtui.engine.run.result_content import collapse_warnings
from medtui.engine.training.evaluation import Predictions
from medtui.engine.training.network import build_network

CLASSES = ("Hernia", "Mass", "Edema")


def predictions(constant: list[int]) -> Predictions:
    """Return predictions of 8 images in which the logits of some classes are constant."""
    logits_NK = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    logits_NK[:, constant] = 0.25
    return Predictions(logits_NK=logits_NK, labels=np.zeros((8, 3), np.int64), loss=0.7)


@pytest.mark.parametrize(
    ("constant", "words"),
    [([], []), ([0, 2], ["2 of 3 classes", "Hernia, Edema"]), ([0, 1, 2], ["collapsed"])],
)
def test_classes_whose_output_is_constant_are_named(constant, words):
    """They read an AUROC of 0.5, which does not say why."""
    size = measure_size(build_network("squeezenet1_1", channels=3, num_classes=3, seed=0),
                        channels=3, side=32)  # fmt: skip
    found = " ".join(collapse_warnings(CLASSES, size, predictions(constant)))
    assert bool(found) is bool(words)
    assert all(word in found for word in words)
