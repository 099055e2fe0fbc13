"""The loss from logits: cross-entropy, or binary cross-entropy, with the weights of the classes."""

import numpy as np
from scipy.special import log_softmax

from tests.helpers.recomputed.run_files import RunFiles


def inverse_weights(counts: np.ndarray) -> np.ndarray:
    """Return weights of classes by `class_weights = "inverse"`: mean 1."""
    weights = counts.sum() / counts
    return weights / weights.mean()


def loss_of(run: RunFiles, split: str, weights: np.ndarray) -> float:
    """Return the mean loss over the images, or over the known image-class pairs."""
    logits, labels = run.arrays[f"{split}_logits"].astype(float), run.arrays[f"{split}_labels"]
    if labels.ndim == 1:
        each = -log_softmax(logits, axis=1)[np.arange(len(labels)), labels]
        return float((each * weights[labels]).sum() / weights[labels].sum())
    known = run.arrays.get(f"{split}_mask", np.ones(labels.shape, bool))
    losses = np.where(labels == 1, weights * np.logaddexp(0, -logits), np.logaddexp(0, logits))
    return float(losses[known].mean())
