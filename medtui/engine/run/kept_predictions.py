"""Predictions of the model that a run keeps, so that its result needs no second evaluation.

They are in memory alone: a session that resumed after the kept cycle computes them again, with the
same bits.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from medtui.engine.training.batches import EvaluationBatches
from medtui.engine.training.evaluation import Predictions


@dataclass(frozen=True)
class KeptPredictions:
    """Float32 predictions of one model, and a digest of its state."""

    digest: str = ""
    """Empty where nothing is kept."""
    by_split: Mapping[EvaluationBatches, Predictions] = field(default_factory=dict)

    @classmethod
    def of(
        cls, model: nn.Module, by_split: Mapping[EvaluationBatches, Predictions]
    ) -> "KeptPredictions":
        """Return predictions that were computed with the present state of `model`."""
        return cls(state_digest(model), dict(by_split))

    def matching(self, model: nn.Module) -> Mapping[EvaluationBatches, Predictions]:
        """Return the predictions if `model` still has the state they were computed with.

        Fine-tuning and recalibration change it, in place or in a copy.
        """
        return self.by_split if self.digest and self.digest == state_digest(model) else {}


def state_digest(model: nn.Module) -> str:
    """Return a digest of the names, types, layouts and bits of all parameters and buffers."""
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        layout = f"{name} {tensor.dtype} {tuple(tensor.shape)} {tensor.stride()} {tensor.device};"
        digest.update(layout.encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
