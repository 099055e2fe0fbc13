"""What every arm works on, and a count of what it did."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.engine_ablation.images import Files, read_part
from benchmarks.engine_ablation.report import AblationPlan
from medtui.datasets.card import Augment
from medtui.engine.training.augmentation import Normalisation
from medtui.engine.training.batches import EvaluationBatches, Images, TrainBatches
from medtui.engine.training.network import build_network, state_of

DENSITY = 0.1

EVALUATION_BATCH = 1024
"""The engine's default; stock evaluates in batches of the training's size."""

BY = Normalisation((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))

AUGMENT = Augment(
    flip_horizontal=True, flip_vertical=True, rotation_degrees=10.0,
    brightness=0.2, contrast=0.2, saturation=0.2, hue=0.02,
)  # fmt: skip
"""The malaria card's."""


@dataclass
class Tally:
    """Images that an arm trained on and measured."""

    num_trained: int = 0
    num_evaluated: int = 0


@dataclass(frozen=True)
class Counted:
    """A loader that counts what is taken from it: for training, or for a measurement."""

    batches: Any
    tally: Tally
    is_training: bool = False

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for inputs, targets in self.batches:
            if self.is_training:
                self.tally.num_trained += len(inputs)
            else:
                self.tally.num_evaluated += len(inputs)
            yield inputs, targets

    @property
    def images(self) -> Images:
        """As `EvaluationBatches` has them."""
        images: Images = self.batches.images
        return images

    @property
    def batch_size(self) -> int:
        """Likewise."""
        return int(self.batches.batch_size)


@dataclass(frozen=True)
class Workload:
    """The plan with its images; every arm gets the same."""

    plan: AblationPlan
    files: Files
    device: torch.device
    criterion: nn.Module = field(default_factory=nn.CrossEntropyLoss)

    @cached_property
    def images(self) -> dict[str, Images]:
        """Each split's, on the device."""
        return {
            split: Images(read_part(self.files, split), BY, self.device)
            for split in ("train", "val", "test")
        }

    def network(self) -> nn.Module:
        """Return the untrained network, always the same."""
        network = build_network(self.plan.architecture, channels=3, num_classes=2, seed=0)
        return network.to(self.device)

    def train_batches(self, tally: Tally) -> Counted:
        """Return the engine's own augmented batches from their beginning."""
        batch_size = self.plan.batch_size
        batches = TrainBatches(self.images["train"], AUGMENT, batch_size=batch_size, seed=0)
        return Counted(batches, tally, is_training=True)

    def evaluation_batches(self, split: str, tally: Tally, batch_size: int) -> Counted:
        """Return a split in order."""
        return Counted(EvaluationBatches(self.images[split], batch_size), tally)

    def hyper_parameters(self) -> dict[str, Any]:
        """Return Condensa's, after its own examples."""
        return {
            "steps": self.plan.cycles, "lr": 0.01, "lr_end": 1e-4,
            "mb_iterations_per_l": self.plan.steps, "mb_iterations_first_l": self.plan.steps,
            "mu_init": 1e-3, "mu_multiplier": 1.1, "mu_cap": 10_000,
            "l_optimizer_params": {"momentum": 0.95, "weight_decay": 0.0},
        }  # fmt: skip

    def count_flops(self) -> tuple[float, float]:
        """Count multiplications and additions for one image: trained on, and evaluated."""
        network = self.network().eval()
        inputs = torch.zeros(2, 3, self.plan.size, self.plan.size, device=self.device)
        labels = torch.zeros(2, dtype=torch.long, device=self.device)
        with FlopCounterMode(display=False) as forward, torch.no_grad():
            network(inputs)
        with FlopCounterMode(display=False) as both:
            self.criterion(network(inputs), labels).backward()
        return both.get_total_flops() / 2, forward.get_total_flops() / 2


def digest_of(network: nn.Module) -> str:
    """Return a checksum over all parameters and buffers."""
    found = hashlib.sha256()
    for tensor in state_of(network).values():
        found.update(tensor.numpy().tobytes())
    return found.hexdigest()[:16]
