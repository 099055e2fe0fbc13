"""The state of an L-C run, and the types and callbacks that its loop works with."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor, nn

from medtui.engine.lc.sgd import LcSgd

Projection = Callable[[nn.Module], None]
Batches = Iterable[tuple[Tensor, Tensor]]
Criterion = Callable[[Tensor, Tensor], Tensor]
Statistics = tuple[float, dict[str, float | None]]
"""A loss and further metrics by name, as Condensa's statistics functions return them."""


@dataclass
class LcState:
    """The complete state of an L-C run; a checkpoint stores all of it."""

    w: nn.Module
    """The dense model that is trained."""
    theta: nn.Module
    """The compressed model; the penalty pulls w towards it."""
    lm: nn.Module
    """Lagrange multipliers, in the shapes of the model's parameters."""
    best: nn.Module
    """The theta with the lowest val loss so far; a copy of w until there is one."""
    optimizer: LcSgd
    cycle: int = 0
    """The current cycle."""
    step: int = 0
    """Minibatches completed in the current cycle's L step."""
    mu: float = 0.0
    """Penalty weight of the current cycle."""
    lr: float = 0.0
    """Learning rate of the next step."""
    best_loss: float = sys.float_info.max
    best_cycle: int | None = None
    """Cycle of `best`. None until a finite val loss was seen; `best` is then the dense model."""
    train_losses: list[float] = field(default_factory=list)
    val_losses: list[float] = field(default_factory=list)
    test_losses: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class CycleMeasurement:
    """The metrics of one cycle's theta; a split that was not evaluated is None."""

    train: Statistics | None
    val: Statistics | None
    test: Statistics | None
    gap: float
    """Constraint violation ||w - theta|| / ||w|| over compressed parameters."""
    is_best: bool
    """Whether this theta has the lowest val loss so far."""


class LcCallbacks(Protocol):
    """Called by the L-C loop. Each method may raise to interrupt the run."""

    def prepare(self, state: LcState) -> None:
        """Run before theta is measured, for example to recalibrate its BatchNorm statistics."""

    def stepped(self, state: LcState, loss: Tensor, num_images: int) -> None:
        """Run after each minibatch; `loss` is a 0-d tensor on the device."""

    def measured(self, state: LcState, measured: CycleMeasurement) -> None:
        """Run once theta is compressed and measured, before it is decompressed."""

    def cycle_ended(self, state: LcState) -> None:
        """Run between two cycles; `state.cycle` is already the next one."""
