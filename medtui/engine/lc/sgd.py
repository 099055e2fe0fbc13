"""Condensa's SGD for the L step, with the same arithmetic in the same order and fewer passes.

Stock Condensa allocates about nine temporary tensors for each parameter. `InPlaceSgd` reuses one
buffer (CPU); `ForeachSgd` updates all parameters with about ten grouped kernels (GPU). The results
of both equal stock Condensa's bit for bit.
Source: condensa/opt/lc/sgd.py.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn


@dataclass
class Group:
    """Parameters with the same update rule, and the tensors of each; the lists run parallel."""

    weights: list[Tensor] = field(default_factory=list)
    gradients: list[Tensor] = field(default_factory=list)
    velocities: list[Tensor] = field(default_factory=list)
    thetas: list[Tensor] = field(default_factory=list)
    """The compressed model's parameters; empty in a group that is not compressed."""
    lms: list[Tensor] = field(default_factory=list)
    """Lagrange multipliers; empty in a group that is not compressed."""


class LcSgd(ABC):
    """State and interface that Condensa's L-C expects of its L-step optimiser.

    Velocities are zeros from the start; stock Condensa treats missing ones as zeros.
    """

    def __init__(self, w: nn.Module, lr: float, momentum: float, weight_decay: float = 0.0) -> None:
        self.w = w
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocity = {
            name: torch.zeros_like(parameter.data) for name, parameter in w.named_parameters()
        }
        """Momentum buffer of each parameter, by dotted name."""

    def zero_grad(self) -> None:
        """Remove all gradients."""
        for parameter in self.w.parameters():
            parameter.grad = None

    def reset_state(self) -> None:
        """Set all momentum to zero."""
        torch._foreach_zero_(list(self.velocity.values()))

    @abstractmethod
    def step(self, lr: float, mu: float, theta: nn.Module, lm: nn.Module) -> None:
        """Update w by its gradients, the penalty towards theta and momentum."""


class GroupedSgd(LcSgd):
    """Updates compressed parameters, which the penalty pulls to theta, and all others in turn."""

    @torch.no_grad()
    def step(self, lr: float, mu: float, theta: nn.Module, lm: nn.Module) -> None:
        """Update w by its gradients, the penalty towards theta and momentum."""
        compressed = compressed_names(theta)
        theta_of, lm_of = dict(theta.named_parameters()), dict(lm.named_parameters())
        pulled, free = Group(), Group()
        for name, parameter in self.w.named_parameters():
            if parameter.grad is None:
                continue
            group = pulled if name in compressed else free
            group.weights.append(parameter.data)
            group.gradients.append(parameter.grad)
            group.velocities.append(self.velocity[name])
            if name in compressed:
                group.thetas.append(theta_of[name].data)
                group.lms.append(lm_of[name].data)
        for group in (pulled, free):
            if group.weights:
                self.update(group, float(lr), mu)

    @abstractmethod
    def update(self, group: Group, lr: float, mu: float) -> None:
        """Update a group's weights and velocities in place; its gradients are overwritten."""


def compressed_names(theta: nn.Module) -> set[str]:
    """Return the dotted names of the parameters that Condensa marked for compression."""
    return {
        f"{prefix}.{name}" if prefix else name
        for prefix, module in theta.named_modules()
        for name in getattr(module, "condense", ())
    }


class InPlaceSgd(GroupedSgd):
    """Updates one parameter at a time with one scratch buffer, which stays in a CPU's cache."""

    def update(self, group: Group, lr: float, mu: float) -> None:
        """Update a group's weights and velocities in place."""
        for index, weight in enumerate(group.weights):
            gradient, velocity = group.gradients[index], group.velocities[index]
            if self.weight_decay:
                gradient.add_(weight, alpha=self.weight_decay)
            scratch = torch.empty_like(weight)
            if group.thetas:
                torch.sub(weight, group.thetas[index], out=scratch)
                scratch.mul_(mu).sub_(group.lms[index])
                gradient.add_(scratch)
            torch.mul(gradient, lr, out=scratch)
            torch.sub(weight, scratch, out=scratch)
            velocity.mul_(self.momentum).add_(scratch).sub_(weight)
            torch.mul(velocity, self.momentum, out=weight).add_(scratch)


class ForeachSgd(GroupedSgd):
    """Updates all parameters of a group with one kernel per operation: few launches on a GPU."""

    def update(self, group: Group, lr: float, mu: float) -> None:
        """Update a group's weights and velocities in place."""
        weights, gradients, velocities = group.weights, group.gradients, group.velocities
        if self.weight_decay:
            torch._foreach_add_(gradients, weights, alpha=self.weight_decay)
        if group.thetas:
            pull = list(torch._foreach_sub(weights, group.thetas))  # noqa: SLF001
            torch._foreach_mul_(pull, mu)
            torch._foreach_sub_(pull, group.lms)
            torch._foreach_add_(gradients, pull)
        updated = list(torch._foreach_mul(gradients, lr))  # noqa: SLF001
        torch._foreach_neg_(updated)
        torch._foreach_add_(updated, weights)
        torch._foreach_mul_(velocities, self.momentum)
        torch._foreach_add_(velocities, updated)
        torch._foreach_sub_(velocities, weights)
        torch._foreach_copy_(weights, velocities)
        torch._foreach_mul_(weights, self.momentum)
        torch._foreach_add_(weights, updated)
