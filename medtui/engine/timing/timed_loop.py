"""Timing of Condensa's loop on random images: a minibatch of an L step, and the rest of a cycle."""

import threading
import time
from contextlib import suppress
from copy import deepcopy

from torch import Tensor, nn

from medtui.engine.lc.cuda_graph import FastStep
from medtui.engine.lc.loop import LC, exact_step
from medtui.engine.lc.state import CycleMeasurement, LcState
from medtui.engine.precision import fast_precision_on
from medtui.engine.pruning.model_size import layer_densities
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.timing.noise_data import NoiseData
from medtui.engine.timing.stopwatch import BUDGET_S, MIN_REPEATS, seconds_of
from medtui.preset import Cell, Preset


class _MeasurementDone(Exception):
    """Ends an L-C run whose steps were measured for long enough."""


class TimedLoop:
    """Three cycles of Condensa's loop on random images.

    Cycle 0 compresses directly and is the warm-up. Cycle 1 has two minibatches and measures the C
    step. Cycle 2 measures minibatches and is interrupted after that.
    """

    def __init__(self, preset: Preset, cell: Cell, network: nn.Module, noise: NoiseData) -> None:
        self._noise = noise
        self._batch_size = preset.lc.batch_size
        guard = preset.guard if preset.compress.guard == "on" else None
        self._batches = noise.batches(self._batch_size)
        is_fast = preset.lc.mode == "fast"
        # Without the compiled update and the CUDA graph: an upper bound for the fast mode.
        precision = fast_precision_on(noise.device, preset.lc.fast_precision)
        self._step = FastStep(precision) if is_fast else exact_step
        self._stepped_at = self._cycle_began = 0.0
        self._num_steps = 0
        self.step_seconds = self.cycle_seconds = 0.0
        self._state: LcState | None = None
        scheme = build_scheme(cell.scheme, cell.density, guard, noise.image_shape)
        engine = LC(
            callbacks=self, device=noise.device, step=self._step,
            steps=3, mb_iterations_first_l=2, mb_iterations_per_l=1_000_000,
            lr=1e-4, lr_end=1e-5, mu_init=1e-3, mu_multiplier=1.1, mu_cap=1.0,
            l_optimizer_params={"momentum": 0.95, "weight_decay": 0.0},
            debugging_flags={"custom_model_statistics": _no_statistics},
        )  # fmt: skip
        with suppress(_MeasurementDone):
            engine.compress(
                network, scheme.pi, scheme.delta, self._batches, None, None, noise.criterion
            )

    def prepare(self, state: LcState) -> None:
        """Do nothing; recalibration is timed separately."""

    def stepped(self, state: LcState, loss: Tensor, num_images: int) -> None:
        """Measure the steps of the last cycle."""
        del num_images
        float(loss)  # the step meter reads it; on a GPU it waits for the step
        now = time.perf_counter()
        if state.cycle > 1:
            if state.step == 1:  # not counted: caches are cold after the C step
                self._cycle_began = now
            else:
                self._num_steps += 1
            elapsed = now - self._cycle_began
            if self._num_steps >= MIN_REPEATS and elapsed >= BUDGET_S:
                self._state = state
                self.step_seconds = elapsed / self._num_steps
                raise _MeasurementDone
        self._stepped_at = now

    def measured(self, state: LcState, measured: CycleMeasurement) -> None:
        """Repeat a run's work on each theta, so that it is part of the measured cycle."""
        del measured
        layer_densities(state.theta)
        deepcopy(state.theta)  # a run keeps the best one

    def cycle_ended(self, state: LcState) -> None:
        """Measure the C step and the other work of a cycle."""
        if state.cycle == 2:  # noqa: PLR2004 - the second has ended
            self.cycle_seconds = time.perf_counter() - self._stepped_at

    def side_by_side(self, count: int) -> float:
        """Return the ratio of a step's time beside `count` - 1 others to its time alone.

        Clipped to 1..`count`. The time alone is measured before and after, so that a linear change
        of the machine's load cancels out. Threads represent the processes: they share caches and
        memory bandwidth like processes, and the interpreter only for the Python part of a step.
        """
        if count < 2 or self._state is None or self._noise.device.type == "cuda":  # noqa: PLR2004 - alone
            return 1.0
        before, beside, after = (self._step_seconds(each) for each in (1, count, 1))
        return min(max(1.0, 2 * beside / (before + after)), float(count))

    def _step_seconds(self, count: int) -> float:
        """Return the mean seconds of a step that `count` threads run at once."""
        states = [deepcopy(self._state) for _ in range(count)]
        starting = threading.Barrier(count)
        seconds: list[float] = []

        def run(state: LcState) -> None:
            batches = self._noise.endless(self._batch_size)

            def work() -> None:
                inputs, targets = next(batches)
                self._step(state, inputs, targets, self._noise.criterion)

            starting.wait()
            seconds.append(seconds_of(work, self._noise.device))

        threads = [threading.Thread(target=run, args=(state,)) for state in states]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(seconds) / len(seconds)


def _no_statistics(*_: object) -> tuple[float, dict[str, float | None]]:
    return 0.0, {}
