"""Condensa's SGD for the L step, with the same arithmetic in the same order and fewer passes.

Stock Condensa dispatches about nine temporaries a parameter. `InPlaceSgd` reuses one buffer (CPU),
`ForeachSgd` updates all parameters by a handful of grouped kernels (GPU). Both give stock's bits.
Source: condensa/opt/lc/sgd.py.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class _Group:
    """Parameters that share an update rule, in the order of the modules."""

    weights: list[Tensor]
    velocities: list[Tensor]
    names: list[str]


class LcSgd:
    """State and interface that Condensa's L-C expects of its L-step optimiser.

    Velocities exist from the start as zeros, which is what stock Condensa makes of missing ones.
    """

    def __init__(
        self, w: nn.Module, lr: float, momentum: float, weight_decay: float = 0.0
    ) -> None:
        self.w = w
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self._names = [name for name, _ in w.named_parameters()]
        self.velocity = {
            name: torch.zeros_like(parameter.data) for name, parameter in w.named_parameters()
        }
        """Momentum buffer of each parameter, by dotted name."""

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.w.parameters():
            parameter.grad = None

    def reset_state(self) -> None:
        """Forget all momentum."""
        torch._foreach_zero_(list(self.velocity.values()))  # noqa: SLF001 - torch.optim's own kernels

    @torch.no_grad()
    def step(self, lr: float, mu: float, theta: nn.Module, lm: nn.Module) -> None:
        """Update w by its gradients, the penalty towards theta and momentum."""
        compressed = compressed_names(theta)
        theta_of, lm_of = dict(theta.named_parameters()), dict(lm.named_parameters())
        groups: dict[bool, _Group] = defaultdict(lambda: _Group([], [], []))
        for name, parameter in self.w.named_parameters():
            if parameter.grad is not None:
                group = groups[name in compressed]
                group.weights.append(parameter)
                group.velocities.append(self.velocity[name])
                group.names.append(name)
        for is_compressed, group in groups.items():
            gradients = [weight.grad for weight in group.weights]
            weights = [weight.data for weight in group.weights]
            thetas = [theta_of[name].data for name in group.names] if is_compressed else None
            lms = [lm_of[name].data for name in group.names] if is_compressed else None
            self._update(weights, gradients, group.velocities, thetas, lms, float(lr), mu)  # type: ignore[arg-type] # gradients are not None here

    def _update(
        self,
        weights: Sequence[Tensor],
        gradients: Sequence[Tensor],
        velocities: Sequence[Tensor],
        thetas: Sequence[Tensor] | None,
        lms: Sequence[Tensor] | None,
        lr: float,
        mu: float,
    ) -> None:
        raise NotImplementedError


def compressed_names(theta: nn.Module) -> set[str]:
    """Give the dotted names of the parameters that Condensa marked for compression."""
    return {
        f"{prefix}.{name}" if prefix else name
        for prefix, module in theta.named_modules()
        for name in getattr(module, "condense", ())
    }


class InPlaceSgd(LcSgd):
    """One parameter at a time in one scratch buffer: stays in the cache of a CPU."""

    def _update(
        self,
        weights: Sequence[Tensor],
        gradients: Sequence[Tensor],
        velocities: Sequence[Tensor],
        thetas: Sequence[Tensor] | None,
        lms: Sequence[Tensor] | None,
        lr: float,
        mu: float,
    ) -> None:
        for index, (weight, gradient, velocity) in enumerate(
            zip(weights, gradients, velocities, strict=True)
        ):
            if self.weight_decay:
                gradient.add_(weight, alpha=self.weight_decay)
            scratch = torch.empty_like(weight)
            if thetas is not None and lms is not None:
                torch.sub(weight, thetas[index], out=scratch)
                scratch.mul_(mu).sub_(lms[index])
                gradient.add_(scratch)
            torch.mul(gradient, lr, out=scratch)
            torch.sub(weight, scratch, out=scratch)
            velocity.mul_(self.momentum).add_(scratch).sub_(weight)
            torch.mul(velocity, self.momentum, out=weight).add_(scratch)


class ForeachSgd(LcSgd):
    """All parameters of a group by one kernel for each operation: few launches on a GPU."""

    def _update(
        self,
        weights: Sequence[Tensor],
        gradients: Sequence[Tensor],
        velocities: Sequence[Tensor],
        thetas: Sequence[Tensor] | None,
        lms: Sequence[Tensor] | None,
        lr: float,
        mu: float,
    ) -> None:
        if self.weight_decay:
            torch._foreach_add_(gradients, weights, alpha=self.weight_decay)  # noqa: SLF001
        if thetas is not None and lms is not None:
            pull = torch._foreach_sub(weights, thetas)  # noqa: SLF001
            torch._foreach_mul_(pull, mu)  # noqa: SLF001
            torch._foreach_sub_(pull, lms)  # noqa: SLF001
            torch._foreach_add_(gradients, pull)  # noqa: SLF001
        update = torch._foreach_mul(gradients, lr)  # noqa: SLF001
        torch._foreach_neg_(update)  # noqa: SLF001
        torch._foreach_add_(update, weights)  # noqa: SLF001
        torch._foreach_mul_(velocities, self.momentum)  # noqa: SLF001
        torch._foreach_add_(velocities, update)  # noqa: SLF001
        torch._foreach_sub_(velocities, weights)  # noqa: SLF001
        torch._foreach_copy_(weights, velocities)  # noqa: SLF001
        torch._foreach_mul_(weights, self.momentum)  # noqa: SLF001
        torch._foreach_add_(weights, update)  # noqa: SLF001
