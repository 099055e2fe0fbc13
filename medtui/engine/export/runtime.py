"""How a file answers: something that turns images into logits, whatever computes it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from medtui.engine.training.batches import EvaluationBatches

Answer = Callable[[Tensor], Tensor]
"""Normalised float32 images (N, C, H, W) to logits (N, K)."""


@dataclass(frozen=True)
class Opened:
    """A file, read back from disk."""

    metadata: bytes
    """As it was found in the file."""
    runtimes: dict[str, Answer]
    """What computes it, by name; the file is held to account in each."""
    state: dict[str, Tensor] = field(default_factory=dict)
    """Its tensors, where they must be the run's own to the bit."""


@torch.inference_mode()
def answer_all(answer: Answer, batches: EvaluationBatches) -> NDArray[np.float32]:
    """Return the logits of all images; batches are padded for files of a fixed batch size."""
    found = []
    for images_NCHW, _ in batches:
        missing = batches.batch_size - len(images_NCHW)
        filled = F.pad(images_NCHW, (0, 0, 0, 0, 0, 0, 0, missing))
        found.append(answer(filled)[: len(images_NCHW)])
    logits_NK: NDArray[np.float32] = torch.cat(found).float().numpy()
    return logits_NK
