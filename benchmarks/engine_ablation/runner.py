"""Runs the variants interleaved, and checks that they did the same work."""

import gc
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

import torch

from benchmarks.engine_ablation.report import VariantResult
from benchmarks.engine_ablation.variants import Variant, set_up
from benchmarks.engine_ablation.workload import ImageCounts, Workload, digest_of
from medtui.errors import MedtuiError

_PRODUCT_SIDE, _COPY_FLOATS = 1024, 1 << 24


class UnequalWork(MedtuiError):
    """Two variants did different work, so that their times are not comparable."""


@dataclass
class Measurements:
    """The measurements of all rounds, by variant."""

    wall: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    image_counts: dict[str, ImageCounts] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    flops_per_second: list[float] = field(default_factory=list)
    copied_per_second: list[float] = field(default_factory=list)


def measure_variants(variants: Sequence[Variant], work: Workload, threads: int) -> Measurements:
    """Run the variants forwards and backwards, `work.plan.rounds` times.

    Raises:
        UnequalWork: the variants did different work.
    """
    found = Measurements()
    for number in range(work.plan.rounds):
        for variant in [*variants, *reversed(variants)]:
            _measure(variant, work, threads, found)
            took = f"{variant.name}  {found.wall[variant.name][-1]:.2f} s"
            report_progress(f"round {number + 1}/{work.plan.rounds}  {took}")
        _measure_ceilings(work.device, found)
    _check(variants, work, found)
    return found


def warm_up(variants: Sequence[Variant], work: Workload, threads: int) -> None:
    """Run every variant on little work, so that it compiles, allocates and imports."""
    for variant in variants:
        report_progress(f"warming up {variant.name}")
        set_up(variant, work.device, threads)
        variant.run(work, ImageCounts())


def _measure(variant: Variant, work: Workload, threads: int, found: Measurements) -> None:
    set_up(variant, work.device, threads)
    gc.collect()
    counts = ImageCounts()
    cpu, began = _cpu_seconds(), time.perf_counter()
    w = variant.run(work, counts)
    _wait_for(work.device)
    found.wall[variant.name].append(time.perf_counter() - began)
    found.cpu[variant.name].append(_cpu_seconds() - cpu)
    digest = digest_of(w)
    before = found.digests.setdefault(variant.name, digest)
    if work.device.type == "cpu" and digest != before:
        raise UnequalWork(f"{variant.name} ended with different weights than in its first round.")
    found.image_counts[variant.name] = counts


def _cpu_seconds() -> float:
    """Return the CPU time of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _measure_ceilings(device: torch.device, found: Measurements) -> None:
    left, right = (torch.randn(_PRODUCT_SIDE, _PRODUCT_SIDE, device=device) for _ in range(2))
    source = torch.ones(_COPY_FLOATS, device=device)
    target = torch.empty_like(source)
    product = _seconds(lambda: torch.mm(left, right), device)
    copy = _seconds(lambda: target.copy_(source), device)
    found.flops_per_second.append(2 * _PRODUCT_SIDE**3 / product)
    found.copied_per_second.append(2 * source.nbytes / copy)


def _seconds(work: Callable[[], object], device: torch.device, repeats: int = 7) -> float:
    """Return the median seconds of a call, after one that is not counted; CPU seconds on a CPU."""
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    found = []
    for _ in range(repeats + 1):
        _wait_for(device)
        began = clock()
        work()
        _wait_for(device)
        found.append(clock() - began)
    return median(found[1:])


def _check(variants: Sequence[Variant], work: Workload, found: Measurements) -> None:
    """Check that all variants trained and evaluated the same images, and exact ones agree."""
    planned = (work.plan.cycles - 1) * work.plan.steps * work.plan.batch_size
    for variant in variants:
        trained = found.image_counts[variant.name].num_trained
        if trained != planned:
            raise UnequalWork(f"{variant.name} trained on {trained} images instead of {planned}.")
    evaluated = {
        variant.name: found.image_counts[variant.name].num_evaluated
        for variant in variants
        if variant.evaluates_all
    }
    if len(set(evaluated.values())) > 1:
        raise UnequalWork(f"The variants evaluated different numbers of images: {evaluated}.")
    exact = {variant.name: found.digests[variant.name] for variant in variants if variant.is_exact}
    if work.device.type == "cpu" and len(set(exact.values())) > 1:
        raise UnequalWork(f"The exact variants ended with different weights: {exact}.")


def report_progress(sentence: str) -> None:
    """Print a line of progress to stderr."""
    print(sentence, file=sys.stderr, flush=True)


def results_of(
    variants: Sequence[Variant], work: Workload, found: Measurements
) -> list[VariantResult]:
    """Return the results of all variants."""
    train, evaluation = work.count_flops()
    rate = median(found.flops_per_second)
    return [
        VariantResult(
            name=variant.name,
            what=variant.what,
            num_updates=found.image_counts[variant.name].num_trained // work.plan.batch_size,
            num_trained=found.image_counts[variant.name].num_trained,
            num_evaluated=found.image_counts[variant.name].num_evaluated,
            digest=found.digests[variant.name],
            wall_seconds=found.wall[variant.name],
            cpu_seconds=found.cpu[variant.name],
            min_seconds=(
                found.image_counts[variant.name].num_trained * train
                + found.image_counts[variant.name].num_evaluated * evaluation
            )
            / rate,
        )
        for variant in variants
    ]
