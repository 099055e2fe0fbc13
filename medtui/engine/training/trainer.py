"""Training by SGD: of the reference, and of the compressed model after L-C (fine-tuning).

It can resume at any step: order, augmentation, schedule and momentum are restored bit for bit.
"""

import math
import sys
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from medtui.engine.lc.state import Statistics
from medtui.engine.run.checkpoint import Checkpoint, prefixed, unprefixed
from medtui.engine.run.out_of_memory import Batch, run_or_explain
from medtui.engine.run.session import Diverged, Session, StepMeter
from medtui.engine.run.stopping import StopRequested
from medtui.engine.training.batches import TrainBatches
from medtui.engine.training.network import head_parameters, num_bytes, restore_state, state_of
from medtui.engine.training.step import TrainingStep
from medtui.events import CycleEnded, StageStarted
from medtui.preset import Preset, test_every

_MID_EPOCH_STEPS = 50
"""Steps between checks whether a checkpoint within an epoch is due."""


@dataclass(frozen=True)
class TrainingPlan:
    """The hyperparameters of a training stage."""

    stage: str
    """`reference` or `finetune`."""
    epochs: int
    batch_size: int
    lr: float
    """Peak learning rate."""
    momentum: float
    """Nesterov momentum."""
    weight_decay: float
    is_last_kept: bool = False
    """Whether the last epoch is kept, and not that of the lowest val loss."""
    freeze_epochs: int = 0
    """First epochs in which the layer of the classes alone trains."""

    @classmethod
    def of_reference(cls, preset: Preset) -> "TrainingPlan":
        """Return the plan of a preset's reference."""
        chosen = preset.reference
        return cls(
            "reference", chosen.epochs, chosen.batch_size, chosen.lr, chosen.momentum,
            chosen.weight_decay, chosen.keep == "last",
        )  # fmt: skip

    @classmethod
    def of_finetuning(cls, preset: Preset) -> "TrainingPlan":
        """Return the plan of a preset's fine-tuning after the last cycle, without weight decay."""
        lc, guard = preset.lc, preset.guard
        epochs = guard.finetune_epochs or 0
        return cls("finetune", epochs, lc.batch_size, guard.finetune_lr, lc.momentum, 0.0)

    @property
    def batch_key(self) -> str:
        """The preset's key of the batch size."""
        return "reference.batch_size" if self.stage == "reference" else "lc.batch_size"

    def learning_rate(self, step: int, steps_per_epoch: int) -> float:
        """Return the learning rate of a step, counted from 0 over all epochs.

        It rises linearly to the peak over the first epoch, unless there is only one, and then falls
        along a cosine to zero.
        """
        num_warming = steps_per_epoch if self.epochs > 1 else 0
        if step < num_warming:
            return self.lr * (step + 1) / num_warming
        share = (step - num_warming) / (self.epochs * steps_per_epoch - num_warming)
        return self.lr * 0.5 * (1 + math.cos(math.pi * share))


@dataclass
class TrainingState:
    """The complete state of a training; a checkpoint stores all of it."""

    model: nn.Module
    best: nn.Module
    epoch: int = 0
    """Epochs completed."""
    step: int = 0
    """Steps completed in the current epoch."""
    best_loss: float = sys.float_info.max
    best_epoch: int = -1


def train(
    session: Session,
    model: nn.Module,
    plan: TrainingPlan,
    masks: Mapping[str, Tensor] | None = None,
) -> tuple[nn.Module, int]:
    """Train `model`; return the model of the epoch that the plan keeps, and that epoch.

    `masks` maps parameter names to 0/1 tensors; weights with 0 are set to zero after every step.

    Raises:
        StopRequested: a stop was requested; the checkpoint is written.
        Diverged: the loss is not finite.
        OutOfMemory: a batch does not fit into memory.
    """
    training = _Training(session, model, plan, dict(masks or {}))
    batch = Batch(plan.batch_key, plan.batch_size, partial(session.try_batch, model))
    try:
        return run_or_explain(training.run, batch)
    except Diverged as error:
        raise Diverged(f"{error.message} {training.save_best()}", hint=error.hint) from error


class _Training:
    def __init__(
        self, session: Session, model: nn.Module, plan: TrainingPlan, masks: dict[str, Tensor]
    ) -> None:
        self._session = session
        self._plan = plan
        self._masks = masks
        self._batches = session.train_batches(plan.batch_size)
        self._state = TrainingState(model, deepcopy(model))
        self._meter = StepMeter(session.log, session.device)

    def run(self) -> tuple[nn.Module, int]:
        state, plan = self._state, self._plan
        self._begin(self._session.take_restored(plan.stage))
        self._session.checkpoints.expect(3 * num_bytes(state.model))  # model, momentum, best
        self._session.log.write(StageStarted(plan.stage, plan.epochs, len(self._batches)))
        while state.epoch < plan.epochs:
            began = time.monotonic()
            self._epoch()
            self._measure(began)
            state.epoch += 1
            state.step = 0
            if self._session.checkpoints.is_due:
                self._save()
        if state.best_epoch < 0:
            raise Diverged("No epoch had a finite val loss.", hint="Lower the learning rate.")
        return state.best, state.best_epoch

    def _begin(self, checkpoint: Checkpoint | None) -> None:
        """Load a checkpoint, if there is one, and build the step on what is trained then."""
        session, plan, state = self._session, self._plan, self._state
        if checkpoint is not None:
            self._restore(checkpoint)
        self._step = TrainingStep(
            state.model, session.criterion, session.image_shape, session.training_precision,
            momentum=plan.momentum, weight_decay=plan.weight_decay, masks=self._masks,
            recorder=session.recorder,
        )  # fmt: skip
        if checkpoint is not None:
            self._step.restore(unprefixed("momentum", checkpoint.tensors))

    def save_best(self) -> str:
        """Save the best reference of an unfinished run; return a sentence that names its epoch.

        Fine-tuning does not overwrite L-C's best theta.
        """
        state = self._state
        if self._plan.stage != "reference":
            return "The model from before fine-tuning was saved."
        if state.best_epoch < 0:
            return "No trained model was saved."
        self._session.save_model(state.best)
        return f"The best model so far (epoch {state.best_epoch}) was saved."

    def _epoch(self) -> None:
        state, batches = self._state, self._batches
        self._step.network.train()
        self._freeze(is_frozen=state.epoch < self._plan.freeze_epochs)
        self._meter.restart()
        batches.begin_epoch(state.epoch, state.step)
        for inputs, targets in batches:
            loss = self._step(inputs, targets, self._learning_rate(state.step))
            state.step += 1
            self._meter.add(state.epoch + 1, state.step, len(batches), loss, len(inputs))
            self._check_stop_and_checkpoint(batches)
        self._freeze(is_frozen=False)

    def _freeze(self, *, is_frozen: bool) -> None:
        """Freeze all parameters but the head's, or none; frozen ones have no gradient."""
        heads = head_parameters(self._state.model)
        for name, parameter in self._step.network.named_parameters():
            parameter.requires_grad_(not is_frozen or name in heads)

    def _learning_rate(self, step: int) -> float:
        """Return the learning rate of a step of the current epoch."""
        per_epoch = len(self._batches)
        return self._plan.learning_rate(self._state.epoch * per_epoch + step, per_epoch)

    def _check_stop_and_checkpoint(self, batches: TrainBatches) -> None:
        """Stop if requested; write a checkpoint within a long epoch if one is due."""
        state = self._state
        if reason := self._session.stop.reason:
            self._save()
            self._session.checkpoints.wait()
            self.save_best()
            raise StopRequested(reason)
        is_inside = state.step < len(batches)
        if is_inside and state.step % _MID_EPOCH_STEPS == 0 and self._session.checkpoints.is_due:
            self._save()

    def _measure(self, began: float) -> None:
        state, session = self._state, self._session
        val = session.evaluator(state.model, session.criterion, session.val)
        test: Statistics | None = None
        is_last = state.epoch == self._plan.epochs - 1
        is_due = state.epoch % test_every(session.preset, is_compression=False) == 0 or is_last
        if session.test is not None and is_due:
            test = session.evaluator(state.model, session.criterion, session.test)
        # A loss that is not finite is never kept, so that there is a model to fall back on.
        limit = sys.float_info.max if self._plan.is_last_kept else state.best_loss
        is_best = val[0] < limit
        if is_best:
            state.best_loss, state.best_epoch = val[0], state.epoch + 1
            # In the order of memory in which a checkpoint restores it: logits depend on it.
            state.best = deepcopy(state.model).to(memory_format=torch.contiguous_format)
            session.keep_predictions(state.best)
        session.log.write(
            CycleEnded(
                cycle=state.epoch + 1,
                val=val[1],
                test=test[1] if test else {},
                lr=self._learning_rate(state.step - 1),
                seconds=time.monotonic() - began,
                is_best=is_best,
                are_logits_constant=session.evaluator.is_constant,
            )
        )

    def _save(self) -> None:
        state = self._state
        values: dict[str, Any] = {"best_loss": state.best_loss, "best_epoch": state.best_epoch}
        tensors = prefixed("model", state_of(state.model)) | prefixed(
            "momentum", self._step.momenta
        )
        tensors |= prefixed("best", state_of(state.best))
        self._session.save_checkpoint(self._plan.stage, state.epoch, state.step, values, tensors)

    def _restore(self, checkpoint: Checkpoint) -> None:
        state, saved = self._state, checkpoint.state
        restore_state(state.model, unprefixed("model", checkpoint.tensors))
        restore_state(state.best, unprefixed("best", checkpoint.tensors))
        state.epoch, state.step = saved.cycle, saved.step
        state.best_loss = saved.values["best_loss"]
        state.best_epoch = saved.values["best_epoch"]
