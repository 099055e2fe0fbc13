"""Parameters in one buffer, so that one kernel updates all of them.

A ResNet-18 has 62 parameters: with a kernel for each, a GPU waits for launches. A buffer holds them
one after the other, in the order of each one's memory, so that a parameter keeps its shape and
memory format as a view. Gradients are made by the backward pass, each in memory of its own, and are
copied into a buffer of the same order by one kernel.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_ALIGNMENT = 64
"""Elements to which each parameter is aligned: 256 bytes, the least that torch's own have."""


class FlatParameters:
    """Parameters that were moved into one buffer; they must keep their memory from then on."""

    def __init__(self, parameters: Sequence[nn.Parameter], *, first: int = 0) -> None:
        """Move dense parameters of one type and device; `first` of them form the first part."""
        self._parameters = list(parameters)
        sizes = [-(-each.numel() // _ALIGNMENT) * _ALIGNMENT for each in self._parameters]
        self._offsets = [sum(sizes[:number]) for number in range(len(sizes))]
        self.length = sum(sizes)
        """Elements of a buffer, the gaps between parameters included."""
        self.num_first = sum(sizes[:first])
        """Elements of the first part."""
        self.weights = self.zeros()
        """The parameters' values, 1-d; zeros in the gaps."""
        self._gradients = self.zeros()
        self._gradient_views = self.views(self._gradients)
        for parameter, view in zip(self._parameters, self.views(self.weights), strict=True):
            view.copy_(parameter.data)
            parameter.data = view

    def zeros(self) -> Tensor:
        """Return another buffer, of zeros."""
        like = self._parameters[0]
        return torch.zeros(self.length, dtype=like.dtype, device=like.device)

    def views(self, buffer: Tensor) -> list[Tensor]:
        """Return the part of a buffer that belongs to each parameter, in its shape and layout."""
        return [
            buffer.as_strided(each.shape, each.stride(), offset)
            for each, offset in zip(self._parameters, self._offsets, strict=True)
        ]

    def gather_gradients(self) -> Tensor | None:
        """Return a buffer of all gradients, 1-d; None if a parameter has none."""
        gradients = [each.grad for each in self._parameters]
        if any(each is None for each in gradients):
            return None
        torch._foreach_copy_(self._gradient_views, gradients)  # type: ignore[arg-type] # none is None
        return self._gradients
