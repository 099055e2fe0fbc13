"""Direct compression: the baseline that compresses once and trains what is left, without L-C.

It runs in L-C's loop with mu = 0: as many minibatches, the same batches, learning rates and
momentum, the same choice on val and the same checkpoints. Its cycle 0 is that of L-C.
"""

from collections.abc import Mapping
from copy import deepcopy

import condensa.schemes
import torch
from torch import Tensor, nn

from medtui.engine.pruning.filter_norms import is_recording, zero_masks
from medtui.engine.pruning.operations import CondensaScheme
from medtui.engine.pruning.schemes import operators_of


class FixedScheme:
    """A scheme that chose once: each C step keeps the same weights, and only rounds them."""

    def __init__(self, scheme: CondensaScheme, w: nn.Module) -> None:
        """Choose by `w`, which is not changed."""
        self._scheme = scheme
        theta = deepcopy(w)
        scheme.pi(theta)
        self.masks = zero_masks(theta)
        """0/1 by parameter name: what stays zero."""

    def pi(self, module: nn.Module) -> None:
        """Compress `module` in place, or only mark it in Condensa's record mode."""
        if is_recording():
            self._scheme.pi(module)
            return
        apply_masks(module, self.masks)
        for operator in operators_of(self._scheme):
            if isinstance(operator, condensa.schemes.Quantize):
                operator.pi(module)

    def delta(self, module: nn.Module) -> None:
        """Undo rounding in place."""
        self._scheme.delta(module)


class DirectScheme(FixedScheme):
    """A scheme that compressed once: w itself has no other weights than those that it chose."""

    def __init__(self, scheme: CondensaScheme, w: nn.Module) -> None:
        """Zero in `w` what the scheme removes; `w` keeps its types."""
        super().__init__(scheme, w)
        apply_masks(w, self.masks)


@torch.no_grad()
def apply_masks(module: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Zero the masked parameters of `module` in place."""
    for name, mask in masks.items():
        module.get_parameter(name).data.mul_(mask)


@torch.no_grad()
def masks_like(module: nn.Module, masks: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return masks in the order of memory of their parameters, as which they multiply faster."""
    return {
        name: torch.empty_like(module.get_parameter(name)).copy_(mask)
        for name, mask in masks.items()
    }
