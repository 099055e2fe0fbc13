"""The session of a run: its folder, data on the device, event log, checkpoints and stop flag."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from medtui.datasets.dataset import Dataset
from medtui.engine.lc.state import Criterion
from medtui.engine.precision import EXACT, Precision
from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.run.checkpoint import (
    Checkpoint,
    CheckpointStore,
    prefixed,
    unprefixed,
)
from medtui.engine.run.device import generators_of, restore_generators
from medtui.engine.run.kept_predictions import KeptPredictions
from medtui.engine.run.provenance import fingerprint
from medtui.engine.run.run_precision import precision_of_results, unmeasured_precision
from medtui.engine.run.stopping import StopFlag
from medtui.engine.training.batches import EvaluationBatches, Images, TrainBatches, normalisation_of
from medtui.engine.training.evaluation import Evaluator
from medtui.engine.training.loss import criterion_of
from medtui.engine.training.network import state_of
from medtui.engine.training.recording import CudaGraphs, Recorder
from medtui.errors import MedtuiError
from medtui.events import CheckpointWritten, Noted, StepsAdvanced
from medtui.metrics.none_class import NoneClass
from medtui.metrics.thresholds import Decision
from medtui.preset import Cell, Preset
from medtui.runs.atomic_file import publish_bytes
from medtui.runs.checkpoint_files import SavedState
from medtui.runs.folder import RunFolder
from medtui.runs.log.writer import EventWriter
from medtui.runs.result import Overhead

_GENERATORS = "generator"
"""Prefix of the states of torch's global generators in a checkpoint."""

MAX_LOSS = 1e4
"""A larger mean loss counts as diverged. Random guessing has ln K for K classes, which is below 10
for every K that occurs."""

_GPU_LOSS_CHECK = 20
"""Steps between checks of the loss on a GPU, where each check waits for the device."""


class Diverged(MedtuiError):
    """The loss is not finite, or too large for training to recover."""


@dataclass
class Session:
    """One worker process's execution of one run."""

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
    """Checkpoint of an earlier session; the stage that it belongs to takes it."""
    chosen_precision: Precision | None = None
    """Precision of the run; None takes what the preset and the hardware's features decide."""
    warnings: list[str] = field(default_factory=list)
    """Warnings that the result will contain."""

    kept: KeptPredictions = field(default_factory=KeptPredictions)
    """Predictions of the model that is kept so far; none in fast mode."""

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        by = normalisation_of(self.dataset)
        self.train_images = Images(self.dataset.train, by, self.device)
        batch = self.preset.evaluate.batch_size
        self.val = EvaluationBatches(Images(self.dataset.val, by, self.device), batch)
        self.test: EvaluationBatches | None = None
        """None where test is sealed: no image of it is on the device."""
        if not self.preset.evaluate.sealed:
            self.test = EvaluationBatches(Images(self.dataset.test, by, self.device), batch)
        self.train_in_order = EvaluationBatches(self.train_images, batch)
        self.criterion: Criterion = criterion_of(self.dataset, self.device)
        self.precision = self.chosen_precision or unmeasured_precision(
            self.preset, self.device, is_compression=self.is_compression
        )
        self.is_fast = self.precision is not EXACT
        none = self.none_class.columns(self.dataset.classes) if self.none_class else None
        self.evaluator = Evaluator(
            self.dataset.task, self.device, self.val, self.precision, self.dataset.positive,
            Decision(self.preset.evaluate.thresholds, none),
        )  # fmt: skip

    @property
    def none_class(self) -> NoneClass | None:
        """The class that is answered only where no other is; None where there is none."""
        is_exclusive = self.preset.evaluate.none_class == "exclusive"
        return self.dataset.none_class if is_exclusive else None

    @property
    def is_compression(self) -> bool:
        """Whether a reference is compressed, and no network is trained by itself."""
        return self.cell is not None and not self.cell.is_scratch

    @property
    def seed(self) -> int:
        """Seed of the run's data order and augmentation."""
        return self.cell.seed if self.cell else self.preset.reference.seed

    @property
    def training_precision(self) -> Precision:
        """Precision of training and recalibration: the L step alone can be in fast mode."""
        return self.precision if self.preset.is_fast else EXACT

    @property
    def recorder(self) -> Recorder | None:
        """What records steps and batches on a GPU in fast mode; None where they are called."""
        return (CudaGraphs(), self.warn) if self.is_fast and self.device.type == "cuda" else None

    @property
    def result_precision(self) -> Precision:
        """Precision of what is stored: float32 also in fast mode."""
        return precision_of_results(self.device, self.training_precision)

    @property
    def image_shape(self) -> ImageShape:
        """Channels, height and width of the images."""
        return (self.dataset.channels, self.dataset.size, self.dataset.size)

    def train_batches(self, batch_size: int) -> TrainBatches:
        """Return augmented train batches, beginning with epoch 0."""
        return TrainBatches(
            self.train_images, self.dataset.augment, batch_size=batch_size, seed=self.seed,
            recorder=self.recorder,
        )  # fmt: skip

    def warn(self, sentence: str) -> None:
        """Write a warning to the log, once, and keep it for the result."""
        if sentence in self.warnings:
            return
        self.warnings.append(sentence)
        self.log.write(Noted(sentence, "warning"))

    def keep_predictions(self, model: nn.Module) -> None:
        """Keep val's and test's predictions of a model that was just evaluated, and is kept."""
        self.kept = self.latest_predictions(model)

    def latest_predictions(self, model: nn.Module) -> KeptPredictions:
        """Return the predictions of a model that was just evaluated on val.

        None in fast mode, whose evaluations differ from the result's.
        """
        latest = self.evaluator.latest
        if self.precision is not EXACT:
            return KeptPredictions()
        splits = (self.val, self.test)
        found = {each: latest[each] for each in splits if each is not None and each in latest}
        return KeptPredictions.of(model, found)

    def take_restored(self, stage: str) -> Checkpoint | None:
        """Return the restored checkpoint if it belongs to `stage`; None the second time."""
        if self.restored is None or self.restored.state.stage != stage:
            return None
        checkpoint, self.restored = self.restored, None
        restore_generators(unprefixed(_GENERATORS, checkpoint.tensors), self.device)
        return checkpoint

    def try_batch(self, model: nn.Module, batch_size: int) -> None:
        """Compute loss and gradients for `batch_size` images, to test whether they fit."""
        inputs, targets = next(iter(self.train_batches(batch_size)))
        loss = self.criterion(model(inputs), targets)
        loss.backward()  # type: ignore[no-untyped-call] # torch's own

    @property
    def overhead(self) -> Overhead:
        """Seconds that the log and checkpoints have taken of this session so far."""
        elapsed = time.monotonic() - self._began
        return Overhead(elapsed, self.log.seconds, self.checkpoints.seconds)

    def publish(self, path: Path, content: bytes) -> None:
        """Replace a file of the run atomically.

        Raises:
            OSError: the disk is full; the file is unchanged.
            Superseded: another process has taken the run over; the file is unchanged.
        """
        publish_bytes(path, content, self.log.fence)

    def save_model(self, model: nn.Module) -> bytes:
        """Write the run's weights in their own types; return the content of the file.

        Raises:
            OSError: the disk is full; earlier weights are unchanged.
        """
        content = safetensors.torch.save(state_of(model))
        self.publish(self.folder.model, content)
        return content

    def save_checkpoint(
        self, stage: str, cycle: int, step: int, values: dict[str, Any], tensors: dict[str, Tensor]
    ) -> None:
        """Write a checkpoint and its event, on a GPU while the run goes on."""
        state = SavedState(
            stage,
            cycle,
            step,
            values,
            fingerprint(self.device, self.precision),
            list(self.warnings),
        )
        generators = prefixed(_GENERATORS, generators_of(self.device))

        def written(num_bytes: int, seconds: float) -> None:
            self.log.write(CheckpointWritten(cycle, step, num_bytes, seconds))

        self.checkpoints.submit(state, tensors | generators, written)


class StepMeter:
    """Counts the steps of a stage: logs their mean loss once a second, detects divergence."""

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
        """Count a step; `loss` is 0-d on the device.

        Raises:
            Diverged: the loss is not finite, or beyond `MAX_LOSS`.
        """
        self._num_seen += 1
        self._sum = loss if self._sum is None else self._sum + loss
        self._num_steps += 1
        self._num_images += num_images
        if self._num_seen % self._check_every == 0:
            mean = float(self._sum) / self._num_steps
            if not mean < MAX_LOSS:
                raise Diverged(
                    f"The loss became {float(loss):.3g} at cycle {cycle}, step {step}.",
                    hint="Lower the learning rate (lc.lr or reference.lr) or lc.mu_multiplier.",
                )
        elapsed = self._clock() - self._since
        if elapsed >= self._interval:
            mean = float(self._sum) / self._num_steps
            rate = self._num_images / elapsed
            self._log.write(StepsAdvanced(cycle, step, steps, mean, rate))
            self.restart()

    def restart(self) -> None:
        """Start a new interval, so that time between steps is not counted."""
        self._sum, self._num_steps, self._num_images = None, 0, 0
        self._since = self._clock()
