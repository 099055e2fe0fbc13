"""BatchNorms that follow a pruned layer, and the pull of L-C on their scale and shift.

Left free, BatchNorm scales the filters that the penalty makes small back up: w and theta come
close in their weights, and answer differently.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from medtui.engine.pruning.channel_groups import ImageShape, Norm
from medtui.engine.pruning.filter_norms import is_recording


def norms_after_layers(network: nn.Module, image_shape: ImageShape) -> dict[str, str]:
    """Return the BatchNorm that directly follows each convolution or linear layer, by name.

    One image is passed through a copy of the network. A BatchNorm follows a layer if it is given
    the very tensor that the layer returned.
    """
    copy = deepcopy(network).float().cpu().eval()
    made: list[tuple[str, Tensor]] = []  # holds the tensors, so that none is a later one's memory
    found: dict[str, str] = {}

    def returned(name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        def note(_module: nn.Module, _inputs: Any, output: Tensor) -> None:  # noqa: ANN401 - as torch calls it
            made.append((name, output))

        return note

    def given(name: str) -> Callable[[nn.Module, Any], None]:
        def note(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            found.update({layer: name for layer, output in made if output is inputs[0]})

        return note

    for name, module in copy.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(returned(name))
        elif isinstance(module, Norm):
            module.register_forward_pre_hook(given(name))
    with torch.no_grad():
        copy(torch.zeros(1, *image_shape))
    return found


@torch.no_grad()
def empty_norm(norm: nn.Module, is_empty: Tensor) -> None:
    """Mark a BatchNorm's scale and shift as compressed, and zero them where `is_empty`.

    In Condensa's record mode they are only marked.
    """
    affine = dict(norm.named_parameters())
    norm.condense = set(affine)  # type: ignore[assignment] # Condensa's mark
    if is_recording():
        return
    for parameter in affine.values():
        parameter.data[is_empty.to(parameter.device)] = 0
