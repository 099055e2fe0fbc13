"""Smaller kernels where no pixel reaches the border: 3x3 on maps of 1x1 becomes 1x1.

The cropped network computes the same products for images of the size that it was cropped for. At
another size its logits differ.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.reachable_weights import map_sizes, reached_taps


@dataclass(frozen=True)
class Kernel:
    """The part of a convolution's kernel that is kept, and the padding with which it computes."""

    rows: range
    columns: range
    padding: tuple[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return (len(self.rows), len(self.columns))

    def part(self, weight: Tensor) -> Tensor:
        """Return the kept part of a weight (..., kernel height, kernel width), as a view."""
        rows, columns = self.rows, self.columns
        return weight[..., rows.start : rows.stop, columns.start : columns.stop]


@torch.no_grad()
def crop_kernels(network: nn.Module, image_shape: ImageShape) -> list[str]:
    """Crop every kernel to the taps that a pixel reaches, in place; return the cropped layers.

    A row or column goes only where all beyond it go, too.
    """
    kernels = cropped_kernels(network, image_shape)
    for name, kernel in kernels.items():
        layer = network.get_submodule(name)
        assert isinstance(layer, nn.Conv2d)
        layer.weight.data = kernel.part(layer.weight.data).contiguous()
        set_kernel(layer, kernel.size, kernel.padding)
    return list(kernels)


def cropped_kernels(network: nn.Module, image_shape: ImageShape) -> dict[str, Kernel]:
    """Return the kernels that `crop_kernels` leaves, by the names of the layers that it crops."""
    found = {}
    for name, sizes in map_sizes(network, image_shape).items():
        layer = network.get_submodule(name)
        assert isinstance(layer, nn.Conv2d)
        if isinstance(layer.padding, str) or layer.padding_mode != "zeros":
            continue
        reached = reached_taps(layer, sizes)
        rows, columns = (
            _kept(layer, axis, reached.any(dim=1 - axis), {size[axis] for size in sizes})
            for axis in (0, 1)
        )
        if (len(rows), len(columns)) != layer.kernel_size:
            height, width = layer.padding
            padding = (
                height - rows.start * layer.dilation[0],
                width - columns.start * layer.dilation[1],
            )
            found[name] = Kernel(rows, columns, padding)
    return found


def set_kernel(layer: nn.Conv2d, kernel: tuple[int, int], padding: tuple[int, int]) -> None:
    """Set a convolution's kernel size and padding; its weight is left as it is."""
    layer.kernel_size, layer.padding = kernel, padding
    height, width = padding
    # torch stores it for paddings other than zeros, the last axis first.
    layer._reversed_padding_repeated_twice = [width, width, height, height]  # noqa: SLF001


def _kept(layer: nn.Conv2d, axis: int, reached: Tensor, lengths: Collection[int]) -> range:
    """Return the shortest range of a kernel's rows or columns with all that are reached.

    Padding is the same on both sides of a map, so only a range that gives as many outputs as the
    whole kernel, without negative padding, can be kept. The whole kernel is one.
    """
    if not reached.any():
        return range(len(reached))
    found = reached.nonzero().flatten().tolist()
    return min(_candidates(layer, axis, (found[0], found[-1]), lengths), key=len)


def _candidates(
    layer: nn.Conv2d, axis: int, reached: tuple[int, int], lengths: Collection[int]
) -> Iterator[range]:
    assert not isinstance(layer.padding, str)
    size, stride, dilation, padding = (
        each[axis] for each in (layer.kernel_size, layer.stride, layer.dilation, layer.padding)
    )

    def num_outputs(length: int, padded: int, kernel: int) -> int:
        return (length + 2 * padded - dilation * (kernel - 1) - 1) // stride + 1

    for first in range(reached[0] + 1):
        padded = padding - first * dilation
        for last in range(reached[1], size):
            kernel = last - first + 1
            if padded >= 0 and all(
                num_outputs(each, padded, kernel) == num_outputs(each, padding, size)
                for each in lengths
            ):
                yield range(first, last + 1)
