"""Condensa's SGD in one pass over w: the fast mode's update rule.

Stock Condensa computes the penalty's gradient mu * (w - theta) - lm at every step, with about nine
temporary tensors for each parameter. theta and lm are constant within an L step, so
c = mu * theta + lm is computed once a cycle, and the rule of condensa/opt/lc/sgd.py becomes

    d = lr * (gradient + (mu + weight_decay) * w - c)
    v = momentum * v - d
    w = w - d + momentum * v

which equals it except for rounding, and which reads four tensors and writes two. Only scalars on
the device change between steps, and no tensor is reallocated, so that the rule can be compiled into
one kernel and recorded into a CUDA graph.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from medtui.engine.lc.sgd import LcSgd, compressed_names
from medtui.engine.training.cropped_view import CroppedView
from medtui.engine.training.sgd import blocks_of

Rule = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor], None]
"""The signature of `advance`, compiled or not."""


def advance(
    weight: Tensor,
    velocity: Tensor,
    gradient: Tensor,
    target: Tensor,
    lr: Tensor,
    pull: Tensor,
    momentum: Tensor,
) -> None:
    """Update `weight` and `velocity` in place.

    `lr`, `pull` (mu + weight decay) and `momentum` are 0-d; all other tensors have one shape.
    """
    change = torch.addcmul(gradient, weight, pull).sub_(target).mul_(lr)
    velocity.mul_(momentum).sub_(change)
    weight.sub_(change).addcmul_(velocity, momentum)


def advance_in_blocks(
    weight: Tensor,
    velocity: Tensor,
    gradient: Tensor,
    target: Tensor,
    lr: Tensor,
    pull: Tensor,
    momentum: Tensor,
) -> None:
    """Update `weight` and `velocity` in place as `advance` does, with the same bits.

    On a CPU it is as fast as one compiled kernel, and needs no compiler.
    """
    for one, moving, slope, aim in blocks_of(weight, velocity, gradient, target):
        advance(one, moving, slope, aim, lr, pull, momentum)


@cache
def compile_advance(device: torch.device) -> Rule:
    """Return `advance` compiled into one kernel for tensors of any length, once in a process.

    Raises:
        Exception: any error of torch's compiler, most often because there is no C++ compiler.
    """
    import torch._inductor.config

    is_deterministic = torch.are_deterministic_algorithms_enabled()
    torch._inductor.config.deterministic = is_deterministic  # noqa: SLF001 - `configure_torch` leaves it out
    torch._inductor.config.compile_threads = 1  # noqa: SLF001 - one kernel needs no pool of processes
    compiled: Rule = torch.compile(advance, dynamic=True, fullgraph=True)
    weight, velocity, gradient, target = (torch.ones(40, device=device) for _ in range(4))
    lr, pull, momentum = (torch.ones((), device=device) for _ in range(3))
    with torch.no_grad():
        compiled(weight, velocity, gradient, target, lr, pull, momentum)
    return compiled


@dataclass(frozen=True)
class FlatParameter:
    """One parameter and the tensors of its update, as 1-d views in the order of memory.

    `dynamic=True` compiles for one number of dimensions; 1-d views let every parameter share one
    kernel, in channels-last memory as well. Parts of a cropped kernel keep their shape.
    """

    parameter: nn.Parameter
    """What has the gradient: w's parameter, or the part of it that a pixel reaches."""
    whole: Tensor
    """w's parameter."""
    weight: Tensor
    velocity: Tensor
    target: Tensor
    """c = mu * theta + lm; zeros where the parameter is not compressed."""
    whole_target: Tensor
    """`target` in the shape of `whole`; shares its memory."""
    pull: Tensor
    """mu + weight decay; weight decay alone where the parameter is not compressed."""

    @property
    def is_cropped(self) -> bool:
        """Whether some weights have no gradient."""
        return self.parameter.shape != self.whole.shape

    def settle(self, pull: float) -> None:
        """Set the weights without a gradient to the minimum of their penalty, which is c / pull."""
        kept = self.weight.clone()
        torch.div(self.whole_target, pull, out=self.whole)
        self.weight.copy_(kept)


class FusedSgd(LcSgd):
    """Condensa's SGD with one call of `rule` for each parameter."""

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
        self._flat_parameters: dict[str, FlatParameter] = {}
        self._view = CroppedView(w)
        self._is_prepared = False

    def bind(self, view: CroppedView) -> None:
        """Take gradients from a view of w, whose parameters are w's or parts of them."""
        self._view = view

    def reset_state(self) -> None:
        """Set all momentum to zero; the next step computes the targets again."""
        super().reset_state()
        self._is_prepared = False

    def step(self, lr: float, mu: float, theta: nn.Module, lm: nn.Module) -> None:
        """Update w by its gradients, the penalty towards theta and momentum."""
        self.prepare(lr, mu, theta, lm)
        self.advance()

    @torch.no_grad()
    def prepare(self, lr: float, mu: float, theta: nn.Module, lm: nn.Module) -> None:
        """Set the step's learning rate and, at the first step of a cycle, the targets."""
        self._lr.fill_(float(lr))
        if self._is_prepared:
            return
        if not self._flat_parameters:
            self._flatten_parameters(compressed_names(theta))
        self._pull.fill_(self.weight_decay + mu)
        thetas, lms = dict(theta.named_parameters()), dict(lm.named_parameters())
        for name, flat in self._flat_parameters.items():
            if flat.pull is self._pull:
                flat.whole_target.copy_(thetas[name]).mul_(mu).add_(lms[name])
                if flat.is_cropped and mu > 0:
                    flat.settle(self.weight_decay + mu)
        self._is_prepared = True

    @torch.no_grad()
    def advance(self) -> None:
        """Update all parameters with the same calls on the same memory at each step."""
        for flat in self._flat_parameters.values():
            gradient = flat.parameter.grad
            if gradient is not None:
                gradient = gradient if flat.is_cropped else flat_view(gradient)
                self._rule(
                    flat.weight, flat.velocity, gradient, flat.target,
                    self._lr, flat.pull, self._momentum,
                )  # fmt: skip

    def _flatten_parameters(self, compressed: set[str]) -> None:
        for name, parameter in self._view.network.named_parameters():
            whole = self.w.get_parameter(name).data
            velocity = torch.empty_like(whole).copy_(self.velocity[name])
            self.velocity[name] = velocity  # w's memory format may have changed since `__init__`
            target = torch.zeros_like(whole)
            is_cropped = parameter.shape != whole.shape
            weight, moving, aim = (
                self._view.part(name, each) if is_cropped else flat_view(each)
                for each in (whole, velocity, target)
            )
            pull = self._pull if name in compressed else self._decay
            self._flat_parameters[name] = FlatParameter(
                parameter, whole, weight, moving, aim, target, pull
            )


def flat_view(dense: Tensor) -> Tensor:
    """Return a 1-d view of a dense tensor, in the order of its memory."""
    return dense.as_strided((dense.numel(),), (1,))
