"""One step of training: forward pass, backward pass and update, exactly or in fast mode."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from medtui.engine.lc.state import Criterion
from medtui.engine.precision import EXACT, Precision
from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.training.cropped_view import view_for
from medtui.engine.training.flat_nesterov import FlatNesterov
from medtui.engine.training.recording import Recorded, Recorder
from medtui.engine.training.sgd import BlockSgd, NesterovSgd, Sgd


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
        recorder: Recorder | None = None,
    ) -> None:
        """Take a network; `masks` maps parameter names to 0/1 tensors, whose zeros are held.

        With a recorder a step of the fast mode becomes one CUDA graph.
        """
        if precision.memory_format is not torch.contiguous_format:
            model.to(memory_format=precision.memory_format)
        view = view_for(precision, model, image_shape)
        self.network = view.network
        """What is computed with: the network, or a view of it."""
        self._criterion = criterion
        self._precision = precision
        self._optimizer = _optimizer_class(precision, _device_of(model))(
            self.network.parameters(), momentum=momentum, weight_decay=weight_decay
        )
        parameters = dict(self.network.named_parameters())
        self._names, self._parameters = list(parameters), list(parameters.values())
        self._masks = [
            torch.empty_like(parameters[name]).copy_(view.part(name, mask))
            for name, mask in (masks or {}).items()
        ]
        self._masked = [parameters[name].data for name in masks or {}]
        self._recorded = None
        if recorder is not None and precision is not EXACT:
            self._recorded = Recorded("Training", self._train, recorder)

    def __call__(self, inputs_NCHW: Tensor, targets: Tensor, lr: float) -> Tensor:
        """Update the network on a minibatch; return its loss, 0-d and detached."""
        self._optimizer.prepare(lr)
        if self._recorded is None:
            return self._train(inputs_NCHW, targets)
        trained = tuple(each.requires_grad for each in self._parameters)
        return self._recorded(inputs_NCHW, targets, trained)

    def _train(self, inputs_NCHW: Tensor, targets: Tensor) -> Tensor:
        self._optimizer.zero_grad()
        loss = self._criterion(self._precision.logits(self.network, inputs_NCHW), targets)
        loss.backward()  # type: ignore[no-untyped-call] # torch's own
        self._optimizer.advance()
        if self._masks:
            torch._foreach_mul_(self._masked, self._masks)
        return loss.detach()

    @property
    def momenta(self) -> dict[str, Tensor]:
        """Momentum by parameter name, in the shapes of `network`; absent before the first step."""
        found = zip(self._names, self._optimizer.momenta, strict=True)
        return {name: momentum for name, momentum in found if momentum is not None}

    def restore(self, momenta: Mapping[str, Tensor]) -> None:
        """Take the momenta of an earlier session."""
        self._optimizer.restore(
            [
                torch.empty_like(parameter.data).copy_(momenta[name]) if name in momenta else None
                for name, parameter in zip(self._names, self._parameters, strict=True)
            ]
        )


def _optimizer_class(precision: Precision, device: torch.device) -> type[NesterovSgd]:
    if precision is EXACT:
        return Sgd
    return FlatNesterov if device.type == "cuda" else BlockSgd


def _device_of(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
