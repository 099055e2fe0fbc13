"""Estimate of a study's duration and disk use, from a few steps measured on its device."""

import os
from dataclasses import replace
from functools import partial

import msgspec
from torch import nn

from medtui.cores import num_cores
from medtui.datasets.summary import DatasetSummary
from medtui.engine.run.device import choose_device
from medtui.engine.timing.measured_times import ImageCounts, WorkTimes
from medtui.engine.timing.study_time import (
    benchmark_time,
    grid_time,
    reference_time,
    references_time,
    run_time,
    search_time,
    total,
)
from medtui.engine.timing.work_times import WorkTimer
from medtui.jobs.device_slots import (
    find_slots,
    most_jobs,
    num_packed,
    num_references_alone,
    resolve_threads,
)
from medtui.preset import (
    Cell,
    Preset,
    controls_of,
    count_runs,
    expand_grid,
    finetune_epochs,
    finetuned_as,
)
from medtui.protocol.preflight import Estimate

_CHECKPOINT_TENSORS = 5
"""Copies of the weights in L-C's checkpoint: w, theta, lm, momentum, best theta."""

_CHECKPOINTS_KEPT = 2


def estimate(
    preset: Preset,
    survey: DatasetSummary,
    network: nn.Module,
    narrowed: nn.Module | None = None,
    *,
    seconds_start: float = 0.0,
    seconds_fork: float = 0.0,
) -> Estimate:
    """Return the estimated duration of a study; measures some steps, which takes several seconds.

    `narrowed` is the network from scratch, if there is one. `seconds_start` is the time until
    the first worker computes, and `seconds_fork` that of each further one.
    """
    load = os.getloadavg()[0]
    machine = resolve_threads(preset)
    device = choose_device(machine.device)
    are_jobs = machine.scheduler != "local"
    slots = find_slots(machine)
    num_slots = most_jobs(preset) if are_jobs else len(slots)
    cells = one_of_each_scheme(preset)
    num_at_once = min(num_slots, max(len(expand_grid(preset)), _num_searches(preset)))
    times = WorkTimer(preset, survey, network, device).measure(
        machine, cells, 1 if are_jobs else num_at_once
    )
    # Runs that share a GPU are not measured together: at worst, they take turns.
    factor = times.side_by_side * (1 if are_jobs else num_packed(slots, num_at_once))
    times = replace(times, start=seconds_start, fork=seconds_fork, side_by_side=factor)
    counts = ImageCounts(*(split.num_images for split in survey.splits))
    found = _add_up(preset, counts, times, str(device), num_slots, num_at_once, load, network)
    if narrowed is None:
        return found
    own = WorkTimer(preset, survey, narrowed, device).measure_training(machine)
    own = replace(own, start=seconds_fork, bootstrap=times.bootstrap)
    seconds = total(reference_time(preset, counts, own, is_trained=True))
    return msgspec.structs.replace(
        found, seconds_scratch=seconds, seconds_study=found.seconds_study + seconds
    )


def _add_up(
    preset: Preset, counts: ImageCounts, times: WorkTimes, device: str, num_slots: int,
    num_at_once: int, load: float, network: nn.Module,
) -> Estimate:  # fmt: skip
    is_gpu = device != "cpu"
    cells = expand_grid(preset)
    schemes = [cell.scheme.name for cell in cells] or list(times.cycle)
    mean = sum(map(times.cycle_of, schemes)) / len(schemes)
    factor = times.side_by_side if num_at_once > 1 else 1.0
    typical = max(cells or one_of_each_scheme(preset), key=partial(finetune_epochs, preset))
    stages = run_time(
        finetuned_as(preset, typical), counts, times.of_cell(typical),
        num_cycles=preset.lc.cycles, cycle_seconds=mean, factor=factor,
    )  # fmt: skip
    reference = reference_time(preset, counts, times)
    num_shrunk = sum(each.scheme.is_structured for each in cells) if preset.shrink.enabled else 0
    benchmark = 0.0
    if preset.bench.enabled:
        num_dense = len(preset.reference.seeds) + len(controls_of(preset))
        num_runs = count_runs(preset) - num_dense
        benchmark = benchmark_time(preset, times, num_runs, is_gpu=is_gpu, num_shrunk=num_shrunk)
    num_alone = num_references_alone(
        preset,
        len(preset.reference.seeds),
        shares_cores=not is_gpu and preset.machine.scheduler == "local",
    )
    references = references_time(preset, counts, times, num_slots, num_alone=num_alone)
    grid = grid_time(preset, counts, times, num_slots)
    searches = search_time(preset, counts, times, num_slots, is_gpu=is_gpu)
    return Estimate(
        device=device,
        num_side_by_side=num_at_once,
        seconds_reference=total(reference),
        seconds_run=total(stages),
        seconds_study=references + grid + searches + benchmark,
        bytes_disk=_bytes_on_disk(network, count_runs(preset) - 1, num_slots),
        stages_reference=reference,
        stages_run=stages,
        seconds_benchmark=benchmark,
        side_by_side_factor=factor,
        stretch=times.stretch,
        load=load,
        cores=num_cores(),
    )


def one_of_each_scheme(preset: Preset) -> list[Cell]:
    """Return a cell of each scheme of the grid, then of each scheme that is searched alone."""
    cells = {cell.scheme.name: cell for cell in reversed(expand_grid(preset))}
    found = list(reversed(cells.values()))
    if preset.search is not None:
        found += [
            Cell(preset.compress.scheme(name), preset.search.low, seed=0)
            for name in preset.search.scheme
            if name not in cells
        ]
    return found


def _num_searches(preset: Preset) -> int:
    return len(preset.search.scheme) if preset.search else 0


def _bytes_on_disk(network: nn.Module, num_cells: int, num_slots: int) -> int:
    """Return the bytes of all models, and of the checkpoints of runs that compute at once."""
    model = sum(tensor.nbytes for tensor in network.state_dict().values())
    num_live = min(num_cells, num_slots)
    return int(model) * (1 + num_cells + num_live * _CHECKPOINTS_KEPT * _CHECKPOINT_TENSORS)
