"""SGD with Nesterov momentum for training: `torch.optim.SGD` without its import of the compiler.

The first call of a `torch.optim.Optimizer` imports `torch._dynamo` and sympy (1.7 CPU seconds). The
function that computes its steps does not; it is called here on the same tensors in the same order.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim.sgd import sgd


class Sgd:
    """The update rule of `torch.optim.SGD` for one group of parameters, bit for bit."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], *, momentum: float, weight_decay: float
    ) -> None:
        self._parameters = list(parameters)
        self._momentum = momentum
        self._weight_decay = weight_decay
        self.momenta: list[Tensor | None] = [None] * len(self._parameters)
        """Momentum of each parameter; None before its first update, and without momentum."""

    def zero_grad(self) -> None:
        """Remove all gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Update the parameters that have a gradient, in place."""
        rows = [row for row, each in enumerate(self._parameters) if each.grad is not None]
        weights: list[Tensor] = [self._parameters[row] for row in rows]
        gradients = [gradient for each in weights if (gradient := each.grad) is not None]
        momenta = [self.momenta[row] for row in rows]
        sgd(
            weights, gradients, momenta, lr=lr, momentum=self._momentum,
            weight_decay=self._weight_decay, dampening=0.0, nesterov=self._momentum > 0,
            maximize=False,
        )  # fmt: skip
        for row, momentum in zip(rows, momenta, strict=True):
            self.momenta[row] = momentum
