"""Measurement of the work that a study repeats, on random images.

It runs the study's own code: batches with augmentation, Condensa's loop, optimiser, evaluation.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import nn

from medtui.datasets.summary import DatasetSummary
from medtui.engine.precision import EXACT, Precision
from medtui.engine.run.device import configure_torch
from medtui.engine.run.run_precision import precision_of_results, unmeasured_precision
from medtui.engine.timing.measured_times import ShrunkTimes, WorkTimes
from medtui.engine.timing.noise_data import NoiseData
from medtui.engine.timing.shrunk_network import shrunk_cells, shrunk_network
from medtui.engine.timing.stopwatch import BUDGET_S, Stopwatch
from medtui.engine.timing.timed_loop import TimedLoop
from medtui.engine.training.batches import EvaluationBatches
from medtui.engine.training.evaluation import predict, recalibrate
from medtui.engine.training.step import TrainingStep
from medtui.engine.training.trainer import TrainingPlan
from medtui.metrics.draws import CHUNK, MAX_LEFT_OUT
from medtui.metrics.intervals import metric_intervals
from medtui.metrics.scores import make_scores
from medtui.preset import Cell, MachineSettings, Preset, expand_grid, finetune_epochs
from medtui.preset.finetuning import least_density

_MAX_IMAGES = 128
"""Images evaluated at once; on a CPU an image takes as long in a larger batch."""

_MAX_SIDE_BY_SIDE = 4
"""Maximum number of runs measured at once; each takes as much memory as a run."""

_SHRUNK_BUDGET_S = 0.3
"""How long each shrunk network is measured: a grid may have a dozen."""

_MAX_SCORES = 2000
"""Maximum number of images whose bootstrap is measured; the result is scaled to all."""


class WorkTimer:
    """Measures the work of one preset on one device."""

    def __init__(
        self, preset: Preset, survey: DatasetSummary, network: nn.Module, device: torch.device
    ) -> None:
        self._preset, self._survey, self._device = preset, survey, device
        self._noise = NoiseData(survey, device)
        self._network = deepcopy(network).to(device)
        self._stopwatch = Stopwatch(device)

    def measure(
        self, machine: MachineSettings, cells: Sequence[Cell], num_side_by_side: int
    ) -> WorkTimes:
        """Return the times of a reference and of compressions like `cells`, one of each scheme."""
        reference = self.measure_training(machine)
        configure_torch(self._device, machine.threads)
        loop = TimedLoop(self._preset, self._network, self._noise, self._stopwatch)
        runs = self._of_runs(loop, cells)
        factor = loop.side_by_side(cells[0], min(num_side_by_side, _MAX_SIDE_BY_SIDE))
        return replace(
            runs,
            reference_step=reference.reference_step,
            reference_image=reference.reference_image,
            side_by_side=factor,
        )

    def measure_training(self, machine: MachineSettings) -> WorkTimes:
        """Return the times of training the network as the reference is, with its threads."""
        configure_torch(self._device, machine.reference_threads)
        self._stopwatch = Stopwatch(self._device)
        step = self._training_step(TrainingPlan.of_reference(self._preset), self._network)
        times = WorkTimes(reference_step=step)
        seconds = self._evaluation(self._network, _MAX_IMAGES, self._training_precision)
        times = replace(times, reference_image=seconds)
        return times.stretched(self._stopwatch.stretch)

    def _of_runs(self, loop: TimedLoop, cells: Sequence[Cell]) -> WorkTimes:
        """Return the times of compressions, with the present number of threads."""
        preset = self._preset
        precision = unmeasured_precision(preset, self._device, is_compression=True)
        stored = precision_of_results(self._device, self._training_precision)
        evaluation = partial(self._evaluation, self._network)
        times = WorkTimes(
            bootstrap=self._bootstrap(),
            image=evaluation(_MAX_IMAGES, precision),
            result_image=None if precision is EXACT else evaluation(_MAX_IMAGES, stored),
            single_image=evaluation(1, precision),
            recalibrated_image=self._recalibration(),
            lc_step=loop.step_seconds(cells[0]),
            cycle={cell.scheme.name: loop.cycle_seconds(cell) for cell in cells},
        )
        if any(finetune_epochs(preset, cell) for cell in expand_grid(preset) or cells):
            plan = TrainingPlan.of_finetuning(preset)
            step = self._training_step(plan, self._network, has_masks=True)
            times = replace(times, finetune_step=step, shrunk=self._shrunk(cells))
        return times.stretched(self._stopwatch.stretch)

    def _shrunk(self, cells: Sequence[Cell]) -> dict[str, list[ShrunkTimes]]:
        """Return the times of fine-tuning by the name of each scheme that shrinks the network."""
        preset, found = self._preset, dict[str, list[ShrunkTimes]]()
        precision = unmeasured_precision(preset, self._device, is_compression=True)
        plan = TrainingPlan.of_finetuning(preset)
        for name, each in shrunk_cells(preset, [*expand_grid(preset), *cells]).items():
            for cell in each:
                part = shrunk_network(preset, cell, self._network, self._noise.image_shape)
                network = self._network if part is None else part.network
                step = self._training_step(plan, network, has_masks=True, budget=_SHRUNK_BUDGET_S)
                image = self._evaluation(network, _MAX_IMAGES, precision, budget=_SHRUNK_BUDGET_S)
                found.setdefault(name, []).append(ShrunkTimes(least_density(cell), step, image))
        return found

    def _training_step(
        self, plan: TrainingPlan, network: nn.Module, *, has_masks: bool = False,
        budget: float = BUDGET_S,
    ) -> float:  # fmt: skip
        """Return the seconds of a step of the reference, or of fine-tuning with its masks."""
        model, batches = deepcopy(network), self._noise.endless(plan.batch_size)
        named = model.named_parameters() if has_masks else ()
        step = TrainingStep(
            model, self._noise.criterion, self._noise.image_shape, self._training_precision,
            momentum=plan.momentum, weight_decay=plan.weight_decay,
            masks={name: torch.ones_like(each) for name, each in named if each.ndim > 1},
        )  # fmt: skip
        step.network.train()

        def work() -> None:
            inputs, targets = next(batches)
            float(step(inputs, targets, lr=0.0))  # the step meter reads it

        return self._stopwatch.seconds_of(work, budget)

    def _evaluation(
        self, network: nn.Module, num_images: int, precision: Precision, budget: float = BUDGET_S
    ) -> float:
        """Return the seconds per image of an evaluation with batches of `num_images`."""
        model = deepcopy(network)
        if self._device.type == "cuda" and num_images > 1:
            num_images = max(1, min(self._preset.evaluate.batch_size, self._num_val))
        batches = EvaluationBatches(self._noise.images(num_images), num_images)
        seconds = self._stopwatch.seconds_of(
            lambda: predict(model, batches, self._noise.criterion, precision), budget
        )
        return seconds / num_images

    def _recalibration(self) -> float:
        model, images = deepcopy(self._network), self._noise.images(_MAX_IMAGES)
        seconds = self._stopwatch.seconds_of(
            lambda: recalibrate(model, images, _MAX_IMAGES, self._training_precision)
        )
        return seconds / _MAX_IMAGES

    def _bootstrap(self) -> float:
        """Return the seconds of the intervals of val and test, scaled from a part of the work."""
        num_images = sum(split.num_images for split in self._survey.splits[1:])
        count = min(num_images, _MAX_SCORES)
        if not self._preset.evaluate.bootstrap or not count:
            return 0.0
        part = self._noise.part(count)
        random = np.random.default_rng(0)
        logits_NK = random.normal(size=(count, len(self._survey.classes))).astype(np.float32)
        scores = make_scores(logits_NK, part.labels.astype(np.int64), self._survey.task)
        seconds = self._stopwatch.seconds_of(
            lambda: metric_intervals(
                scores, part.patients, method="percentile", resamples=CHUNK, seed=0
            )
        )
        return seconds * self._num_samples / CHUNK * num_images / count

    @property
    def _training_precision(self) -> Precision:
        """Precision of training and recalibration; until a study has measured it, the native."""
        return unmeasured_precision(self._preset, self._device, is_compression=False)

    @property
    def _num_samples(self) -> int:
        """Samples of patients behind the intervals of a split, the larger of val and test."""
        evaluate = self._preset.evaluate
        if evaluate.intervals == "percentile":
            return evaluate.bootstrap
        patients = max(split.num_patients or split.num_images for split in self._survey.splits[1:])
        return min(patients, MAX_LEFT_OUT)

    @property
    def _num_val(self) -> int:
        return self._survey.splits[1].num_images
