"""A run over time: its metric by cycle, memory and utilisation by minute."""

from dataclasses import dataclass

from medtui.analysis.run_record import Entry
from medtui.events import DataLoaded
from medtui.runs.history import History
from medtui.runs.log_reader import EventTail
from medtui.telemetry import Sample, read_samples
from medtui.units import GIB

Curve = tuple[tuple[float, float], ...]
"""x and y, in ascending x; what was not measured is left out."""

_SECONDS_PER_MINUTE = 60


@dataclass(frozen=True)
class Curves:
    """One run's."""

    metric: Curve
    """On val, by cycle."""
    memory: Curve
    """GiB by minute: of the GPU in use, else of the worker."""
    free: Curve
    """GiB free on the GPU by minute; empty without one."""
    utilisation: Curve
    """Percent by minute: of the GPU, else of one CPU core."""
    has_gpu: bool
    data: DataLoaded | None


def read_curves(entry: Entry, metric: str) -> Curves:
    """Read a run's log and telemetry."""
    history = History()
    for record in EventTail(entry.folder.events).read_all():
        history.add(record)
    cycles = history.cycles_of("reference" if entry.folder.is_reference else "compress")
    samples, _ = read_samples(entry.folder.telemetry)
    has_gpu = any(sample.gpus for sample in samples)
    start = samples[0].time if samples else 0.0
    rows = [((sample.time - start) / _SECONDS_PER_MINUTE, *_vitals(sample)) for sample in samples]
    return Curves(
        metric=tuple(
            (float(cycle.cycle), value)
            for cycle in cycles
            if (value := cycle.val.get(metric)) is not None
        ),
        memory=tuple((minute, used) for minute, used, _, _ in rows if used is not None),
        free=tuple((minute, free) for minute, _, free, _ in rows if free is not None),
        utilisation=tuple((minute, busy) for minute, _, _, busy in rows if busy is not None),
        has_gpu=has_gpu,
        data=history.data,
    )


def _vitals(sample: Sample) -> tuple[float | None, float | None, float | None]:
    """Give memory used and free in GiB, and utilisation."""
    if not sample.gpus:
        used = sample.process_memory_bytes
        return None if used is None else used / GIB, None, sample.process_cpu_percent
    used = _sum([gpu.memory_used_bytes for gpu in sample.gpus])
    free = _sum([gpu.memory_free_bytes for gpu in sample.gpus])
    busy = [gpu.gpu_percent for gpu in sample.gpus if gpu.gpu_percent is not None]
    return (
        None if used is None else used / GIB,
        None if free is None else free / GIB,
        sum(busy) / len(busy) if busy else None,
    )


def _sum(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
