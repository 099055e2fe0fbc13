"""Filters and neurons: their norms, the guard's floors and protection, and masks of zeros."""

import fnmatch
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import condensa.functional
import condensa.tensor
from condensa import cfg
from torch import Tensor, nn

from medtui.engine.pruning.channel_groups import Norm
from medtui.engine.training.network import named_layers
from medtui.preset import GuardSettings
from medtui.preset.schemes import Criteria

Layer = nn.Conv2d | nn.Linear

_REACHED = "medtui_reached_taps"
"""Attribute of a convolution: the taps that a pixel reaches. Copies of the network keep it, like
Condensa's own marks."""


def is_recording() -> bool:
    """Return whether Condensa is in record mode: schemes mark parameters, and change nothing."""
    return bool(cfg.__CONDENSA_RECORD_MODE__)


def criteria_named(name: Criteria) -> Any:  # noqa: ANN401
    """Return Condensa's aggregation function of this name."""
    return getattr(condensa.functional, name)


def open_layers(module: nn.Module, types: tuple[type[Layer], ...]) -> Iterator[tuple[str, Layer]]:
    """Yield the layers of these types that are not marked `condensa_nocompress`."""
    for name, layer in module.named_modules():
        if isinstance(layer, types) and not hasattr(layer, "condensa_nocompress"):
            yield name, layer


def layer_named(module: nn.Module, name: str) -> Layer:
    """Return a convolution or linear layer by its dotted name."""
    layer = module.get_submodule(name)
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    return layer


def norms_of(layer: Layer, criteria: Any) -> Tensor:  # noqa: ANN401 - one of Condensa's functions
    """Return the norm of each filter or neuron of a layer, 1-d, without marked unreachable taps."""
    weight = layer.weight.data
    reached: Tensor | None = getattr(layer, _REACHED, None)
    if reached is not None and reached.any():
        weight = weight[:, :, reached.to(weight.device)].unsqueeze(-1)
    block = (1, *weight.shape[1:])
    norms: Tensor = condensa.tensor.aggregate(weight, block, criteria).view(-1)
    return norms


def mark_reached_taps(module: nn.Module, taps: Mapping[str, Tensor]) -> None:
    """Mark the taps that a pixel reaches, so that `norms_of` leaves the others out."""
    for name, reached in taps.items():
        setattr(module.get_submodule(name), _REACHED, reached)


def floor_of(size: int, guard: GuardSettings) -> int:
    """Return the minimum number of `size` filters, neurons or channels that the guard keeps."""
    share = math.ceil(guard.floor_share * size)
    return min(size, max(guard.floor_channels, share, 1))


def is_protected(name: str, guard: GuardSettings) -> bool:
    """Return whether a layer's dotted name matches a pattern of `guard.protect`."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in guard.protect)


def max_kept(sizes: Sequence[int], density: float, guard: GuardSettings, align: int | None) -> int:
    """Return the maximum number of structures at a density, with floors and alignment."""
    spare = ((align or 1) - 1) * len(sizes)
    return max(int(density * sum(sizes)), sum(floor_of(size, guard) for size in sizes)) + spare


def zero_masks(theta: nn.Module) -> dict[str, Tensor]:
    """Return float masks by parameter name; 0 marks values that fine-tuning must keep at zero.

    Masked are zero weights, zero biases of removed structures, and BatchNorm's scale and shift
    where both are zero: grouped pruning removed that channel.
    """
    masks: dict[str, Tensor] = {}
    for name, norm in theta.named_modules():
        if isinstance(norm, Norm) and norm.affine:
            is_kept = ((norm.weight.detach() != 0) | (norm.bias.detach() != 0)).float()
            masks |= {f"{name}.weight": is_kept, f"{name}.bias": is_kept}
    for name, layer in named_layers(theta).items():
        masks[f"{name}.weight"] = (layer.weight.detach() != 0).float()
        if layer.bias is not None:
            is_kept = (layer.weight.detach().flatten(1) != 0).any(dim=1)
            masks[f"{name}.bias"] = (is_kept | (layer.bias.detach() != 0)).float()
    return masks
