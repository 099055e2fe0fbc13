"""Measures the work that a study repeats, on images of noise: `WorkTimes`.

Everything measured is the study's own: its batches with augmentation, Condensa's loop, its
optimiser, its evaluation. Each kind of work is repeated for `BUDGET_S`, at least `_MIN_REPEATS`
times, after a first one that warms up and does not count.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medtui.datasets.dataset import Part
from medtui.datasets.summary import Survey
from medtui.engine.lc.cuda_graph import FastStep
from medtui.engine.lc.loop import LC, LcState, Measured, exact_step
from medtui.engine.precision import EXACT, fast_arithmetic
from medtui.engine.pruning.model_size import layer_densities
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.run.device import settle
from medtui.engine.study_time import WorkTimes
from medtui.engine.training.augmentation import Normalisation
from medtui.engine.training.batches import EvaluationBatches, Images, TrainBatches
from medtui.engine.training.evaluation import predict, recalibrate
from medtui.metrics.draws import CHUNK
from medtui.metrics.intervals import bootstrap_intervals
from medtui.metrics.scores import make_scores
from medtui.preset import Cell, MachineSettings, Preset

BUDGET_S = 1.0
"""How long each kind of work is measured, seconds."""

_MIN_REPEATS = 2

_MAX_IMAGES = 128
"""Images evaluated at once: on a CPU an image takes as long in a larger batch."""

_MAX_SIDE_BY_SIDE = 4
"""Runs measured at once: each has the memory of a run of its own."""

_MAX_SCORES = 2000
"""Images whose bootstrap is measured; it grows with their number."""


class _WarmedUp(Exception):
    """Ends an L-C run whose steps have been measured long enough."""


class WorkMeter:
    """Measures one preset's work on one device."""

    def __init__(
        self, preset: Preset, survey: Survey, network: nn.Module, device: torch.device
    ) -> None:
        self._preset, self._survey, self._device = preset, survey, device
        self._network = deepcopy(network).to(device)

    def measure(self, machine: MachineSettings, cell: Cell, num_side_by_side: int) -> WorkTimes:
        """Return the times of a reference and of a compression like `cell`."""
        preset = self._preset
        times = WorkTimes(bootstrap=self._bootstrap())
        settle(self._device, machine.reference_threads)
        times = replace(times, reference_image=self._evaluation(_MAX_IMAGES))
        if not preset.model.weights:
            step = self._training_step(preset.reference.batch_size)
            times = replace(times, reference_step=step)
        settle(self._device, machine.threads)
        loop = _TimedLoop(self, cell)
        if preset.compress.guard == "on" and preset.guard.finetune_epochs:
            step = self._training_step(preset.lc.batch_size, has_masks=True)
            times = replace(times, finetune_step=step)
        return replace(
            times,
            image=self._evaluation(_MAX_IMAGES),
            single_image=self._evaluation(1),
            recalibrated_image=self._recalibration(),
            lc_step=loop.step_seconds,
            cycle={"": loop.cycle_seconds},
            side_by_side=loop.side_by_side(min(num_side_by_side, _MAX_SIDE_BY_SIDE)),
        )

    @property
    def network(self) -> nn.Module:
        """A copy of the network, on the device."""
        return deepcopy(self._network)

    @property
    def preset(self) -> Preset:
        """What is measured."""
        return self._preset

    @property
    def device(self) -> torch.device:
        """Where it is measured."""
        return self._device

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        return (self._survey.channels, self._survey.size, self._survey.size)

    def batches(self, batch_size: int) -> TrainBatches:
        """Return an epoch's augmented batches of noise, again and again."""
        how = self._survey.card.augment
        return TrainBatches(self._noise(batch_size), how, batch_size=batch_size, seed=0)

    def endless(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield augmented batches of noise without end."""
        batches = self.batches(batch_size)
        while True:
            yield from batches

    def criterion(self, logits_NK: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of the data set's task."""
        if self._survey.task == "multi":
            return F.binary_cross_entropy_with_logits(logits_NK, labels)
        return F.cross_entropy(logits_NK, labels)

    def seconds_of(self, work: Callable[[], object]) -> float:
        """Return the mean duration of some repetitions after a first one."""
        work()
        self._wait()
        began, count = time.perf_counter(), 0
        while count < _MIN_REPEATS or time.perf_counter() - began < BUDGET_S:
            work()
            self._wait()
            count += 1
        return (time.perf_counter() - began) / count

    def _training_step(self, batch_size: int, *, has_masks: bool = False) -> float:
        """Return the seconds of a step of the reference, or of fine-tuning with its masks."""
        model, batches = self.network, self.endless(batch_size)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0, momentum=0.9, nesterov=True)
        parameters = [each for each in model.parameters() if each.ndim > 1] if has_masks else []
        masks = [torch.ones_like(each) for each in parameters]
        model.train()

        def work() -> None:
            inputs, targets = next(batches)
            loss = self.criterion(model(inputs), targets)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call] # torch's own
            optimizer.step()
            for parameter, mask in zip(parameters, masks, strict=True):
                parameter.data.mul_(mask)
            float(loss.detach())  # the step meter reads it

        return self.seconds_of(work)

    def _evaluation(self, num_images: int) -> float:
        """Return the seconds of an image that is evaluated among so many."""
        model, lc = self.network, self._preset.lc
        if self._device.type == "cuda" and num_images > 1:
            num_images = max(1, min(self._preset.evaluate.batch_size, self._num_val))
        batches = EvaluationBatches(self._noise(num_images), num_images)
        arithmetic = (
            fast_arithmetic(self._device, lc.fast_precision) if lc.mode == "fast" else EXACT
        )
        return (
            self.seconds_of(lambda: predict(model, batches, self.criterion, arithmetic))
            / num_images
        )

    def _recalibration(self) -> float:
        model, images = self.network, self._noise(_MAX_IMAGES)
        return self.seconds_of(lambda: recalibrate(model, images, _MAX_IMAGES)) / _MAX_IMAGES

    def _bootstrap(self) -> float:
        """Return the seconds of the intervals of val and test, from some images and samples."""
        resamples = self._preset.evaluate.bootstrap
        num_images = sum(part.num_images for part in self._survey.parts[1:])
        count = min(num_images, _MAX_SCORES)
        if not resamples or not count:
            return 0.0
        part = self._noise_part(count)
        random = np.random.default_rng(0)
        logits_NK = random.normal(size=(count, len(self._survey.classes))).astype(np.float32)
        scores = make_scores(logits_NK, part.labels.astype(np.int64), self._survey.task)
        began = time.perf_counter()
        bootstrap_intervals(scores, part.patients, resamples=CHUNK, seed=0)
        return (time.perf_counter() - began) * resamples / CHUNK * num_images / count

    @property
    def _num_val(self) -> int:
        return self._survey.parts[1].num_images

    def _noise(self, num_images: int) -> Images:
        channels = self._survey.channels
        by = Normalisation((0.5,) * channels, (0.25,) * channels)
        return Images(self._noise_part(num_images), by, self._device)

    def _noise_part(self, num_images: int) -> Part:
        survey, random = self._survey, np.random.default_rng(0)
        size = (num_images, survey.size, survey.size, survey.channels)
        names = [str(number) for number in range(num_images)]
        num_classes = len(survey.classes)
        labels = (
            random.integers(0, 2, (num_images, num_classes)).astype(np.uint8)
            if survey.task == "multi"
            else np.arange(num_images, dtype=np.int64) % num_classes
        )
        return Part(random.integers(0, 256, size, np.uint8), labels, names, names)

    def _wait(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)


class _TimedLoop:
    """Condensa's loop for three cycles of noise: the third is cut off when it was measured.

    Cycle 0 compresses directly and warms up. Cycle 1 has two minibatches and gives the time of a
    C step; cycle 2 gives that of a minibatch.
    """

    def __init__(self, meter: WorkMeter, cell: Cell) -> None:
        self._meter = meter
        preset = meter.preset
        guard = preset.guard if preset.compress.guard == "on" else None
        self._batches = meter.batches(preset.lc.batch_size)
        is_fast = preset.lc.mode == "fast"
        # The update is not compiled and there is no CUDA graph: a fast study is at most as long.
        arithmetic = fast_arithmetic(meter.device, preset.lc.fast_precision)
        self._step = FastStep(arithmetic) if is_fast else exact_step
        self._stepped_at = self._cycle_began = 0.0
        self._num_steps = 0
        self.step_seconds = self.cycle_seconds = 0.0
        self._state: LcState | None = None
        scheme = build_scheme(cell.scheme, cell.density, guard, meter.image_shape)
        engine = LC(
            watcher=self, device=meter.device, step=self._step,
            steps=3, mb_iterations_first_l=2, mb_iterations_per_l=1_000_000,
            lr=1e-4, lr_end=1e-5, mu_init=1e-3, mu_multiplier=1.1, mu_cap=1.0,
            l_optimizer_params={"momentum": 0.95, "weight_decay": 0.0},
            debugging_flags={"custom_model_statistics": _no_statistics},
        )  # fmt: skip
        with suppress(_WarmedUp):
            engine.compress(
                meter.network, scheme.pi, scheme.delta, self._batches, None, None, meter.criterion
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
            if self._num_steps >= _MIN_REPEATS and elapsed >= BUDGET_S:
                self._state = state
                self.step_seconds = elapsed / self._num_steps
                raise _WarmedUp
        self._stepped_at = now

    def measured(self, state: LcState, measured: Measured) -> None:
        """Do what a run does with each theta."""
        del measured
        layer_densities(state.theta)
        deepcopy(state.theta)  # the best one is kept

    def cycle_ended(self, state: LcState) -> None:
        """Time the C step, and what stands around it."""
        if state.cycle == 2:  # noqa: PLR2004 - the second has ended
            self.cycle_seconds = time.perf_counter() - self._stepped_at

    def side_by_side(self, count: int) -> float:
        """Return the time of a step beside `count` - 1 others, over its time alone.

        Threads stand in for processes: they share the interpreter for the small part of a step
        that is Python, and caches and memory bandwidth as processes do.
        """
        if count < 2 or self._state is None or self._meter.device.type == "cuda":  # noqa: PLR2004 - alone
            return 1.0
        states = [deepcopy(self._state) for _ in range(count)]
        starting = threading.Barrier(count)
        seconds: list[float] = []

        def run(state: LcState) -> None:
            batches = self._meter.endless(self._meter.preset.lc.batch_size)

            def work() -> None:
                inputs, targets = next(batches)
                self._step(state, inputs, targets, self._meter.criterion)

            starting.wait()
            seconds.append(self._meter.seconds_of(work))

        threads = [threading.Thread(target=run, args=(state,)) for state in states]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return max(1.0, sum(seconds) / len(seconds) / self.step_seconds)


def _no_statistics(*_: object) -> tuple[float, dict[str, float | None]]:
    return 0.0, {}
