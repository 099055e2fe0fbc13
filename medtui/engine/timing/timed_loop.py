"""Times Condensa's loop on noise: a minibatch of an L step, and what else a cycle takes."""

import threading
import time
from contextlib import suppress
from copy import deepcopy

from torch import Tensor, nn

from medtui.engine.lc.cuda_graph import FastStep
from medtui.engine.lc.loop import LC, exact_step
from medtui.engine.lc.state import CycleMeasurement, LcState
from medtui.engine.precision import fast_arithmetic
from medtui.engine.pruning.model_size import layer_densities
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.timing.noise_data import NoiseData
from medtui.engine.timing.stopwatch import BUDGET_S, MIN_REPEATS, seconds_of
from medtui.preset import Cell, Preset


class _WarmedUp(Exception):
    """Ends an L-C run whose steps have been measured long enough."""


class TimedLoop:
    """Condensa's loop for three cycles of noise: the third is cut off when it was measured.

    Cycle 0 compresses directly and warms up. Cycle 1 has two minibatches and gives the time of a
    C step; cycle 2 gives that of a minibatch.
    """

    def __init__(self, preset: Preset, cell: Cell, network: nn.Module, noise: NoiseData) -> None:
        self._noise = noise
        self._batch_size = preset.lc.batch_size
        guard = preset.guard if preset.compress.guard == "on" else None
        self._batches = noise.batches(self._batch_size)
        is_fast = preset.lc.mode == "fast"
        # The update is not compiled and there is no CUDA graph: a fast study is at most as long.
        arithmetic = fast_arithmetic(noise.device, preset.lc.fast_precision)
        self._step = FastStep(arithmetic) if is_fast else exact_step
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
        with suppress(_WarmedUp):
            engine.compress(
                network, scheme.pi, scheme.delta, self._batches, None, None, noise.criterion
            )

    def prepare(self, state: LcState) -> None:
        """Nothing is recalibrated here."""

    def stepped(self, state: LcState, loss: Tensor, num_images: int) -> None:
        """Time the steps of the last cycle."""
        del num_images
        float(loss)  # the step meter reads it; on a GPU it waits for the step
        now = time.perf_counter()
        if state.cycle > 1:
            if state.step == 1:  # follows a C step, whose caches are cold
                self._cycle_began = now
            else:
                self._num_steps += 1
            elapsed = now - self._cycle_began
            if self._num_steps >= MIN_REPEATS and elapsed >= BUDGET_S:
                self._state = state
                self.step_seconds = elapsed / self._num_steps
                raise _WarmedUp
        self._stepped_at = now

    def measured(self, state: LcState, measured: CycleMeasurement) -> None:
        """Do what a run does with each theta."""
        del measured
        layer_densities(state.theta)
        deepcopy(state.theta)  # the best one is kept

    def cycle_ended(self, state: LcState) -> None:
        """Time the C step, and what stands around it."""
        if state.cycle == 2:  # noqa: PLR2004 - the second has ended
            self.cycle_seconds = time.perf_counter() - self._stepped_at

    def side_by_side(self, count: int) -> float:
        """Return the time of a step beside `count` - 1 others, over its time alone: 1 to `count`.

        It is measured alone before and after, so that a change of the machine's load cancels.
        Threads stand in for processes: they share the interpreter for the small part of a step
        that is Python, and caches and memory bandwidth as processes do.
        """
        if count < 2 or self._state is None or self._noise.device.type == "cuda":  # noqa: PLR2004 - alone
            return 1.0
        before, beside, after = (self._together(each) for each in (1, count, 1))
        return min(max(1.0, 2 * beside / (before + after)), float(count))

    def _together(self, count: int) -> float:
        """Return the mean seconds of a step in so many threads at once."""
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
