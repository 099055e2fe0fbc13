"""Condensa's SGD on a GPU: all parameters in one buffer, updated by two calls of the rule.

Two, because only compressed parameters are pulled to theta: they come first in the buffer.
"""

import torch

from medtui.engine.lc.fused_sgd import FlatParameter, FusedSgd, flat_view
from medtui.engine.training.flat_parameters import FlatParameters


class FlatSgd(FusedSgd):
    """`FusedSgd` with the same results, in a number of launches that no network changes.

    From the first step on, w's parameters are views of one buffer.
    """

    _flat: FlatParameters | None = None

    @torch.no_grad()
    def reset_state(self) -> None:
        """Set all momentum to zero; the next step computes the targets again."""
        if self._flat is None:
            super().reset_state()
            return
        self._velocities.zero_()
        self._is_prepared = False

    @torch.no_grad()
    def advance(self) -> None:
        """Update all parameters with the same calls on the same memory at each step."""
        assert self._flat is not None, "`prepare` comes first"
        gradients = self._flat.gather_gradients()
        if gradients is None:  # a frozen parameter stays as it is
            super().advance()
            return
        parts = ((self._pull, slice(self._flat.num_first)),
                 (self._decay, slice(self._flat.num_first, None)))  # fmt: skip
        for pull, part in parts:
            buffers = (self._flat.weights, self._velocities, gradients, self._targets)
            weights, velocities, slopes, targets = (each[part] for each in buffers)
            if len(weights):
                self._rule(weights, velocities, slopes, targets, self._lr, pull, self._momentum)

    def _flatten_parameters(self, compressed: set[str]) -> None:
        named = dict(self.w.named_parameters())
        names = sorted(named, key=lambda name: name not in compressed)  # stable: w's order in each
        parameters = [named[name] for name in names]
        self._flat = FlatParameters(parameters, first=sum(name in compressed for name in names))
        self._velocities, self._targets = self._flat.zeros(), self._flat.zeros()
        views = zip(
            names, parameters, self._flat.views(self._velocities), self._flat.views(self._targets),
            strict=True,
        )  # fmt: skip
        for name, parameter, velocity, target in views:
            velocity.copy_(self.velocity[name])
            self.velocity[name] = velocity
            self._flat_parameters[name] = FlatParameter(
                parameter, parameter.data, flat_view(parameter.data), flat_view(velocity),
                flat_view(target), target, self._pull if name in compressed else self._decay,
            )  # fmt: skip
