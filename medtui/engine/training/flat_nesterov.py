"""SGD with Nesterov momentum on a GPU: all parameters in one buffer, updated by one call of a rule.

The rule of `torch.optim.SGD`, equal except for rounding. Only scalars on the device change between
steps, and no tensor is reallocated, so that a CUDA graph can record a step.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from medtui.engine.training.flat_parameters import FlatParameters
from medtui.engine.training.sgd import NesterovSgd


class FlatNesterov(NesterovSgd):
    """`BlockSgd` on parameters that become views of one buffer. It overwrites the gradients."""

    @torch.no_grad()
    def __init__(
        self, parameters: Iterable[nn.Parameter], *, momentum: float, weight_decay: float
    ) -> None:
        super().__init__(parameters, momentum=momentum, weight_decay=weight_decay)
        self._flat = FlatParameters(self._parameters)
        self._moving = self._flat.zeros()
        self._views = self._flat.views(self._moving)
        self.momenta = list(self._views)
        self._rate = torch.zeros((), device=self._flat.weights.device)

    def restore(self, momenta: Sequence[Tensor | None]) -> None:
        """Copy the momenta of an earlier session into the buffer."""
        for view, momentum in zip(self._views, momenta, strict=True):
            view.zero_() if momentum is None else view.copy_(momentum)

    def prepare(self, lr: float) -> None:
        """Set the learning rate of the next step."""
        self._rate.fill_(lr)

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
        weight.sub_(self.direction(weight, gradient, moving).mul_(self._rate))
