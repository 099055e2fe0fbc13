"""Curves of a run's telemetry over minutes of computing; pauses are left out.

The only definition of these curves, for the live view, saved runs, comparisons and reports.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from medtui.telemetry import NVML_OK, GpuSample, Sample, SampleTail
from medtui.units import GIB

Point = tuple[float, float | None]
"""x and y; y is None where nothing was measured, a gap in the curve."""

MEAN_S = 10
"""Window of the rolling mean of utilisation, seconds."""

MAX_POINTS = 7200
"""Maximum points of a curve, two hours at one per second; then neighbours are merged."""

RECENT = 60
"""Samples of each GPU that are kept for sparklines."""

_LONGEST_STEP_S = 5.0
"""A longer time between two samples is a pause: the curve has a gap there."""

_SECONDS_PER_MINUTE = 60


@dataclass(frozen=True)
class TelemetryCurves:
    """Telemetry of a run, over minutes of computing without pauses."""

    has_gpu: bool = False
    """Whether the curves show a GPU; otherwise the worker's CPU time and memory."""
    why_no_gpu: str = ""
    """NVML's reason, as a sentence; empty where there is a GPU."""
    gpu_name: str = ""
    memory_used: tuple[Point, ...] = ()
    """GiB used by all processes on the GPU; without a GPU, the worker's resident memory."""
    memory_free: tuple[Point, ...] = ()
    """GiB free on the GPU; without a GPU, available on the host."""
    utilisation: tuple[Point, ...] = ()
    """Percent of GPU time; without a GPU, percent of one core."""
    utilisation_mean: tuple[Point, ...] = ()
    """Rolling mean over `MEAN_S`."""
    recent_loads: tuple[tuple[float | None, ...], ...] = ()
    """Of each GPU the latest loads in percent, oldest first, `RECENT` at most."""
    total_bytes: int | None = None
    """Memory of the GPU, or of the host."""
    latest: Sample | None = None


@dataclass
class _Trace:
    """A curve that merges pairs of points when it becomes too long."""

    points: list[Point] = field(default_factory=list)

    def add(self, minutes: float, value: float | None) -> None:
        """Append a point."""
        self.points.append((minutes, value))
        if len(self.points) > MAX_POINTS:
            firsts, seconds = self.points[0::2], self.points[1::2]
            self.points = [
                (x, _higher(y, other)) for (x, y), (_, other) in zip(firsts, seconds, strict=False)
            ]


@dataclass
class TelemetryCurveReader:
    """Follows one run's `telemetry.jsonl`."""

    path: Path

    def __post_init__(self) -> None:
        self._tail = SampleTail(self.path)
        self._used, self._free, self._busy = _Trace(), _Trace(), _Trace()
        self._minutes = 0.0
        self._latest: Sample | None = None
        self._recent = deque[Sample](maxlen=RECENT)

    def refresh(self) -> bool:
        """Read what was added; return whether there was anything."""
        samples = self._tail.read_all()
        for sample in samples:
            self._add(sample)
        return bool(samples)

    @property
    def problem(self) -> str:
        """Why not all of the file is read; empty where it is."""
        return self._tail.problem

    def curves(self) -> TelemetryCurves:
        """Return the curves so far."""
        latest = self._latest
        if latest is None:
            return TelemetryCurves()
        gpu = latest.gpus[0] if latest.gpus else None
        return TelemetryCurves(
            has_gpu=gpu is not None,
            why_no_gpu="" if latest.nvml_state == NVML_OK else latest.nvml_state,
            gpu_name=(gpu.name or "") if gpu else "",
            memory_used=tuple(self._used.points),
            memory_free=tuple(self._free.points),
            utilisation=tuple(self._busy.points),
            utilisation_mean=tuple(rolling_mean(self._busy.points, MEAN_S)),
            recent_loads=tuple(self._loads_of(each) for each in latest.gpus),
            total_bytes=_total(latest),
            latest=latest,
        )

    def _loads_of(self, gpu: GpuSample) -> tuple[float | None, ...]:
        """Return the latest loads of one GPU; None where a sample does not have it."""
        return tuple(
            next((one.gpu_percent for one in sample.gpus
                  if (one.index, one.uuid) == (gpu.index, gpu.uuid)), None)
            for sample in self._recent
        )  # fmt: skip

    def _add(self, sample: Sample) -> None:
        if self._latest is not None:
            step = sample.time - self._latest.time
            if not 0 < step <= _LONGEST_STEP_S:
                step = 1.0
                for trace in (self._used, self._free, self._busy):
                    trace.add(self._minutes, None)
            self._minutes += step / _SECONDS_PER_MINUTE
        self._latest = sample
        self._recent.append(sample)
        used, free, busy = _values_of(sample)
        self._used.add(self._minutes, used)
        self._free.add(self._minutes, free)
        self._busy.add(self._minutes, busy)


def rolling_mean(points: Iterable[Point], width: int) -> list[Point]:
    """Return each point with the mean of the last `width` values; a gap empties the window."""
    window: deque[float] = deque(maxlen=width)
    smooth: list[Point] = []
    for x, y in points:
        if y is None:
            window.clear()
            smooth.append((x, None))
        else:
            window.append(y)
            smooth.append((x, sum(window) / len(window)))
    return smooth


def _values_of(sample: Sample) -> tuple[float | None, float | None, float | None]:
    if sample.gpus:
        gpus = sample.gpus
        used = _sum(gpu.memory_used_bytes for gpu in gpus)
        free = _sum(gpu.memory_free_bytes for gpu in gpus)
        busy = [gpu.gpu_percent for gpu in gpus if gpu.gpu_percent is not None]
        return used, free, sum(busy) / len(busy) if busy else None
    used = sample.process_memory_bytes
    total, host_used = sample.host_memory_total_bytes, sample.host_memory_used_bytes
    free = None if total is None or host_used is None else (total - host_used) / GIB
    return None if used is None else used / GIB, free, sample.process_cpu_percent


def _sum(values: Iterable[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / GIB if known else None


def _total(sample: Sample) -> int | None:
    if not sample.gpus:
        return sample.host_memory_total_bytes
    known = [gpu.memory_total_bytes for gpu in sample.gpus if gpu.memory_total_bytes is not None]
    return sum(known) if known else None


def _higher(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return one if other is None else other
    return max(one, other)
