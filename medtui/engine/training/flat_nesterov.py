"""SGD with Nesterov momentum on a GPU: all parameters in one buffer, updated by one call of a rule.

The rule of `torch.optim.SGD`, equal except for rounding. Only scalars on the device change between
steps, and no tensor is reallocated, so that a CUDA graph can record a step.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from medtui.engine.training.flat_parameters import FlatParameters


class FlatNesterov:
    """`Sgd` on parameters that become views of one buffer. It overwrites the gradients."""

    @torch.no_grad()
    def __init__(
        self, parameters: Iterable[nn.Parameter], *, momentum: float, weight_decay: float
    ) -> None:
        self._parameters = list(parameters)
        self._momentum = momentum
        self._weight_decay = weight_decay
        self._flat = FlatParameters(self._parameters)
        self._moving = self._flat.zeros()
        self._views = self._flat.views(self._moving)
        self._lr = torch.zeros((), device=self._flat.weights.device)

    @property
    def momenta(self) -> list[Tensor | None]:
        """Momentum of each parameter; zeros before its first update."""
        return list(self._views)

    @momenta.setter
    def momenta(self, values: list[Tensor | None]) -> None:
        for view, value in zip(self._views, values, strict=True):
            view.zero_() if value is None else view.copy_(value)

    def zero_grad(self) -> None:
        """Remove all gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    def step(self, lr: float) -> None:
        """Update the parameters that have a gradient, in place."""
        self.prepare(lr)
        self.advance()

    def prepare(self, lr: float) -> None:
        """Set the learning rate of the next step."""
        self._lr.fill_(lr)

    @torch.no_grad()
    def advance(self) -> None:
        """Update the parameters with the same calls on the same memory at each step."""
        gradients = self._flat.gather_gradients()
        if gradients is not None:
            self._descend(self._flat.weights, gradients, self._moving)
            return
        for parameter, moving in zip(self._parameters, self._views, strict=True):
            if parameter.grad is not None:  # the others are frozen
                self._descend(parameter.data, parameter.grad, moving)

    def _descend(self, weight: Tensor, gradient: Tensor, moving: Tensor) -> None:
        if self._weight_decay:
            gradient.add_(weight, alpha=self._weight_decay)
        moving.mul_(self._momentum).add_(gradient)
        weight.sub_(gradient.add_(moving, alpha=self._momentum).mul_(self._lr))
