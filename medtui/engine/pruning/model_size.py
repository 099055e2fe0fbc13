"""Size of a model: parameters, nonzeros, bytes and multiply-accumulates, layer by layer."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from medtui.engine.pruning.multiply_adds import count_macs
from medtui.engine.pruning.reachable_weights import (
    Taps,
    count_each,
    density_reachable,
    num_unreachable,
    reachable_taps,
)
from medtui.engine.training.network import named_layers
from medtui.protocol.model_size import LayerSize, Size

_BITS_PER_BYTE = 8


def measure_size(model: nn.Module, *, channels: int, side: int) -> Size:
    """Return the size of `model` for images of `channels` x `side` x `side`."""
    macs = count_macs(model, channels=channels, side=side)
    return size_with_macs(model, macs, reachable_taps(model, (channels, side, side)))


def size_with_macs(model: nn.Module, macs: dict[str, int], taps: Taps) -> Size:
    """Return the size of `model`.

    `macs` has multiply-accumulates as `count_macs` returns them, `taps` the reachable weights.
    """
    layers = named_layers(model)
    compressible = [layer.weight for layer in layers.values()]
    state = model.state_dict()
    parameters = list(model.parameters())
    return Size(
        num_parameters=sum(each.numel() for each in parameters),
        num_nonzero=sum(_num_nonzero(each) for each in parameters),
        num_compressible=sum(each.numel() for each in compressible),
        num_compressible_nonzero=sum(_num_nonzero(each) for each in compressible),
        bytes_dense=sum(_num_bytes(each) for each in state.values()),
        bytes_packed=_packed_bytes(state, {f"{name}.weight" for name in layers}),
        macs=sum(macs.values()),
        layers=[
            _layer_size(name, layer, macs.get(name, 0), taps.get(name))
            for name, layer in layers.items()
        ],
        num_weights_unreachable=sum(
            num_unreachable(layer, taps.get(name)) for name, layer in layers.items()
        ),
        density_reachable=density_reachable(model, taps),
    )


def layer_densities(model: nn.Module) -> dict[str, float]:
    """Return each compressible layer's share of nonzero weights."""
    layers = named_layers(model)
    counts = count_each(layer.weight.detach() for layer in layers.values())
    return {
        name: count / layer.weight.numel()
        for (name, layer), count in zip(layers.items(), counts, strict=True)
    }


def overall_density(model: nn.Module, densities: Mapping[str, float]) -> float:
    """Return the share of nonzero weights of all layers, given that of each."""
    sizes = {name: layer.weight.numel() for name, layer in named_layers(model).items()}
    kept = sum(densities[name] * size for name, size in sizes.items())
    return kept / sum(sizes.values())


def _layer_size(
    name: str, layer: nn.Conv2d | nn.Linear, macs: int, taps: Tensor | None
) -> LayerSize:
    weight = layer.weight.detach()
    kept = (weight.flatten(1) != 0).any(dim=1)
    return LayerSize(
        name=name,
        kind="conv" if isinstance(layer, nn.Conv2d) else "linear",
        num_weights=weight.numel(),
        num_nonzero=_num_nonzero(weight),
        num_structures=len(weight),
        num_structures_kept=int(kept.sum()),
        macs=macs,
        num_unreachable=num_unreachable(layer, taps),
    )


def _packed_bytes(state: dict[str, Tensor], sparse: set[str]) -> int:
    """Return the bytes of a state dict whose sparse weights are a bit mask and nonzero values.

    A tensor for which that takes more than its dense form counts as dense.
    """
    total = 0
    for name, tensor in state.items():
        dense = _num_bytes(tensor)
        if name in sparse:
            mask = -(-tensor.numel() // _BITS_PER_BYTE)
            dense = min(dense, mask + _num_nonzero(tensor) * tensor.element_size())
        total += dense
    return total


def _num_nonzero(tensor: Tensor) -> int:
    return int(torch.count_nonzero(tensor))


def _num_bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
