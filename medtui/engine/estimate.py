"""How long a study takes and how much disk it fills, by a few steps measured on the device."""

import math
import time
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from medtui.datasets.summary import Survey
from medtui.engine.run.device import choose_device, settle
from medtui.jobs.device_slots import find_slots, settle_threads
from medtui.preset import MachineSettings, Preset, count_runs, expand_grid

BUDGET_S = 1.5
"""How long each kind of work is measured, seconds; at least `_MIN_REPEATS` times."""

_MIN_REPEATS = 2

_CHECKPOINT_TENSORS = 5
"""Copies of the weights in L-C's checkpoint: w, theta, lm, momentum, best theta."""

_CHECKPOINTS_KEPT = 2


def estimate(preset: Preset, survey: Survey, network: nn.Module) -> dict[str, Any]:
    """Give a `launch.Estimate`: the work of a step and an evaluation, times how often it is done.

    The bootstrap, reading the data and starting processes are not in it.
    """
    machine = settle_threads(preset)
    device = choose_device(machine.device)
    cells, num_slots = expand_grid(preset), len(find_slots(machine))
    steps_per_epoch = math.ceil(survey.parts[0].num_images / preset.reference.batch_size)
    work = _Work(preset, survey, deepcopy(network).to(device), device)
    settle(device, machine.reference_threads)
    reference = preset.reference.epochs * (
        steps_per_epoch * work.step(preset.reference.batch_size) + work.evaluation()
    )
    settle(device, machine.threads)
    lc = preset.lc
    step, cycle_end = work.step(lc.batch_size), work.cycle_end()

    def run(cycles: int) -> float:
        return (cycles - 1) * lc.steps * step + cycles * cycle_end

    reference = 0.0 if preset.model.weights else reference
    grid = math.ceil(len(cells) / num_slots) * run(lc.cycles)
    return {
        "device": str(device),
        "num_side_by_side": min(num_slots, max(len(cells), _num_searches(preset))),
        "seconds_reference": reference,
        "seconds_run": run(lc.cycles),
        "seconds_study": reference + grid + _seconds_of_searches(preset, num_slots, run),
        "bytes_disk": _bytes_on_disk(network, count_runs(preset) - 1, machine),
    }


def _num_searches(preset: Preset) -> int:
    return len(preset.search.scheme) if preset.search else 0


def _seconds_of_searches(preset: Preset, num_slots: int, run: Callable[[int], float]) -> float:
    """Give how long the searches take with all of their budget; each runs a sample at a time."""
    search, cycles = preset.search, preset.lc.cycles
    if search is None:
        return 0.0
    num_probes = search.num_probes(cycles)
    samples = num_probes * run(search.probe_cycles) if num_probes else 0.0
    samples += (search.budget - num_probes) * run(cycles)
    return math.ceil(len(search.scheme) / num_slots) * samples


class _Work:
    """What the device does over and over, on images of noise."""

    def __init__(
        self, preset: Preset, survey: Survey, network: nn.Module, device: torch.device
    ) -> None:
        self._preset, self._survey = preset, survey
        self._network, self._device = network, device

    def step(self, batch_size: int) -> float:
        """Measure a training step, seconds."""
        images_NCHW = self._noise(batch_size)
        labels_N = torch.zeros(batch_size, dtype=torch.long, device=self._device)
        optimizer = torch.optim.SGD(self._network.parameters(), lr=0.0, momentum=0.9)

        def work() -> None:
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(self._network(images_NCHW), labels_N)
            loss.backward()  # type: ignore[no-untyped-call] # torch's own
            optimizer.step()

        self._network.train()
        return _seconds_of(work, self._device)

    def evaluation(self) -> float:
        """Measure the evaluation of val, and of test as often as it is evaluated, seconds."""
        _, val, test = self._survey.parts
        num_images = val.num_images + test.num_images / (self._preset.evaluate.test_every or 1)
        return num_images * self._seconds_an_image

    def cycle_end(self) -> float:
        """Give what follows an L step: w on val, theta on both parts, BatchNorm measured anew."""
        train, val, _ = self._survey.parts
        is_guarded = self._preset.compress.guard == "on"
        count = min(self._preset.guard.recalibrate_images, train.num_images) if is_guarded else 0
        return self.evaluation() + (val.num_images + count) * self._seconds_an_image

    @property
    def _seconds_an_image(self) -> float:
        batch_size = min(self._preset.evaluate.batch_size, 128)
        images_NCHW = self._noise(batch_size)

        def work() -> None:
            with torch.inference_mode():
                self._network(images_NCHW)

        self._network.eval()
        return _seconds_of(work, self._device) / batch_size

    def _noise(self, batch_size: int) -> torch.Tensor:
        size = self._survey.size
        return torch.randn(batch_size, self._survey.channels, size, size, device=self._device)


def _seconds_of(work: Callable[[], None], device: torch.device) -> float:
    """Give the mean duration of some repetitions; the first one warms up and does not count."""
    work()
    _wait_for(device)
    began, count = time.perf_counter(), 0
    while count < _MIN_REPEATS or time.perf_counter() - began < BUDGET_S:
        work()
        _wait_for(device)
        count += 1
    return (time.perf_counter() - began) / count


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _bytes_on_disk(network: nn.Module, num_cells: int, machine: MachineSettings) -> int:
    """Give the models that stay, and the checkpoints that the runs side by side keep meanwhile."""
    model = sum(tensor.nbytes for tensor in network.state_dict().values())
    num_live = min(num_cells, len(find_slots(machine)))
    return int(model) * (1 + num_cells + num_live * _CHECKPOINTS_KEPT * _CHECKPOINT_TENSORS)
