"""The work that every variant does, and counts of the images it used."""

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
from medtui.engine.training.augmentation import Normalisation
from medtui.engine.training.batches import EvaluationBatches, Images, TrainBatches
from medtui.engine.training.network import build_network, state_of
from medtui.preset.augmenting import Augment

DENSITY = 0.1

EVALUATION_BATCH = 1024
"""medtui's default; stock Condensa evaluates with the training's batch size."""

BY = Normalisation((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))

AUGMENT = Augment(
    flip_horizontal=True, flip_vertical=True, rotation_degrees=10.0,
    brightness=0.2, contrast=0.2, saturation=0.2, hue=0.02,
)  # fmt: skip
"""The augmentation of the malaria card."""


@dataclass
class ImageCounts:
    """Number of images that a variant trained on and evaluated."""

    num_trained: int = 0
    num_evaluated: int = 0


@dataclass(frozen=True, eq=False)  # one evaluation's predictions are found by its batches
class Counted:
    """A loader that counts its images, for training or for evaluation."""

    batches: Any
    counts: ImageCounts
    is_training: bool = False

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for inputs, targets in self.batches:
            if self.is_training:
                self.counts.num_trained += len(inputs)
            else:
                self.counts.num_evaluated += len(inputs)
            yield inputs, targets

    @property
    def images(self) -> Images:
        """The images of `EvaluationBatches`."""
        images: Images = self.batches.images
        return images

    @property
    def batch_size(self) -> int:
        """The batch size of `EvaluationBatches`."""
        return int(self.batches.batch_size)


@dataclass(frozen=True)
class Workload:
    """The plan with its images; the same for every variant."""

    plan: AblationPlan
    files: Files
    device: torch.device
    criterion: nn.Module = field(default_factory=nn.CrossEntropyLoss)

    @cached_property
    def images(self) -> dict[str, Images]:
        """Images of each split, on the device."""
        return {
            split: Images(read_part(self.files, split), BY, self.device)
            for split in ("train", "val", "test")
        }

    def network(self) -> nn.Module:
        """Return the untrained network, with the same weights each time."""
        network = build_network(self.plan.architecture, channels=3, num_classes=2, seed=0)
        return network.to(self.device)

    def train_batches(self, counts: ImageCounts) -> Counted:
        """Return medtui's augmented train batches, beginning with epoch 0."""
        batch_size = self.plan.batch_size
        batches = TrainBatches(self.images["train"], AUGMENT, batch_size=batch_size, seed=0)
        return Counted(batches, counts, is_training=True)

    def evaluation_batches(self, split: str, counts: ImageCounts, batch_size: int) -> Counted:
        """Return the batches of a split in order."""
        return Counted(EvaluationBatches(self.images[split], batch_size), counts)

    def hyper_parameters(self) -> dict[str, Any]:
        """Return Condensa's hyperparameters, as in its examples."""
        return {
            "steps": self.plan.cycles, "lr": 0.01, "lr_end": 1e-4,
            "mb_iterations_per_l": self.plan.steps, "mb_iterations_first_l": self.plan.steps,
            "mu_init": 1e-3, "mu_multiplier": 1.1, "mu_cap": 10_000,
            "l_optimizer_params": {"momentum": 0.95, "weight_decay": 0.0},
        }  # fmt: skip

    def count_flops(self) -> tuple[float, float]:
        """Return the operations for one image: in training, and in evaluation."""
        network = self.network().eval()
        inputs = torch.zeros(2, 3, self.plan.size, self.plan.size, device=self.device)
        labels = torch.zeros(2, dtype=torch.long, device=self.device)
        with FlopCounterMode(display=False) as forward, torch.no_grad():
            network(inputs)
        with FlopCounterMode(display=False) as both:
            self.criterion(network(inputs), labels).backward()
        return both.get_total_flops() / 2, forward.get_total_flops() / 2


def digest_of(network: nn.Module) -> str:
    """Return a checksum of all parameters and buffers."""
    found = hashlib.sha256()
    for tensor in state_of(network).values():
        found.update(tensor.numpy().tobytes())
    return found.hexdigest()[:16]
