"""One step of training: forward pass, backward pass and update, exactly or in fast mode."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from medtui.engine.lc.state import Criterion
from medtui.engine.precision import EXACT, Precision
from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.training.cropped_view import view_for
from medtui.engine.training.sgd import BlockSgd, Sgd


class TrainingStep:
    """Trains a network by SGD with Nesterov momentum, in place.

    The network's parameters must keep their memory from then on.
    """

    def __init__(
        self,
        model: nn.Module,
        criterion: Criterion,
        image_shape: ImageShape,
        precision: Precision = EXACT,
        *,
        momentum: float,
        weight_decay: float,
        masks: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Take a network; `masks` maps parameter names to 0/1 tensors, whose zeros are held."""
        if precision.memory_format is not torch.contiguous_format:
            model.to(memory_format=precision.memory_format)
        view = view_for(precision, model, image_shape)
        self.network = view.network
        """What is computed with: the network, or a view of it."""
        self._criterion = criterion
        self._precision = precision
        is_block = precision is not EXACT and _device_of(model).type == "cpu"
        kind = BlockSgd if is_block else Sgd
        self._optimizer = kind(
            self.network.parameters(), momentum=momentum, weight_decay=weight_decay
        )
        self._names = [name for name, _ in self.network.named_parameters()]
        parameters = dict(self.network.named_parameters())
        self._masked = [
            (parameters[name], torch.empty_like(parameters[name]).copy_(view.part(name, mask)))
            for name, mask in (masks or {}).items()
        ]

    def __call__(self, inputs_NCHW: Tensor, targets: Tensor, lr: float) -> Tensor:
        """Update the network on a minibatch; return its loss, 0-d and detached."""
        loss = self._criterion(self._precision.logits(self.network, inputs_NCHW), targets)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch's own
        self._optimizer.step(lr)
        for parameter, mask in self._masked:
            parameter.data.mul_(mask)
        return loss.detach()

    @property
    def momenta(self) -> dict[str, Tensor]:
        """Momentum by parameter name, in the shapes of `network`; absent before the first step."""
        found = zip(self._names, self._optimizer.momenta, strict=True)
        return {name: momentum for name, momentum in found if momentum is not None}

    def restore(self, momenta: Mapping[str, Tensor]) -> None:
        """Take the momenta of an earlier session."""
        self._optimizer.momenta = [
            torch.empty_like(parameter.data).copy_(momenta[name]) if name in momenta else None
            for name, parameter in self.network.named_parameters()
        ]


def _device_of(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
