"""Weights that an image can reach: the taps of each convolution that multiply more than padding.

At small images the last maps of a network are smaller than its kernels. On a 1x1 map a 3x3 kernel
with padding 1 multiplies the image's values by its centre alone; its other taps only ever multiply
zeros of the padding. They have no gradient and no effect on logits, whatever their values are.

Which taps are reached follows from sizes alone, so a network is traced once, without values.
Weights of linear layers are always reached, and so are those of layers that the trace does not
call.
"""

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.run.device import upload
from medtui.engine.training.network import named_layers

Taps = dict[str, Tensor]
"""Dotted name of each convolution with an unreachable tap to a mask (kernel height, kernel width),
True for the taps that are reached."""

MapSize = tuple[int, int]
"""Height and width of a map."""


def reachable_taps(network: nn.Module, image_shape: ImageShape) -> Taps:
    """Return the reached taps of each convolution that has an unreachable one."""
    found = {}
    for name, sizes in map_sizes(network, image_shape).items():
        layer = network.get_submodule(name)
        assert isinstance(layer, nn.Conv2d)
        mask = reached_taps(layer, sizes)
        if not mask.all():
            found[name] = mask
    return found


def reached_taps(layer: nn.Conv2d, sizes: set[MapSize]) -> Tensor:
    """Return the taps (kernel height, kernel width) that are reached on maps of any of these sizes.

    A tap is reached in its row and in its column. In row i it is, on a map of height H, if there is
    an output row o with 0 <= o * stride - padding + i * dilation < H.
    """
    height, width = layer.kernel_size
    reached = torch.zeros(height, width, dtype=torch.bool)
    for size in sizes:
        rows, columns = (_reached_in(layer, axis, size[axis]) for axis in (0, 1))
        reached |= rows[:, None] & columns[None, :]
    return reached


def map_sizes(network: nn.Module, image_shape: ImageShape) -> dict[str, set[MapSize]]:
    """Return the sizes of the maps that each convolution is called with; uncalled ones are absent.

    The trace computes one black image: torch's meta device would import torch's compiler.
    """
    found: dict[str, set[MapSize]] = {}
    traced = deepcopy(network).float().cpu().eval()

    def record(name: str) -> Callable[[nn.Module, Any], None]:
        def hook(_: nn.Module, inputs: Any) -> None:  # noqa: ANN401 - torch's hook
            height, width = inputs[0].shape[-2:]
            found.setdefault(name, set()).add((int(height), int(width)))

        return hook

    for name, layer in named_layers(traced).items():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_pre_hook(record(name))
    with torch.no_grad():
        traced(torch.zeros(1, *image_shape))
    return found


def num_unreachable(layer: nn.Module, taps: Tensor | None) -> int:
    """Return the number of a layer's weights that are not reached; `taps` is None if all are."""
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    return 0 if taps is None else int((~taps).sum()) * layer.weight[..., 0, 0].numel()


def density_reachable(network: nn.Module, taps: Taps) -> float:
    """Return the share of the network's reachable weights that are not zero."""
    layers = named_layers(network)
    kept = sum(
        count_each(reachable_weights(layer, taps.get(name)) for name, layer in layers.items())
    )
    total = sum(
        layer.weight.numel() - num_unreachable(layer, taps.get(name))
        for name, layer in layers.items()
    )
    return kept / max(1, total)


def reachable_weights(layer: nn.Module, taps: Tensor | None) -> Tensor:
    """Return a layer's weights that are reached; `taps` is None if all are."""
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    weight = layer.weight.detach()
    if taps is None:
        return weight
    # By number: how many a mask selects is only known after a wait for the device.
    return weight.flatten(2).index_select(2, upload(taps.flatten().nonzero()[:, 0], weight.device))


def count_each(tensors: Iterable[Tensor]) -> list[int]:
    """Return the number of values of each tensor that are not zero, with one wait for it."""
    counts = [torch.count_nonzero(each) for each in tensors]
    return torch.stack(counts).tolist() if counts else []


@torch.no_grad()
def zero_unreachable(network: nn.Module, taps: Taps) -> None:
    """Set the unreachable weights to zero, in place; the logits stay the same."""
    for name, mask in taps.items():
        weight = network.get_submodule(name).weight
        assert isinstance(weight, Tensor)
        weight[:, :, ~mask.to(weight.device)] = 0


def padding_of(layer: nn.Conv2d) -> tuple[MapSize, MapSize]:
    """Return a convolution's padding above and left of a map, and below and right of it."""
    if not isinstance(layer.padding, str):
        height, width = layer.padding
        return (height, width), (height, width)
    # `same`, which needs a stride of 1, or `valid`; torch stores last axis first, before and after.
    left, right, top, bottom = layer._reversed_padding_repeated_twice  # noqa: SLF001
    return (int(top), int(left)), (int(bottom), int(right))


def _reached_in(layer: nn.Conv2d, axis: int, length: int) -> Tensor:
    """Return whether each row (axis 0) or column (axis 1) of a kernel is reached."""
    kernel, stride, dilation = (
        each[axis] for each in (layer.kernel_size, layer.stride, layer.dilation)
    )
    if layer.padding_mode != "zeros":  # the padding repeats values of the map
        return torch.ones(kernel, dtype=torch.bool)
    before, after = (each[axis] for each in padding_of(layer))
    count = (length + before + after - dilation * (kernel - 1) - 1) // stride + 1
    taps, outputs = torch.arange(kernel)[:, None], torch.arange(max(0, count))[None, :]
    positions = outputs * stride - before + taps * dilation
    return ((positions >= 0) & (positions < length)).any(dim=1)
