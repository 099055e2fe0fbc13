"""Convolutions of maps of 2x2 or fewer positions, computed as one matrix product.

torch's convolution of such maps takes two to five times the time of a product of the flattened
images with a matrix that holds the kernel's weights. Both have the same sums, in another order.

Shapes: N images, C channels of the input, K of the output.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional

from medtui.engine.pruning.kernel_crop import Kernel
from medtui.engine.pruning.reachable_weights import MapSize

_SIDE = 2


class SingleOutputConv2d(nn.Conv2d):
    """A convolution without padding for maps on which it has one output position."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """Return what the convolution does for (N, C, H, W), as (N, K, 1, 1)."""
        height, width = self.kernel_size
        window_NHWC = input[..., :height, :width].permute(0, 2, 3, 1)
        weight_KHWC = self.weight.permute(0, 2, 3, 1)
        output_NK = functional.linear(window_NHWC.flatten(1), weight_KHWC.flatten(1), self.bias)
        return output_NK[:, None, None].permute(0, 3, 1, 2)


class TwoByTwoConv2d(nn.Conv2d):
    """A convolution of 3x3 with padding 1 for maps of 2x2, where each output sees each input."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """Return what the convolution does for (N, C, 2, 2), as (N, K, 2, 2)."""
        weight_KHWC = self.weight.permute(0, 2, 3, 1)
        matrix = _Unfolded.apply(weight_KHWC, input.dtype)
        flat = functional.linear(input.permute(0, 2, 3, 1).flatten(1), matrix)
        output = flat.view(len(flat), _SIDE, _SIDE, -1).permute(0, 3, 1, 2)
        return output if self.bias is None else output + self.bias[:, None, None]


class _Unfolded(Function):
    """The matrix (4K, 4C) of a kernel (K, 3, 3, C): each output position's weight of each input's.

    torch's gradients of its parts would be four tensors as large as the kernel. The gradient is
    summed in the kernel's own type.
    """

    @staticmethod
    def forward(context: Any, weight_KHWC: Tensor, dtype: torch.dtype) -> Tensor:  # noqa: ANN401 - torch's own
        """Return the matrix in a number type: output positions, then output channels, by inputs."""
        context.kernel_dtype = weight_KHWC.dtype
        num_outputs, _, _, num_inputs = weight_KHWC.shape
        shape = (_SIDE, _SIDE, num_outputs, _SIDE, _SIDE, num_inputs)
        matrix = weight_KHWC.new_empty(shape, dtype=dtype)
        for row, column in _positions():
            matrix[row, column].copy_(_taps(weight_KHWC, row, column))
        return matrix.view(_SIDE * _SIDE * num_outputs, -1)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401 - torch's own
        """Return the gradient of the kernel."""
        rows, columns = (length // _SIDE**2 for length in gradient.shape)
        parts = gradient.reshape(_SIDE, _SIDE, rows, _SIDE, _SIDE, columns)
        shape = (rows, 3, 3, columns)
        weight_KHWC = parts.new_zeros(shape, dtype=context.kernel_dtype)
        for row, column in _positions():
            _taps(weight_KHWC, row, column).add_(parts[row, column])
        return weight_KHWC, None


def _positions() -> list[tuple[int, int]]:
    return [(row, column) for row in range(_SIDE) for column in range(_SIDE)]


def _taps(weight_KHWC: Tensor, row: int, column: int) -> Tensor:
    """Return the taps with which the output at a position sees the four inputs."""
    return weight_KHWC[:, 1 - row : 3 - row, 1 - column : 3 - column]


def matrix_convolutions(
    network: nn.Module, kernels: Mapping[str, Kernel], sizes: Mapping[str, set[MapSize]]
) -> dict[str, type[nn.Conv2d]]:
    """Return what computes each convolution, once cropped to `kernels`, that is a matrix product.

    `sizes` are those of the maps that each convolution is called with.
    """
    found: dict[str, type[nn.Conv2d]] = {}
    for name, maps in sizes.items():
        layer = network.get_submodule(name)
        if type(layer) is not nn.Conv2d or layer.groups != 1 or layer.dilation != (1, 1):
            continue
        kernel = kernels.get(name)
        size, padding = (
            (layer.kernel_size, layer.padding) if kernel is None else (kernel.size, kernel.padding)
        )
        if padding == (0, 0) and _has_one_output(size, layer.stride, maps):
            found[name] = SingleOutputConv2d
        elif (size, padding, layer.stride, maps) == ((3, 3), (1, 1), (1, 1), {(_SIDE, _SIDE)}):
            found[name] = TwoByTwoConv2d
    return found


def _has_one_output(kernel: tuple[int, ...], stride: tuple[int, ...], maps: set[MapSize]) -> bool:
    return all(0 <= each[axis] - kernel[axis] < stride[axis] for each in maps for axis in (0, 1))
