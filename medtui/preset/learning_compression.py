"""The section on Condensa's L-C optimiser."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from medtui.preset.document import Many
from medtui.preset.toml import Document, Fault, check, fault


class LcSettings(Document):
    """Condensa's L-C optimiser. Defaults follow its examples, and the study in the 45 cycles."""

    mode: Literal["exact", "fast"] = "exact"
    """`fast` computes the L steps alone in bfloat16 where the hardware does, with one compiled
    update; `compute.mode = "fast"` covers the whole study, and holds in place of this."""
    cycles: int = Field(default=45, ge=1, le=10_000)
    """Outer iterations (Condensa's `steps`). Cycle 0 compresses directly, without an L step."""
    steps: int = Field(default=200, ge=1, le=10_000_000)
    """Minibatches of an L step."""
    first_steps: int | None = Field(default=None, ge=1, le=10_000_000)
    """Minibatches of cycle 1's L step; None takes `steps`."""
    batch_size: int = Field(default=128, ge=1, le=1_000_000)
    """Images in a step."""
    lr: float = Field(default=0.01, gt=0)
    """Learning rate at the first step of an L step."""
    lr_end: float = Field(default=1e-4, ge=0)
    """Learning rate at an L step's last step, reached exponentially; 0 keeps it constant."""
    lr_decay: float | None = Field(default=None, gt=0)
    """Factor on the learning rate from one cycle to the next; None keeps it."""
    lr_schedule: Many[int] | None = None
    """Cycles after which the learning rate is multiplied by `lr_multiplier`."""
    lr_multiplier: float | None = Field(default=None, gt=0)
    """Factor on the learning rate after each cycle of `lr_schedule`."""
    momentum: float = Field(default=0.95, ge=0, lt=1)
    """Momentum of Condensa's SGD."""
    weight_decay: float = Field(default=0.0, ge=0)
    """L2 penalty in Condensa's SGD."""
    mu_init: float = Field(default=1e-3, gt=0)
    """Penalty weight mu of cycle 1."""
    mu_multiplier: float = Field(default=1.1, ge=1)
    """Factor on mu from one cycle to the next."""
    mu_cap: float = Field(default=10_000.0, gt=0)
    """mu stops growing once it exceeds this."""

    keep: Literal["cycle", "finetuned"] = "finetuned"
    """What is kept: the cycle of the lowest val loss, which is then fine-tuned, or the better by
    val of that cycle and the last one, each fine-tuned. The second fine-tunes twice."""

    @check("lr_schedule", "lr_multiplier")
    def _schedule_is_whole(self) -> Iterator[Fault]:
        if (self.lr_schedule is None) != (self.lr_multiplier is None):
            key = "lr_multiplier" if self.lr_schedule is None else "lr_schedule"
            yield fault(key, "lr_schedule and lr_multiplier belong together; give both or neither")

    @check("lr_decay", "lr_schedule")
    def _one_schedule(self) -> Iterator[Fault]:
        if self.lr_decay is not None and self.lr_schedule is not None:
            yield fault("lr_decay", "lr_decay and lr_schedule exclude each other; give one")
