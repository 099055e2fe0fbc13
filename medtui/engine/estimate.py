"""Estimate of a study's duration and disk use, from a few steps measured on its device."""

import os
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import nn

from medtui.datasets.summary import DatasetSummary
from medtui.engine.run.device import choose_device
from medtui.engine.timing.study_time import (
    ImageCounts,
    WorkTimes,
    benchmark_time,
    grid_time,
    reference_time,
    run_time,
    search_time,
    total,
)
from medtui.engine.timing.work_times import WorkTimer
from medtui.jobs.device_slots import find_slots, num_cores, resolve_threads
from medtui.preset import Cell, Preset, count_runs, expand_grid
from medtui.protocol.preflight import Estimate

_CHECKPOINT_TENSORS = 5
"""Copies of the weights in L-C's checkpoint: w, theta, lm, momentum, best theta."""

_CHECKPOINTS_KEPT = 2


def estimate(
    preset: Preset,
    survey: DatasetSummary,
    network: nn.Module,
    *,
    projections: Mapping[str, float],
    seconds_start: float = 0.0,
) -> Estimate:
    """Return the estimated duration of a study; measures some steps, which takes several seconds.

    `projections` maps a run's name to the measured seconds of its scheme's projection on the CPU.
    `seconds_start` is the time that a worker needs to start.
    """
    load = os.getloadavg()[0]
    machine = resolve_threads(preset)
    device = choose_device(machine.device)
    num_slots = len(find_slots(machine))
    cells = expand_grid(preset) or _searched_cells(preset)
    num_at_once = min(num_slots, max(len(expand_grid(preset)), _num_searches(preset)))
    times = WorkTimer(preset, survey, network, device).measure(machine, cells[0], num_at_once)
    times = replace(
        times, start=seconds_start, cycle=_cycle_times(cells[0], times, projections, device)
    )
    counts = ImageCounts(*(split.num_images for split in survey.splits))
    return _add_up(preset, counts, times, str(device), num_slots, num_at_once, load, network)


def _cycle_times(
    first: Cell, times: WorkTimes, projections: Mapping[str, float], device: torch.device
) -> dict[str, float]:
    """Return the seconds of each cell's cycles: the first cell's, with the cell's projection."""
    measured = times.cycle[""]
    if device.type == "cuda" or first.slug not in projections:
        return dict(times.cycle)
    rest = max(0.0, measured - projections[first.slug])
    return {"": measured} | {slug: rest + seconds for slug, seconds in projections.items()}


def _add_up(
    preset: Preset, counts: ImageCounts, times: WorkTimes, device: str, num_slots: int,
    num_at_once: int, load: float, network: nn.Module,
) -> Estimate:  # fmt: skip
    is_gpu = device != "cpu"
    cells = expand_grid(preset)
    mean = sum(map(times.cycle_of, cells)) / len(cells) if cells else times.cycle[""]
    factor = times.side_by_side if num_at_once > 1 else 1.0
    stages = run_time(
        preset, counts, times, num_cycles=preset.lc.cycles, cycle_seconds=mean, factor=factor
    )
    reference = reference_time(preset, counts, times)
    num_shrunk = sum(each.scheme.is_structured for each in cells) if preset.shrink.enabled else 0
    benchmark = 0.0
    if preset.bench.enabled:
        num_runs = count_runs(preset) - 1
        benchmark = benchmark_time(preset, times, num_runs, is_gpu=is_gpu, num_shrunk=num_shrunk)
    grid = grid_time(preset, counts, times, num_slots)
    searches = search_time(preset, counts, times, num_slots, is_gpu=is_gpu)
    return Estimate(
        device=device,
        num_side_by_side=num_at_once,
        seconds_reference=total(reference),
        seconds_run=total(stages),
        seconds_study=total(reference) + grid + searches + benchmark,
        bytes_disk=_bytes_on_disk(network, count_runs(preset) - 1, num_slots),
        stages_reference=reference,
        stages_run=stages,
        seconds_benchmark=benchmark,
        side_by_side_factor=factor,
        load=load,
        cores=num_cores(),
    )


def _searched_cells(preset: Preset) -> list[Cell]:
    assert preset.search is not None, "a preset without a grid has a search"
    scheme = preset.compress.scheme(preset.search.scheme[0])
    return [Cell(scheme, preset.search.low, seed=0)]


def _num_searches(preset: Preset) -> int:
    return len(preset.search.scheme) if preset.search else 0


def _bytes_on_disk(network: nn.Module, num_cells: int, num_slots: int) -> int:
    """Return the bytes of all models, and of the checkpoints of runs that compute at once."""
    model = sum(tensor.nbytes for tensor in network.state_dict().values())
    num_live = min(num_cells, num_slots)
    return int(model) * (1 + num_cells + num_live * _CHECKPOINTS_KEPT * _CHECKPOINT_TENSORS)
