"""Compression of the reference with Condensa: logged, checkpointed and resumable."""

import math
import time
from copy import deepcopy
from functools import partial
from typing import Any, NamedTuple

import condensa
from torch import Tensor, nn

from medtui.engine.lc import stored_state
from medtui.engine.lc.direct import DirectScheme, FixedScheme, apply_masks, masks_like
from medtui.engine.lc.fast_mode import mode_arguments
from medtui.engine.lc.hyper_parameters import hyper_parameters
from medtui.engine.lc.loop import LC
from medtui.engine.lc.penalty_budget import LOW_BUDGET, penalty_budget
from medtui.engine.lc.recalibration import recalibrate_theta
from medtui.engine.lc.state import CycleMeasurement, LcState, Statistics
from medtui.engine.lc.unreachable import remove_unreachable
from medtui.engine.pruning.density_check import check_density
from medtui.engine.pruning.model_size import layer_densities, overall_density
from medtui.engine.pruning.operations import CondensaScheme
from medtui.engine.pruning.reachable_weights import Taps, density_reachable
from medtui.engine.pruning.schemes import (
    build_scheme,
    operators_of,
    set_density,
    warmup_density,
)
from medtui.engine.run.out_of_memory import Batch, run_or_explain
from medtui.engine.run.session import Diverged, Session, StepMeter
from medtui.engine.run.stopping import StopRequested
from medtui.engine.training.network import num_bytes
from medtui.events import CycleEnded, Noted, StageStarted
from medtui.preset import GuardSettings, LcSettings, test_every, tunes_last
from medtui.runs.convergence import disagreement

STAGE = "compress"

_MID_CYCLE_STEPS = 50
"""Steps between checks whether a checkpoint within a cycle is due."""


class Compressed(NamedTuple):
    """What a compression ends with."""

    theta: nn.Module
    """The theta with the lowest val loss."""
    cycle: int
    """Its cycle."""
    last: nn.Module | None
    """The last cycle's theta where it is another one, is asked for and has a finite val loss."""


def compress(session: Session, w: nn.Module) -> tuple[nn.Module, int]:
    """Compress `w`; return the theta with the lowest val loss, and its cycle."""
    done = compress_fully(session, w)
    return done.theta, done.cycle


def compress_fully(session: Session, w: nn.Module) -> Compressed:
    """Compress `w`; return the best theta and, where the preset asks for it, the last one.

    Raises:
        StopRequested: the run was asked to stop; its checkpoint is written.
        Diverged: a loss is not finite, or no cycle had a finite val loss.
        OutOfMemory: a batch does not fit into memory.
        TooDense: theta keeps more than the requested density.
    """
    assert session.cell is not None, "the reference is trained, not compressed"
    cell, settings = session.cell, session.preset.lc
    guard = session.preset.guard if session.preset.compress.guard == "on" else None
    scheme = build_scheme(cell.scheme, cell.density, guard, session.image_shape)
    taps = remove_unreachable(session, scheme, w)
    direct = DirectScheme(scheme, w) if cell.scheme.direct else None
    fixed = FixedScheme(scheme, w) if cell.scheme.is_by_flow and not direct else direct
    if direct:
        session.log.write(Noted("direct compression: what is left is trained without a penalty"))
    else:
        _warn_of_low_budget(session, settings)
    callbacks = _Callbacks(session, scheme, taps, direct.masks if direct else None)
    engine = _engine(session, callbacks, guard)
    session.checkpoints.expect(len(stored_state.MODELS) * num_bytes(w))
    session.log.write(StageStarted(STAGE, settings.cycles, settings.steps))
    compressor = condensa.Compressor(
        engine, fixed or scheme, w, callbacks.batches, session.test, session.val, session.criterion
    )
    batch = Batch("lc.batch_size", settings.batch_size, partial(session.try_batch, w))
    try:
        best: nn.Module = run_or_explain(compressor.run, batch)
    except Diverged as error:
        raise Diverged(f"{error.message} {callbacks.save_best()}", hint=error.hint) from error
    if callbacks.best_cycle is None:
        raise Diverged(
            "No cycle had a finite val loss. No compressed model was saved.",
            hint="Lower lc.lr or lc.mu_init.",
        )
    last = None if callbacks.best_cycle == settings.cycles - 1 else callbacks.last
    for theta in (best, last):
        if theta is not None:
            check_density(theta, cell, scheme)
    return Compressed(best, callbacks.best_cycle, last)


def _engine(session: Session, callbacks: "_Callbacks", guard: GuardSettings | None) -> LC:
    evaluate = session.preset.evaluate
    return LC(
        callbacks=callbacks,
        device=session.device,
        restore=callbacks.restore,
        test_every=test_every(session.preset, is_compression=True),
        first_eligible=guard.warmup_cycles if guard and not callbacks.is_direct else 0,
        **hyper_parameters(session.preset.lc, is_direct=callbacks.is_direct),
        debugging_flags={
            "custom_model_statistics": callbacks.statistics,
            "disable_train_stats": not evaluate.train_split,
        },
        **mode_arguments(session),
    )


def _warn_of_low_budget(session: Session, settings: LcSettings) -> None:
    budget = penalty_budget(settings)
    session.log.write(Noted(f"penalty budget B = {budget:.2f}"))
    if budget < LOW_BUDGET and settings.cycles > 1:
        suggested = settings.mu_init * 10 / budget
        session.warn(
            f"The penalty budget is low ({budget:.2f}): w will not converge to theta, and the "
            f"result will be close to direct compression. Set lc.mu_init = {suggested:.2g} for a "
            "budget of 10."
        )


class _Callbacks:
    """Recalibrates BatchNorm, writes events and checkpoints, and stops an L-C run on request.

    `masks`, of direct compression alone, are applied to w after each step.
    """

    def __init__(
        self,
        session: Session,
        scheme: CondensaScheme,
        taps: Taps,
        masks: dict[str, Tensor] | None,
    ) -> None:
        self._masks = masks
        self.batches = session.train_batches(session.preset.lc.batch_size)
        self.best_cycle: int | None = None
        self.last: nn.Module | None = None
        self._session = session
        self._scheme = scheme
        self._taps = taps
        self._meter = StepMeter(session.log, session.device)
        self._cycle_began = time.monotonic()
        self._w_val: Statistics | None = None
        self._state: LcState | None = None
        self._warm(0)

    @property
    def is_direct(self) -> bool:
        """Whether w was compressed before the first cycle, and is trained without a penalty."""
        return self._masks is not None

    def statistics(self, model: nn.Module, criterion: Any, batches: Any) -> Statistics:  # noqa: ANN401 - as Condensa calls it
        """Return the metrics of `model` on a loader; the train split without augmentation."""
        if batches is self.batches:
            batches = self._session.train_in_order
        return self._session.evaluator(model, criterion, batches)

    def prepare(self, state: LcState) -> None:
        """Evaluate w on val if it is due, then recalibrate theta's BatchNorm statistics."""
        session = self._session
        is_last = state.cycle == session.preset.lc.cycles - 1
        self._w_val = None
        if state.cycle % session.preset.evaluate.w_every == 0 or is_last:
            self._w_val = session.evaluator(state.w, session.criterion, session.val)
        if session.preset.compress.guard == "on":
            count = session.preset.guard.recalibrate_images
            recalibrate_theta(state.theta, session, count)

    def stepped(self, state: LcState, loss: Tensor, num_images: int) -> None:
        """Count the step; stop if requested, and write a checkpoint if one is due."""
        if self._masks:
            apply_masks(state.w, self._masks)
        lc = self._session.preset.lc
        steps = (lc.first_steps or lc.steps) if state.cycle == 1 else lc.steps
        self._meter.add(state.cycle, state.step, steps, loss, num_images)
        is_inside = state.step < steps
        if reason := self._session.stop.reason:
            self._stop(state, reason)
        if is_inside and state.step % _MID_CYCLE_STEPS == 0 and self._session.checkpoints.is_due:
            self._save(state)

    def measured(self, state: LcState, measured: CycleMeasurement) -> None:
        """Write the cycle's metrics to the event log."""
        self.best_cycle = state.best_cycle
        densities = layer_densities(state.theta)
        empty = [name for name, density in densities.items() if density == 0]
        if state.cycle == 0 and empty:
            self._session.warn(f"Direct compression leaves no weight in {', '.join(empty)}.")
        now = time.monotonic()
        ended = CycleEnded(
            cycle=state.cycle,
            val=_metrics(measured.val),
            test=_metrics(measured.test),
            train=_metrics(measured.train),
            w_val=_metrics(self._w_val),
            lr=state.lr,
            mu=state.mu,
            gap=measured.gap,
            density=overall_density(state.theta, densities),
            density_reachable=density_reachable(state.theta, self._taps),
            seconds=now - self._cycle_began,
            is_best=measured.is_best,
            densities=densities,
            dead_layers=empty,
            are_logits_constant=self._session.evaluator.is_constant,
        )
        self._session.log.write(ended)
        if measured.is_best:
            self._session.keep_predictions(state.best)
        is_last = state.cycle == self._session.preset.lc.cycles - 1
        if is_last and tunes_last(self._session.preset) and _is_finite(measured.val):
            self.last = deepcopy(state.theta)
        if is_last and (warning := disagreement(ended)):
            self._session.warn(warning)
        self._cycle_began = now

    def cycle_ended(self, state: LcState) -> None:
        """Write a checkpoint if one is due; set the next cycle's warm-up density."""
        self._warm(state.cycle)
        is_last = state.cycle == self._session.preset.lc.cycles
        if not is_last and (reason := self._session.stop.reason):
            self._stop(state, reason)
        if self._session.checkpoints.is_due:
            self._save(state)
        self._meter.restart()

    def restore(self, state: LcState) -> None:
        """Load the state of an earlier session's checkpoint, if there is one."""
        self._state = state
        checkpoint = self._session.take_restored(STAGE)
        if checkpoint is not None:
            stored_state.restore(state, checkpoint)
            values = checkpoint.state.values
            self.batches.begin_epoch(values["epoch"], values["position"])
            self.best_cycle = state.best_cycle
            self._warm(state.cycle)
        # Logits depend on the order of memory, and a session may have no further step to set it.
        state.w.to(memory_format=self._session.training_precision.memory_format)
        self._masks = self._masks and masks_like(state.w, self._masks)

    def save_best(self) -> str:
        """Save the best theta of an unfinished run; return a sentence that names its cycle."""
        state = self._state
        if state is None or state.best_cycle is None:
            return "No compressed model was saved."
        self._session.save_model(state.best)
        return f"The best model so far (cycle {state.best_cycle}) was saved."

    def _warm(self, cycle: int) -> None:
        guard = self._session.preset.guard
        if self.is_direct:  # compressed at its final density before the first cycle
            return
        if guard.warmup_cycles and self._session.preset.compress.guard == "on":
            for operator in operators_of(self._scheme):
                final = getattr(operator, "final_density", getattr(operator, "density", 1.0))
                set_density(operator, warmup_density(cycle, guard.warmup_cycles, final))

    def _stop(self, state: LcState, reason: str) -> None:
        self._save(state)
        self._session.checkpoints.wait()
        self.save_best()
        raise StopRequested(reason)

    def _save(self, state: LcState) -> None:
        values = stored_state.values_of(state) | {
            "epoch": self.batches.epoch,
            "position": self.batches.position,
        }
        tensors = stored_state.tensors_of(state)
        self._session.save_checkpoint(STAGE, state.cycle, state.step, values, tensors)


def _metrics(statistics: Statistics | None) -> dict[str, float | None]:
    return statistics[1] if statistics else {}


def _is_finite(statistics: Statistics | None) -> bool:
    return statistics is not None and math.isfinite(statistics[0])
