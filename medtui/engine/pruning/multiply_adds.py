"""Multiply-accumulates of a network for one image.

Those of convolutions, linear layers and matrix products are counted where torch calls them, whether
by a layer or by a function on its weights, as attention does.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from medtui.engine.training.network import named_layers

OTHERS = "others"
"""Key of products that belong to no layer: of queries, keys and values in attention."""


def count_macs(model: nn.Module, *, channels: int, side: int) -> dict[str, int]:
    """Return each compressible layer's multiply-accumulates for one image, zeros included.

    Further keys are names of other weights, and `OTHERS`. The trace computes one black image: on
    torch's meta device it would import torch's compiler, which takes longer. The products within
    `scaled_dot_product_attention`, which is one operation of torch, are not counted.
    """
    traced = deepcopy(model).float().cpu().eval().requires_grad_()
    names = {id(parameter): name for name, parameter in traced.named_parameters()}
    names |= {id(layer.weight): name for name, layer in named_layers(traced).items()}
    counter = _Counter(names)
    with counter:  # with gradients: without them torch fuses attention, and calls no product
        traced(torch.zeros(1, channels, side, side))
    return counter.found


class _Counter(TorchFunctionMode):
    """Counts the products of torch's functions by the name of their weight."""

    def __init__(self, names: dict[int, str]) -> None:
        super().__init__()
        self._names = names
        self.found: dict[str, int] = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever torch's function returns
        named = dict(kwargs or {})
        output = func(*args, **named)
        if func is functional.multi_head_attention_forward:
            self._add_attention(*args)
        elif func in _WEIGHTED:
            weight: Tensor = args[1] if len(args) > 1 else named["weight"]
            name = self._names.get(id(weight), OTHERS)
            self._add(name, output.numel() * weight[0].numel())
        elif func in _PRODUCTS:
            self._add(OTHERS, output.numel() * args[0].shape[-1])
        return output

    def _add_attention(self, *args: Any) -> None:  # noqa: ANN401 - torch's, by position
        """Add the projections of attention, which torch computes within one function."""
        tokens = [each.numel() // each.shape[-1] for each in args[:3]]
        inputs, outputs = args[5], args[11]
        self._add(self._names[id(inputs)], sum(tokens) * inputs.numel() // 3)
        self._add(self._names[id(outputs)], tokens[0] * outputs.numel())

    def _add(self, name: str, count: int) -> None:
        self.found[name] = self.found.get(name, 0) + count


_WEIGHTED = frozenset({functional.linear, functional.conv2d})
_PRODUCTS = frozenset({
    torch.matmul, torch.bmm, torch.mm, Tensor.matmul, Tensor.bmm, Tensor.mm, Tensor.__matmul__,
})  # fmt: skip
