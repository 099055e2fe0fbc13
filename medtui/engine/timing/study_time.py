"""The duration of a study, computed from the measured seconds of its steps. Imports no torch.

A run consists of start-up; an L step, a C step, BatchNorm recalibration and evaluations for each
cycle; steps and evaluations for each epoch of fine-tuning; and the final evaluation with its
bootstrap. Decoding images into the cache and checkpoints (2 % at most) are not counted.
"""

import math
from collections.abc import Sequence

from medtui.engine.timing.measured_times import ImageCounts, WorkTimes
from medtui.preset import Cell, Preset, expand_grid, finetuned_as, test_every, tunes_last
from medtui.protocol.preflight import StageTime


def num_evaluations(rounds: int, every: int) -> int:
    """Return how many of `rounds` cycles or epochs evaluate test: each `every`-th, and the last."""
    if rounds == 0:
        return 0
    return math.ceil(rounds / every) + ((rounds - 1) % every != 0)


def reference_time(
    preset: Preset, counts: ImageCounts, times: WorkTimes, *, is_trained: bool = False
) -> list[StageTime]:
    """Return the stages of the reference; it is not trained if its weights are given.

    With `is_trained`, return those of a network that is trained in any case.
    """
    trained = 0.0
    if is_trained or not preset.model.weights:
        reference = preset.reference
        steps = reference.epochs * _num_batches(counts.train, reference.batch_size)
        images = _evaluated(counts, reference.epochs, test_every(preset, is_compression=False))
        trained = steps * times.reference_step + images * times.reference_image
    image = times.reference_image if times.result_image is None else times.result_image
    final = (counts.val + counts.test) * image + times.bootstrap
    return [
        StageTime("start", times.start),
        StageTime("reference", trained),
        StageTime("evaluate", final),
    ]


def references_time(
    preset: Preset, counts: ImageCounts, times: WorkTimes, num_slots: int, *, num_alone: int
) -> float:
    """Return the seconds of all references: some one after another, the others side by side."""
    alone = total(reference_time(preset, counts, times))
    beside = [times.side_by_side * alone] * (len(preset.reference.seeds) - num_alone)
    return num_alone * alone + rounds_time([alone] * len(beside), beside, num_slots)


def run_time(
    preset: Preset, counts: ImageCounts, times: WorkTimes, *,
    num_cycles: int, cycle_seconds: float, factor: float = 1.0,
) -> list[StageTime]:  # fmt: skip
    """Return the stages of a compression with `num_cycles` cycles.

    The preset's number of epochs of fine-tuning is that of the run (`finetuned_as`), and the times
    are those of the network that it trains (`WorkTimes.of_cell`).
    `cycle_seconds` are the C step and other work once a cycle. `factor` is the slow-down by other
    runs. It applies to the start, too.
    """
    image = times.image if times.result_image is None else times.result_image
    final = (counts.val + counts.test) * image + times.bootstrap
    compressed = _compress_time(preset, counts, times, num_cycles) + num_cycles * cycle_seconds
    recalibrated = _num_recalibrated(preset, counts) * times.recalibrated_image
    is_tuned = preset.compress.guard == "on" and bool(preset.guard.finetune_epochs)
    tuned = _finetune_time(preset, counts, times) if is_tuned else 0.0
    if is_tuned:  # the last stage recalibrates the stored model once more
        tuned += recalibrated
        if tunes_last(preset):  # the last cycle too; each is held against the theta before
            tuned = 2 * tuned + 4 * counts.val * times.image
    else:
        compressed += recalibrated
    return [
        StageTime("start", factor * times.fork),
        StageTime("compress", factor * compressed),
        StageTime("finetune", factor * tuned),
        StageTime("evaluate", factor * final),
    ]


def _compress_time(preset: Preset, counts: ImageCounts, times: WorkTimes, num_cycles: int) -> float:
    lc, evaluate = preset.lc, preset.evaluate
    first = lc.first_steps or lc.steps
    num_steps = first + (num_cycles - 2) * lc.steps if num_cycles > 1 else 0
    images = num_evaluations(num_cycles, evaluate.w_every) * counts.val  # w, beside theta
    images += _evaluated(counts, num_cycles, test_every(preset, is_compression=True))
    if evaluate.train_split:
        images += num_cycles * counts.train
    recalibrated = num_cycles * _num_recalibrated(preset, counts)
    return (
        num_steps * times.lc_step + images * times.image + recalibrated * times.recalibrated_image
    )


def _finetune_time(preset: Preset, counts: ImageCounts, times: WorkTimes) -> float:
    """Return the seconds of fine-tuning's steps and evaluations."""
    epochs = preset.guard.finetune_epochs or 0
    steps = epochs * _num_batches(counts.train, preset.lc.batch_size)
    images = _evaluated(counts, epochs, test_every(preset, is_compression=False))
    image = times.image if times.finetune_image is None else times.finetune_image
    return steps * times.finetune_step + images * image


def _evaluated(counts: ImageCounts, rounds: int, every: int) -> int:
    """Return the number of images of val and test that `rounds` cycles or epochs evaluate."""
    return rounds * counts.val + num_evaluations(rounds, every) * counts.test


def _num_recalibrated(preset: Preset, counts: ImageCounts) -> int:
    is_guarded = preset.compress.guard == "on"
    return min(preset.guard.recalibrate_images, counts.train) if is_guarded else 0


def _num_batches(num_images: int, batch_size: int) -> int:
    """Return the batches of an epoch; an incomplete last one is dropped, a small split is one."""
    return max(1, num_images // batch_size)


def total(stages: Sequence[StageTime]) -> float:
    """Return the seconds of all stages."""
    return sum(each.seconds for each in stages)


def rounds_time(alone: Sequence[float], beside: Sequence[float], num_slots: int) -> float:
    """Return the seconds of runs that share `num_slots` device slots.

    `alone` and `beside` are each run's seconds without and with other runs. A run starts when a
    slot becomes free. As the runs of a grid take about equally long, they run in rounds of
    `num_slots`, and a single run in the last round is alone.
    """
    seconds = 0.0
    for first in range(0, len(alone), num_slots):
        chosen = slice(first, first + num_slots)
        is_alone = len(alone[chosen]) == 1
        seconds += max((alone if is_alone else beside)[chosen])
    return seconds


def grid_time(preset: Preset, counts: ImageCounts, times: WorkTimes, num_slots: int) -> float:
    """Return the seconds of all runs of the grid."""

    def seconds(factor: float) -> list[float]:
        return [
            total(
                run_time(
                    finetuned_as(preset, cell), counts, times.of_cell(cell),
                    num_cycles=preset.lc.cycles,
                    cycle_seconds=times.cycle_of(cell.scheme.name), factor=factor,
                )
            )
            for cell in expand_grid(preset)
        ]  # fmt: skip

    return rounds_time(seconds(1.0), seconds(times.side_by_side), num_slots)


def search_time(
    preset: Preset, counts: ImageCounts, times: WorkTimes, num_slots: int, *, is_gpu: bool
) -> float:
    """Return the seconds of the searches if they use their whole budget.

    The samples of a scheme run one after another, and schemes run side by side. Objectives other
    than density also time each round's samples against the reference.
    """
    search, cycles = preset.search, preset.lc.cycles
    if search is None:
        return 0.0
    num_probes = search.num_probes(cycles)

    def samples(scheme: str, factor: float) -> float:
        """Return the seconds of one scheme's samples."""
        lowest = Cell(preset.compress.scheme(scheme), search.low, seed=0)
        whole, probe = (
            total(
                run_time(
                    finetuned_as(preset, lowest), counts, times.of_cell(lowest),
                    num_cycles=count, cycle_seconds=times.cycle_of(scheme), factor=factor,
                )
            )
            for count in (cycles, search.probe_cycles or cycles)
        )  # fmt: skip
        return num_probes * probe + (search.budget - num_probes) * whole

    alone, beside = (
        [samples(scheme, factor) for scheme in search.scheme]
        for factor in (1.0, times.side_by_side)
    )
    runs = rounds_time(alone, beside, num_slots)
    if search.is_monotone:
        return runs
    return runs + search.budget * benchmark_time(preset, times, len(search.scheme), is_gpu=is_gpu)


def benchmark_time(
    preset: Preset, times: WorkTimes, num_runs: int, *, is_gpu: bool, num_shrunk: int = 0
) -> float:
    """Return the maximum seconds of timing `num_runs` runs and the reference.

    The sweep of batch sizes may end before the largest one, when throughput falls.
    """
    bench = preset.bench
    num_models = 1 + num_runs + num_shrunk
    seconds = num_models * bench.calls * times.single_image
    size = 1
    while size <= bench.max_batch:
        batch = times.single_image + (size - 1) * times.image
        seconds += num_models * bench.rounds * (batch + max(batch, bench.seconds))
        size *= 2
    if is_gpu:
        seconds += num_models * bench.sustain_seconds
    return times.start + seconds * (len(bench.precisions) if is_gpu else 1)
