"""What a tracker receives of a run: log, telemetry and result as named numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from medtui.events import CycleEnded, Metrics, StageStarted, StepsAdvanced
from medtui.preset import Preset
from medtui.runs.log.record import Record
from medtui.runs.result import Result, SplitResult
from medtui.telemetry import GpuSample, Sample
from medtui.tracking.tracker import Measured

_MACHINE = (
    "process_cpu_percent", "process_memory_bytes", "host_cpu_percent", "host_memory_used_bytes",
)  # fmt: skip

_GPU = (
    "memory_used_bytes", "process_memory_bytes", "gpu_percent", "memory_percent", "power_w",
    "temperature_c", "sm_clock_mhz", "memory_clock_mhz",
)  # fmt: skip


@dataclass
class LogFold:
    """Turns a log's records, in order, into numbers."""

    _stage: StageStarted | None = None
    _steps: dict[int, int] = field(default_factory=dict)
    """Cycle of the running stage to its number of steps."""

    def add(self, record: Record) -> Measured | None:
        """Return the numbers in one record; None where it holds none."""
        match record.event:
            case StageStarted() as stage:
                self._stage, self._steps = stage, {}
                return None
            case StepsAdvanced() as step:
                return self._step(step, record.time)
            case CycleEnded() as cycle:
                return self._cycle(cycle, record.time)
            case _:
                return None

    def _step(self, event: StepsAdvanced, time: float) -> Measured | None:
        self._steps[event.cycle] = event.steps
        planned = self._stage.steps if self._stage else 0
        before = sum(self._steps.get(cycle, planned) for cycle in range(1, event.cycle))
        values = {"train/loss": event.loss, "images_per_second": event.images_per_second}
        return self._measured(values, before + event.step, event.cycle, time)

    def _cycle(self, event: CycleEnded, time: float) -> Measured | None:
        values: dict[str, float | None] = {
            "lr": event.lr, "mu": event.mu, "gap": event.gap, "density": event.density,
            "density_reachable": event.density_reachable,
            "seconds": event.seconds, "num_dead_layers": len(event.dead_layers),
        }  # fmt: skip
        splits = {"val": event.val, "test": event.test, "train": event.train, "w_val": event.w_val}
        for split, metrics in splits.items():
            values |= _prefixed(split, metrics)
        values |= _prefixed("density", event.densities)
        return self._measured(values, event.cycle, event.cycle, time)

    def _measured(
        self, values: Mapping[str, float | None], step: int, epoch: int, time: float
    ) -> Measured | None:
        stage = self._stage.stage if self._stage else "run"
        known = {f"{stage}/{name}": value for name, value in values.items() if value is not None}
        return Measured(known, step, epoch, time) if known else None


def measure_sample(sample: Sample, began_at: float) -> Measured:
    """Return a sample's numbers; its step is the second since `began_at`."""
    values = _known(sample, _MACHINE, "machine")
    for number, gpu in enumerate(sample.gpus):
        values |= _known(gpu, _GPU, f"machine/gpu{number}")
    return Measured(values, round(sample.time - began_at), time=sample.time)


def measure_result(result: Result) -> dict[str, float]:
    """Return a result's numbers: metrics of the kept model with their 95 % intervals, and sizes."""
    found: dict[str, float | None] = {"result/seconds": result.seconds}
    for name, split in (("val", result.val), ("test", result.test)):
        found |= _split(f"result/{name}", split)
    size = result.size
    for name in (
        "num_parameters", "num_nonzero", "bytes_dense", "bytes_packed", "macs", "density",
        "num_weights_unreachable", "density_reachable",
    ):  # fmt: skip
        found[f"result/{name}"] = getattr(size, name)
    return {name: value for name, value in found.items() if value is not None}


def parameters_of(preset: Preset, study: str, run: str) -> dict[str, Any]:
    """Return a run's settings by dotted name; lists as text, without those that have no value."""
    flat = _flattened(preset.model_dump(mode="json", by_alias=True, exclude_none=True))
    return flat | {"study": study, "run": run}


def _split(prefix: str, split: SplitResult) -> dict[str, float | None]:
    found: dict[str, float | None] = dict(_prefixed(prefix, split.metrics))
    for metric, (low, high) in split.intervals.items():
        found |= {f"{prefix}/{metric}/low": low, f"{prefix}/{metric}/high": high}
    return found


def _known(source: Sample | GpuSample, names: tuple[str, ...], prefix: str) -> dict[str, float]:
    values = {f"{prefix}/{name}": getattr(source, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _prefixed(prefix: str, metrics: Metrics | dict[str, float]) -> dict[str, float | None]:
    return {f"{prefix}/{name}": value for name, value in metrics.items()}


def _flattened(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            flat |= _flattened(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            flat[f"{prefix}{name}"] = msgspec.json.encode(value).decode()
        else:
            flat[f"{prefix}{name}"] = value
    return flat
