"""Averages and peaks of a run's vitals, as its result records them."""

import math
from collections.abc import Callable, Iterable, Sequence

import msgspec

from medtui.protocol.gpus import GpuSample
from medtui.telemetry.sample import Sample


class Level(msgspec.Struct, frozen=True):
    """How high something was over a span of time."""

    mean: float
    """Over the samples in which it was measured."""
    peak: float
    """The highest of them; a shorter peak between two samples is not seen."""
    num_samples: int
    """In which it was measured."""


class VitalsSummary(msgspec.Struct, frozen=True):
    """A span of samples. None where nothing was measured.

    GPU values are of the GPUs on which the run's process was seen, or of all that were watched
    where it was seen on none: memory and power are summed over them, utilisation is averaged.
    """

    num_samples: int
    """Lines of telemetry in the span."""
    seconds: float
    """From the first to the last of them, by the wall clock; of several spans, their sum."""
    gpu_memory_used_bytes: Level | None = None
    """By all processes together."""
    process_gpu_memory_bytes: Level | None = None
    """By the run's process and its children."""
    gpu_percent: Level | None = None
    """Share of time in which a kernel ran, 0 to 100."""
    gpu_power_w: Level | None = None
    """Draw of the boards, watts."""
    process_cpu_percent: Level | None = None
    """Of one core: two busy cores are 200."""
    process_memory_bytes: Level | None = None
    """Resident, with all children."""


Span = tuple[float, float]
"""Two Unix times, seconds: from the first on, before the second."""


def summarise(
    samples: Iterable[Sample], *, since: float = -math.inf, until: float = math.inf
) -> VitalsSummary:
    """Summarise the samples from `since` on and before `until`, both Unix times in seconds."""
    return summarise_spans(samples, [(since, until)])


def summarise_spans(samples: Iterable[Sample], spans: Sequence[Span]) -> VitalsSummary:
    """Summarise the samples of several spans as one; what lies between them does not count."""
    known = list(samples)
    parts = [[sample for sample in known if since <= sample.time < until] for since, until in spans]
    span = [sample for part in parts for sample in part]
    used = _used_gpus(span)
    gpus = [[gpu for gpu in sample.gpus if not used or _identity(gpu) in used] for sample in span]
    return VitalsSummary(
        num_samples=len(span),
        seconds=sum(part[-1].time - part[0].time for part in parts if part),
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
