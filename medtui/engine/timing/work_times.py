"""Measurement of the work that a study repeats, on random images.

It runs the study's own code: batches with augmentation, Condensa's loop, optimiser, evaluation.
"""

import time
from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from medtui.datasets.summary import DatasetSummary
from medtui.engine.precision import EXACT, fast_precision_on
from medtui.engine.run.device import configure_torch
from medtui.engine.timing.noise_data import NoiseData
from medtui.engine.timing.stopwatch import seconds_of
from medtui.engine.timing.study_time import WorkTimes
from medtui.engine.timing.timed_loop import TimedLoop
from medtui.engine.training.batches import EvaluationBatches
from medtui.engine.training.evaluation import predict, recalibrate
from medtui.metrics.draws import CHUNK
from medtui.metrics.intervals import bootstrap_intervals
from medtui.metrics.scores import make_scores
from medtui.preset import Cell, MachineSettings, Preset

_MAX_IMAGES = 128
"""Images evaluated at once; on a CPU an image takes as long in a larger batch."""

_MAX_SIDE_BY_SIDE = 4
"""Maximum number of runs measured at once; each takes as much memory as a run."""

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

    def measure(self, machine: MachineSettings, cell: Cell, num_side_by_side: int) -> WorkTimes:
        """Return the times of the reference, and of a compression with `cell`'s scheme."""
        preset = self._preset
        times = WorkTimes(bootstrap=self._bootstrap())
        configure_torch(self._device, machine.reference_threads)
        times = replace(times, reference_image=self._evaluation(_MAX_IMAGES))
        if not preset.model.weights:
            step = self._training_step(preset.reference.batch_size)
            times = replace(times, reference_step=step)
        configure_torch(self._device, machine.threads)
        loop = TimedLoop(preset, cell, deepcopy(self._network), self._noise)
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

    def _training_step(self, batch_size: int, *, has_masks: bool = False) -> float:
        """Return the seconds of a step of the reference, or of fine-tuning with its masks."""
        model, batches = deepcopy(self._network), self._noise.endless(batch_size)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0, momentum=0.9, nesterov=True)
        parameters = [each for each in model.parameters() if each.ndim > 1] if has_masks else []
        masks = [torch.ones_like(each) for each in parameters]
        model.train()

        def work() -> None:
            inputs, targets = next(batches)
            loss = self._noise.criterion(model(inputs), targets)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call] # torch's own
            optimizer.step()
            for parameter, mask in zip(parameters, masks, strict=True):
                parameter.data.mul_(mask)
            float(loss.detach())  # the step meter reads it

        return seconds_of(work, self._device)

    def _evaluation(self, num_images: int) -> float:
        """Return the seconds per image of an evaluation with batches of `num_images`."""
        model, lc = deepcopy(self._network), self._preset.lc
        if self._device.type == "cuda" and num_images > 1:
            num_images = max(1, min(self._preset.evaluate.batch_size, self._num_val))
        batches = EvaluationBatches(self._noise.images(num_images), num_images)
        precision = (
            fast_precision_on(self._device, lc.fast_precision) if lc.mode == "fast" else EXACT
        )
        return (
            seconds_of(
                lambda: predict(model, batches, self._noise.criterion, precision), self._device
            )
            / num_images
        )

    def _recalibration(self) -> float:
        model, images = deepcopy(self._network), self._noise.images(_MAX_IMAGES)
        return (
            seconds_of(lambda: recalibrate(model, images, _MAX_IMAGES), self._device) / _MAX_IMAGES
        )

    def _bootstrap(self) -> float:
        """Return the seconds of the intervals of val and test, scaled from a part of the work."""
        resamples = self._preset.evaluate.bootstrap
        num_images = sum(split.num_images for split in self._survey.splits[1:])
        count = min(num_images, _MAX_SCORES)
        if not resamples or not count:
            return 0.0
        part = self._noise.part(count)
        random = np.random.default_rng(0)
        logits_NK = random.normal(size=(count, len(self._survey.classes))).astype(np.float32)
        scores = make_scores(logits_NK, part.labels.astype(np.int64), self._survey.task)
        began = time.perf_counter()
        bootstrap_intervals(scores, part.patients, resamples=CHUNK, seed=0)
        return (time.perf_counter() - began) * resamples / CHUNK * num_images / count

    @property
    def _num_val(self) -> int:
        return self._survey.splits[1].num_images
