"""Timing of Condensa's loop on random images: a minibatch of an L step, and the rest of a cycle."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from medtui.engine.lc.cuda_graph import FastStep
from medtui.engine.lc.fused_sgd import FusedSgd, advance, advance_in_blocks
from medtui.engine.lc.loop import LC, Step, exact_step
from medtui.engine.lc.state import Criterion, CycleMeasurement, LcState
from medtui.engine.precision import EXACT
from medtui.engine.pruning.model_size import layer_densities
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.run.run_precision import unmeasured_precision
from medtui.engine.timing.cpu_share import slowdown_beside
from medtui.engine.timing.noise_data import NoiseData
from medtui.engine.timing.stopwatch import MIN_REPEATS, Stopwatch
from medtui.preset import Cell, Preset
from medtui.preset.finetuning import guarded_as

CYCLE_BUDGET_S = 0.5
"""How long each scheme's cycles are measured, seconds: a grid may have a dozen schemes."""

_ENDLESS = 1_000_000
"""Cycles of a loop that is interrupted once it has been measured."""

_NUM_COMPARISONS = 2
"""Times that steps beside others are compared with steps alone."""

_NUM_STEPS = 3
"""Steps of each comparison."""


class _MeasurementDone(Exception):
    """Ends an L-C run that has been measured long enough."""


class TimedLoop:
    """Times one preset's L-C loop on one device."""

    def __init__(
        self, preset: Preset, network: nn.Module, noise: NoiseData, stopwatch: Stopwatch
    ) -> None:
        self._preset = preset
        self._stopwatch = stopwatch
        self._network = network
        self._noise = noise
        self._batch_size = preset.lc.batch_size
        self._precision = unmeasured_precision(preset, noise.device, is_compression=True)

    def step_seconds(self, cell: Cell) -> float:
        """Return the seconds of a minibatch of an L step with its penalty."""
        state = self._after_cycle_0(cell)
        return self._stopwatch.seconds_of(self._work_on(state))

    def cycle_seconds(self, cell: Cell) -> float:
        """Return the seconds of a cycle besides its minibatches, recalibration and evaluations."""
        timed = _TimedCycles(self._stopwatch)
        self._compress(cell, timed)
        return timed.seconds

    def side_by_side(self, cell: Cell, count: int) -> float:
        """Return the ratio of a step's time beside `count` - 1 others to its time alone.

        Clipped to 1..`count`. It is the product of two ratios: of CPU seconds, because caches and
        memory bandwidth are shared, and of the time waited for a core. Threads represent the
        processes only for the first, since CPU seconds do not include waiting.
        """
        if count < 2 or self._noise.device.type == "cuda":  # noqa: PLR2004 - alone
            return 1.0
        states = [self._after_cycle_0(cell) for _ in range(count)]
        alone = beside = 0.0
        for _ in range(_NUM_COMPARISONS):
            alone += self._together(states[:1])
            beside += self._together(states)
        return min(max(1.0, beside / alone) * slowdown_beside(count), float(count))

    def _after_cycle_0(self, cell: Cell) -> LcState:
        """Return the state of an L-C run that has its first theta, for the penalty of a step."""
        first = _FirstCycle()
        self._compress(cell, first)
        assert first.state is not None, "the loop ends its cycle 0"
        first.state.w.train()
        return first.state

    def _compress(self, cell: Cell, callbacks: "_Callbacks") -> None:
        """Run cycles whose minibatches do nothing until the callbacks end them."""
        preset = guarded_as(self._preset, cell)
        guard = preset.guard if preset.compress.guard == "on" else None
        noise = self._noise
        # Synaptic flow is ranked once a run and not once a cycle.
        scheme = build_scheme(cell.scheme, cell.density, guard, noise.image_shape, rounds=1)
        engine = LC(
            callbacks=callbacks, device=noise.device, step=_skip,
            steps=_ENDLESS, mb_iterations_first_l=1, mb_iterations_per_l=1,
            lr=1e-4, mu_init=1e-3, mu_multiplier=1.1, mu_cap=1.0,
            l_optimizer_params={"momentum": 0.95, "weight_decay": 0.0},
            debugging_flags={"custom_model_statistics": _no_statistics},
            **self._optimizer,
        )  # fmt: skip
        nothing = torch.zeros(1, device=noise.device)
        with suppress(_MeasurementDone):
            engine.compress(
                deepcopy(self._network), scheme.pi, scheme.delta, [(nothing, nothing)],
                None, None, noise.criterion,
            )  # fmt: skip

    @property
    def _optimizer(self) -> dict[str, Any]:
        """The L step's optimiser in fast mode, uncompiled; `LC` chooses the exact one."""
        is_cpu = self._noise.device.type == "cpu"
        rule = advance_in_blocks if is_cpu else advance
        is_exact = self._precision is EXACT
        return {} if is_exact else {"l_optimizer": partial(FusedSgd, rule=rule)}

    def _step_of(self) -> Step:
        """Return a step for one state, without the CUDA graph: an upper bound for a GPU."""
        return exact_step if self._precision is EXACT else FastStep(self._precision)

    def _work_on(self, state: LcState) -> Callable[[], object]:
        """Return a function that computes one minibatch of an L step."""
        batches, step = self._noise.endless(self._batch_size), self._step_of()

        def work() -> None:
            inputs, targets = next(batches)
            loss = step(state, inputs, targets, self._noise.criterion)
            float(loss)  # the step meter reads it; on a GPU it waits for the step

        return work

    def _together(self, states: list[LcState]) -> float:
        """Return the mean CPU seconds of a step of each state, in a thread each."""
        starting = threading.Barrier(len(states))
        seconds: list[float] = []

        def run(state: LcState) -> None:
            work = self._work_on(state)
            work()
            starting.wait()
            began = time.thread_time()
            for _ in range(_NUM_STEPS):
                work()
            seconds.append((time.thread_time() - began) / _NUM_STEPS)

        threads = [threading.Thread(target=run, args=(state,)) for state in states]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(seconds) / len(seconds)


class _Callbacks:
    """Repeats a run's work in a cycle, except recalibration and evaluations."""

    def prepare(self, state: LcState) -> None:
        """Do nothing; recalibration is timed separately."""

    def stepped(self, state: LcState, loss: Tensor, num_images: int) -> None:
        """Do nothing; minibatches are timed separately."""

    def measured(self, state: LcState, measured: CycleMeasurement) -> None:
        """Repeat a run's work on each theta, so that it is part of the measured cycle."""
        del measured
        layer_densities(state.theta)
        deepcopy(state.theta)  # a run keeps the best one

    def cycle_ended(self, state: LcState) -> None:
        """End the loop after its first cycle."""
        raise NotImplementedError


class _FirstCycle(_Callbacks):
    """Keeps the state after cycle 0."""

    state: LcState | None = None

    def cycle_ended(self, state: LcState) -> None:
        """Keep the state and end the loop."""
        self.state = state
        raise _MeasurementDone


class _TimedCycles(_Callbacks):
    """Times whole cycles."""

    def __init__(self, stopwatch: Stopwatch) -> None:
        self.seconds = 0.0
        self._stopwatch = stopwatch
        self._began = stopwatch.read()

    def cycle_ended(self, state: LcState) -> None:
        """Start after cycle 0, which is a warm-up without multipliers; stop after enough cycles."""
        now, count = self._stopwatch.read(), state.cycle - 1
        if count == 0:
            self._began = now
        elif count >= MIN_REPEATS and now[0] - self._began[0] >= CYCLE_BUDGET_S:
            self.seconds = self._stopwatch.count_since(self._began) / count
            raise _MeasurementDone


def _skip(state: LcState, inputs: Tensor, targets: Tensor, criterion: Criterion) -> Tensor:
    del state, targets, criterion
    return inputs


def _no_statistics(*_: object) -> tuple[float, dict[str, float | None]]:
    return 0.0, {}
