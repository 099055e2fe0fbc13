"""Runtimes of exported files: functions from images to logits, whatever library computes them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from medtui.engine.training.batches import EvaluationBatches

Forward = Callable[[Tensor], Tensor]
"""Maps normalised float32 images (N, C, H, W) to logits (N, K)."""


@dataclass(frozen=True)
class OpenedFile:
    """A file that was read back from disk."""

    metadata: bytes
    """Metadata as stored in the file."""
    runtimes: dict[str, Forward]
    """Forward function of each runtime, by its name; the file is validated in all of them."""
    state: dict[str, Tensor] = field(default_factory=dict)
    """Tensors of formats that store the run's own bit for bit; empty for others."""


@torch.inference_mode()
def compute_logits(forward: Forward, batches: EvaluationBatches) -> NDArray[np.float32]:
    """Return the logits of all images; the last batch is padded, for compiled batch sizes."""
    found = []
    for images_NCHW, _ in batches:
        missing = batches.batch_size - len(images_NCHW)
        filled = F.pad(images_NCHW, (0, 0, 0, 0, 0, 0, 0, missing))
        found.append(forward(filled)[: len(images_NCHW)])
    logits_NK: NDArray[np.float32] = torch.cat(found).float().numpy()
    return logits_NK
