"""Condensa's SGD folded into one pass over w: the fast mode's update rule.

With c = mu * theta + lm, which an L step leaves alone, the rule of condensa/opt/lc/sgd.py is

    d = lr * (gradient + (mu + weight_decay) * w - c)
    v = momentum * v - d
    w = w - d + momentum * v

that is, equal but for rounding. What changes from step to step are scalars on the device, and no
tensor ever moves: the rule can be compiled, and recorded into a CUDA graph.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from medtui.engine.lc.sgd import LcSgd, compressed_names

Rule = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor], None]
"""What `advance` is, compiled or not."""


def advance(
    weight: Tensor,
    velocity: Tensor,
    gradient: Tensor,
    target: Tensor,
    lr: Tensor,
    pull: Tensor,
    momentum: Tensor,
) -> None:
    """Update `weight` and `velocity` in place; all but the three scalars have one shape."""
    change = torch.addcmul(gradient, weight, pull).sub_(target).mul_(lr)
    velocity.mul_(momentum).sub_(change)
    weight.sub_(change).addcmul_(velocity, momentum)


@cache
def compile_advance(device: torch.device) -> Rule:
    """Compile `advance` into one kernel for tensors of any length, once in a process.

    Raises:
        Exception: whatever torch's compiler raises, most often for want of a C++ compiler.
    """
    import torch._inductor.config

    torch._inductor.config.compile_threads = 1  # noqa: SLF001 - one kernel needs no pool of processes
    compiled: Rule = torch.compile(advance, dynamic=True, fullgraph=True)
    weight, velocity, gradient, target = (torch.ones(40, device=device) for _ in range(4))
    lr, pull, momentum = (torch.ones((), device=device) for _ in range(3))
    with torch.no_grad():
        compiled(weight, velocity, gradient, target, lr, pull, momentum)
    return compiled


@dataclass(frozen=True)
class _Lane:
    """One parameter and what goes with it, each as one row in the order of memory."""

    parameter: nn.Parameter
    weight: Tensor
    velocity: Tensor
    target: Tensor
    """c = mu * theta + lm; zeros where the parameter is not compressed."""
    shaped_target: Tensor
    """The same memory in the parameter's shape."""
    pull: Tensor
    """mu + weight decay, or weight decay alone."""


class FusedSgd(LcSgd):
    """The rule by one call for each parameter."""

    def __init__(
        self,
        w: nn.Module,
        lr: float,
        momentum: float,
        weight_decay: float = 0.0,
        *,
        rule: Rule = advance,
    ) -> None:
        super().__init__(w, lr, momentum, weight_decay)
        self._rule = rule
        device = next(w.parameters()).device
        self._lr = torch.tensor(float(lr), device=device)
        self._momentum = torch.tensor(float(momentum), device=device)
        self._pull = torch.tensor(float(weight_decay), device=device)
        self._decay = self._pull.clone()
        self._lanes: dict[str, _Lane] = {}
        self._is_aimed = False

    def reset_state(self) -> None:
        """Forget all momentum; what w is pulled to is taken anew at the next step."""
        super().reset_state()
        self._is_aimed = False

    def step(self, lr: float, mu: float, theta: nn.Module, lm: nn.Module) -> None:
        """Update w by its gradients, the penalty towards theta and momentum."""
        self.aim(lr, mu, theta, lm)
        self.advance()

    @torch.no_grad()
    def aim(self, lr: float, mu: float, theta: nn.Module, lm: nn.Module) -> None:
        """Take the step's learning rate and, at the first step of a cycle, what w is pulled to."""
        self._lr.fill_(float(lr))
        if self._is_aimed:
            return
        if not self._lanes:
            self._lay_out(compressed_names(theta))
        self._pull.fill_(self.weight_decay + mu)
        thetas, lms = dict(theta.named_parameters()), dict(lm.named_parameters())
        for name, lane in self._lanes.items():
            if lane.pull is self._pull:
                lane.shaped_target.copy_(thetas[name]).mul_(mu).add_(lms[name])
        self._is_aimed = True

    @torch.no_grad()
    def advance(self) -> None:
        """Do the device's part of a step, the same calls on the same memory each time."""
        for lane in self._lanes.values():
            gradient = lane.parameter.grad
            if gradient is not None:
                self._rule(
                    lane.weight, lane.velocity, _row(gradient), lane.target,
                    self._lr, lane.pull, self._momentum,
                )  # fmt: skip

    def _lay_out(self, compressed: set[str]) -> None:
        for name, parameter in self.w.named_parameters():
            weight = parameter.data
            velocity = torch.empty_like(weight).copy_(self.velocity[name])
            self.velocity[name] = velocity  # now in w's order of memory, which may have changed
            target = torch.zeros_like(weight)
            pull = self._pull if name in compressed else self._decay
            self._lanes[name] = _Lane(
                parameter, _row(weight), _row(velocity), _row(target), target, pull
            )


def _row(dense: Tensor) -> Tensor:
    """Return a tensor without gaps as one row, in the order of its memory."""
    return dense.as_strided((dense.numel(),), (1,))
