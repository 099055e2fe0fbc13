"""The training loss: cross-entropy, or binary cross-entropy over the known labels.

L-C, fine-tuning and evaluation use the same function. Shapes: N images, K classes.
"""

from collections.abc import Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from medtui.datasets.dataset import Dataset
from medtui.engine.lc.state import Criterion
from medtui.metrics.task import Task


def criterion_of(dataset: Dataset, device: torch.device) -> Criterion:
    """Return cross-entropy, or binary cross-entropy in multi-label tasks, with class weights.

    Where a split of the data set has unknown labels, the loss is the mean over the known ones.
    """
    has_unknown = any(split.mask is not None for split in dataset.splits)
    return make_criterion(dataset.task, dataset.class_weights, device, has_unknown=has_unknown)


def make_criterion(
    task: Task, class_weights: Sequence[float], device: torch.device, *, has_unknown: bool
) -> Criterion:
    """Return the loss of a task with these weights of the classes."""
    weights = torch.tensor(class_weights, dtype=torch.float32, device=device)
    if task == "multi":
        if has_unknown:
            return partial(known_label_loss, weights_K=weights)
        return lambda logits_NK, labels_NK: F.binary_cross_entropy_with_logits(
            logits_NK, labels_NK, pos_weight=weights
        )
    weight = None if bool((weights == weights[0]).all()) else weights
    return lambda logits_NK, labels_N: F.cross_entropy(logits_NK, labels_N, weight=weight)


def known_label_loss(logits_NK: Tensor, labels_NK: Tensor, weights_K: Tensor) -> Tensor:
    """Return the mean binary cross-entropy over labels that are not NaN; 0 if all are.

    No operation waits for the device, so that a CUDA graph can record it.
    """
    is_known_NK = ~labels_NK.isnan()
    losses_NK = F.binary_cross_entropy_with_logits(
        logits_NK,
        torch.where(is_known_NK, labels_NK, 0.0),
        pos_weight=weights_K,
        reduction="none",
    )
    known = torch.where(is_known_NK, losses_NK, 0.0)
    return known.sum() / is_known_NK.sum().clamp(min=1)
