"""What a run has at hand while it lives: its folder, data on the device, log and stop flag."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medtui.datasets.dataset import Dataset
from medtui.engine.lc.state import Criterion
from medtui.engine.precision import EXACT, fast_arithmetic
from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.run.checkpoint import (
    Checkpoint,
    CheckpointStore,
    SavedState,
    prefixed,
    unprefixed,
)
from medtui.engine.run.device import generators_of, restore_generators
from medtui.engine.run.provenance import fingerprint
from medtui.engine.training.batches import EvaluationBatches, Images, TrainBatches, normalisation_of
from medtui.engine.training.evaluation import Evaluator
from medtui.engine.training.network import state_of
from medtui.errors import MedtuiError
from medtui.events import CheckpointWritten, Noted, StepsAdvanced
from medtui.preset import Cell, Preset
from medtui.runs.atomic_file import publish_bytes
from medtui.runs.folder import RunFolder
from medtui.runs.log_writer import EventWriter
from medtui.runs.result import Upkeep

_GENERATORS = "generator"
"""Prefix of torch's own generators in a checkpoint."""

EXPLODED_LOSS = 1e4
"""A mean loss beyond this is no training: chance has ln K, below 10 for any number of classes K."""

_GPU_LOSS_CHECK = 20
"""Steps between looks at the loss on a GPU, where each look waits for it."""


class StopRequested(Exception):
    """The run was asked to stop and has written its checkpoint."""


class Diverged(MedtuiError):
    """The loss is no finite number any more, or none that training comes back from."""


@dataclass
class StopFlag:
    """Set by a signal, looked at after each step."""

    reason: str = ""
    """Why the run shall stop; empty while it shall not."""


@dataclass
class Session:
    """One worker's work on one run."""

    folder: RunFolder
    preset: Preset
    cell: Cell | None
    """None for the reference."""
    device: torch.device
    dataset: Dataset
    log: EventWriter
    stop: StopFlag
    checkpoints: CheckpointStore
    restored: Checkpoint | None = None
    """Where an earlier session left off; consumed by the stage it belongs to."""
    warnings: list[str] = field(default_factory=list)
    """Sentences that belong into the result."""

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        by = normalisation_of(self.dataset)
        self.train_images = Images(self.dataset.train, by, self.device)
        batch = self.preset.evaluate.batch_size
        self.val = EvaluationBatches(Images(self.dataset.val, by, self.device), batch)
        self.test = EvaluationBatches(Images(self.dataset.test, by, self.device), batch)
        self.train_in_order = EvaluationBatches(self.train_images, batch)
        self.criterion: Criterion = criterion_of(self.dataset, self.device)
        self.is_fast = self.cell is not None and self.preset.lc.mode == "fast"
        asked = self.preset.lc.fast_precision
        self.arithmetic = fast_arithmetic(self.device, asked) if self.is_fast else EXACT
        self.evaluator = Evaluator(self.dataset.task, self.device, self.val, self.arithmetic)

    @property
    def seed(self) -> int:
        """Seed of the run's data order and augmentation."""
        return self.cell.seed if self.cell else self.preset.reference.seed

    @property
    def image_shape(self) -> ImageShape:
        """Channels, height and width of the images."""
        return (self.dataset.channels, self.dataset.size, self.dataset.size)

    def train_batches(self, batch_size: int) -> TrainBatches:
        """Return augmented train batches from their beginning."""
        return TrainBatches(
            self.train_images, self.dataset.augment, batch_size=batch_size, seed=self.seed
        )

    def warn(self, sentence: str) -> None:
        """Tell people something that belongs into the result as well."""
        if sentence in self.warnings:
            return
        self.warnings.append(sentence)
        self.log.write(Noted(sentence, "warning"))

    def take_restored(self, stage: str) -> Checkpoint | None:
        """Return the checkpoint if it belongs to `stage`, once."""
        if self.restored is None or self.restored.state.stage != stage:
            return None
        checkpoint, self.restored = self.restored, None
        restore_generators(unprefixed(_GENERATORS, checkpoint.tensors), self.device)
        return checkpoint

    def try_batch(self, model: nn.Module, batch_size: int) -> None:
        """Compute a step's loss and gradients for so many images, to see whether memory holds."""
        inputs, targets = next(iter(self.train_batches(batch_size)))
        loss = self.criterion(model(inputs), targets)
        loss.backward()  # type: ignore[no-untyped-call] # torch's own

    @property
    def upkeep(self) -> Upkeep:
        """What log and checkpoints have taken of this session so far."""
        elapsed = time.monotonic() - self._began
        return Upkeep(elapsed, self.log.seconds, self.checkpoints.seconds)

    def save_model(self, model: nn.Module) -> None:
        """Write the run's weights, each in its own type.

        Raises:
            OSError: the disk is full; earlier weights are as they were.
        """
        publish_bytes(self.folder.model, safetensors.torch.save(state_of(model)))

    def save_checkpoint(
        self, stage: str, cycle: int, step: int, values: dict[str, Any], tensors: dict[str, Tensor]
    ) -> None:
        """Write a checkpoint and say so in the log."""
        began = time.monotonic()
        state = SavedState(
            stage,
            cycle,
            step,
            values,
            fingerprint(self.device, self.arithmetic if self.is_fast else None),
            list(self.warnings),
        )
        generators = prefixed(_GENERATORS, generators_of(self.device))
        num_bytes = self.checkpoints.save(state, tensors | generators)
        self.log.write(CheckpointWritten(cycle, step, num_bytes, time.monotonic() - began))


def criterion_of(dataset: Dataset, device: torch.device) -> Criterion:
    """Return cross-entropy, or its binary form for each class, weighted as the card says."""
    weights = torch.tensor(dataset.class_weights, dtype=torch.float32, device=device)
    if dataset.task == "multi":
        return lambda logits_NK, labels_NK: F.binary_cross_entropy_with_logits(
            logits_NK, labels_NK, pos_weight=weights
        )
    weight = None if bool((weights == weights[0]).all()) else weights
    return lambda logits_NK, labels_N: F.cross_entropy(logits_NK, labels_N, weight=weight)


class StepMeter:
    """Watches the steps of a stage: tells the log about once a second, finds a diverged loss."""

    def __init__(
        self,
        log: EventWriter,
        device: torch.device,
        *,
        interval: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._check_every = _GPU_LOSS_CHECK if device.type == "cuda" else 1
        self._interval = interval
        self._clock = clock
        self._sum: Tensor | None = None
        self._num_steps = self._num_images = self._num_seen = 0
        self._since = clock()

    def add(self, cycle: int, step: int, steps: int, loss: Tensor, num_images: int) -> None:
        """Count a step.

        Raises:
            Diverged: the loss is not finite, or beyond `EXPLODED_LOSS`.
        """
        self._num_seen += 1
        self._sum = loss if self._sum is None else self._sum + loss
        self._num_steps += 1
        self._num_images += num_images
        if self._num_seen % self._check_every == 0:
            mean = float(self._sum) / self._num_steps
            if not mean < EXPLODED_LOSS:
                raise Diverged(
                    f"The loss became {float(loss):.3g} at cycle {cycle}, step {step}.",
                    hint="Lower the learning rate (lc.lr, reference.lr), or mu_multiplier.",
                )
        elapsed = self._clock() - self._since
        if elapsed >= self._interval:
            mean = float(self._sum) / self._num_steps
            rate = self._num_images / elapsed
            self._log.write(StepsAdvanced(cycle, step, steps, mean, rate))
            self.restart()

    def restart(self) -> None:
        """Leave the time since the last step out of the next rate."""
        self._sum, self._num_steps, self._num_images = None, 0, 0
        self._since = self._clock()
