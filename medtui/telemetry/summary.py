"""Means and peaks of a run's telemetry, as stored in its result."""

import math
from collections.abc import Callable, Iterable, Sequence

import msgspec

from medtui.protocol.gpus import GpuSample
from medtui.telemetry.sample import Sample


class Level(msgspec.Struct, frozen=True):
    """Mean and peak of a quantity over a time span."""

    mean: float
    """Mean over the samples in which it was measured."""
    peak: float
    """Maximum over those samples; shorter peaks between samples are not seen."""
    num_samples: int
    """Number of samples in which it was measured."""


class TelemetrySummary(msgspec.Struct, frozen=True):
    """Summary of the samples of a time span. None where nothing was measured.

    GPU values cover the GPUs on which the run's process was seen, or all watched GPUs if it was
    seen on none: memory and power are summed over them, utilisation is averaged.
    """

    num_samples: int
    """Samples in the span."""
    seconds: float
    """Wall-clock time from the first to the last sample; summed over several spans."""
    gpu_memory_used_bytes: Level | None = None
    """Memory used by all processes."""
    process_gpu_memory_bytes: Level | None = None
    """Memory used by the run's process and its children."""
    gpu_percent: Level | None = None
    """Share of time in which a kernel was running, 0 to 100."""
    gpu_power_w: Level | None = None
    """Power draw of the boards, watts."""
    process_cpu_percent: Level | None = None
    """Percent of one core: two busy cores are 200."""
    process_memory_bytes: Level | None = None
    """Resident memory, children included."""


Span = tuple[float, float]
"""Start (inclusive) and end (exclusive), Unix times in seconds."""


def summarise(
    samples: Iterable[Sample], *, since: float = -math.inf, until: float = math.inf
) -> TelemetrySummary:
    """Return the summary from `since` (inclusive) to `until` (exclusive), Unix times in seconds."""
    return summarise_spans(samples, [(since, until)])


def summarise_spans(samples: Iterable[Sample], spans: Sequence[Span]) -> TelemetrySummary:
    """Return one summary of several spans; samples between them do not count."""
    known = list(samples)
    by_span = [
        [sample for sample in known if since <= sample.time < until] for since, until in spans
    ]
    span = [sample for chosen in by_span for sample in chosen]
    used = _used_gpus(span)
    gpus = [[gpu for gpu in sample.gpus if not used or _identity(gpu) in used] for sample in span]
    return TelemetrySummary(
        num_samples=len(span),
        seconds=sum(chosen[-1].time - chosen[0].time for chosen in by_span if chosen),
        gpu_memory_used_bytes=_gpu_level(gpus, lambda gpu: gpu.memory_used_bytes),
        process_gpu_memory_bytes=_gpu_level(gpus, lambda gpu: gpu.process_memory_bytes),
        gpu_percent=_gpu_level(gpus, lambda gpu: gpu.gpu_percent, is_share=True),
        gpu_power_w=_gpu_level(gpus, lambda gpu: gpu.power_w),
        process_cpu_percent=_level([sample.process_cpu_percent for sample in span]),
        process_memory_bytes=_level([sample.process_memory_bytes for sample in span]),
    )


def _identity(gpu: GpuSample) -> tuple[int, str | None]:
    return gpu.index, gpu.uuid


def _used_gpus(samples: Iterable[Sample]) -> set[tuple[int, str | None]]:
    """Return the GPUs on which the run's process was seen in any sample."""
    gpus = (gpu for sample in samples for gpu in sample.gpus)
    return {_identity(gpu) for gpu in gpus if gpu.process_memory_bytes is not None}


def _gpu_level(
    gpus: Sequence[Sequence[GpuSample]],
    value_of: Callable[[GpuSample], float | None],
    *,
    is_share: bool = False,
) -> Level | None:
    totals: list[float | None] = []
    for moment in gpus:
        known = [value for value in map(value_of, moment) if value is not None]
        total = sum(known) / len(known) if known and is_share else sum(known)
        totals.append(total if known else None)
    return _level(totals)


def _level(values: Sequence[float | None]) -> Level | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return Level(mean=sum(known) / len(known), peak=max(known), num_samples=len(known))
