"""A run to upload, the points in its Comet archive, and the points that its log asks for."""

import json
import zipfile
from pathlib import Path

import msgspec

from medtui.events import (
    AnyEvent,
    CycleEnded,
    RunFinished,
    RunStarted,
    StageStarted,
    StepsAdvanced,
)
from medtui.telemetry import GpuSample, Sample

OF_MACHINE = (
    "process_cpu_percent", "process_memory_bytes", "host_cpu_percent", "host_memory_used_bytes",
)  # fmt: skip
OF_GPU = (
    "memory_used_bytes", "process_memory_bytes", "gpu_percent", "memory_percent", "power_w",
    "temperature_c", "sm_clock_mhz", "memory_clock_mhz",
)  # fmt: skip

PRESET = """
schema = 1
name = "cells"
[data]
card = "demo"
[compress]
schemes = ["Prune"]
densities = [0.1]
[track]
comet = "offline"
project = "test"
"""

_NUMBERS = ("lr", "mu", "gap", "density", "density_reachable", "seconds")

KEY = "a" * 25
"""Looks like a key; belongs to nobody."""

Point = tuple[str, float, int | None]


def points_in(archive: Path) -> list[Point]:
    """Return name, value and step of every metric; those of the result and comet_ml's own aside."""
    with zipfile.ZipFile(archive) as opened:
        lines = opened.read("messages.json").splitlines()
    messages = [json.loads(line) for line in lines]
    metrics = [each["payload"]["metric"] for each in messages if each["type"] == "metric_msg"]
    return sorted(
        (metric["metricName"], metric["metricValue"], metric["step"])
        for metric in metrics
        if "/" in metric["metricName"] and not metric["metricName"].startswith("result/")
    )


def points_expected(events: list[AnyEvent], samples: list[Sample]) -> list[Point]:
    """Return the points expected of a log and telemetry, read independently of the exporter."""
    points: list[tuple[str, float | None, int | None]] = []
    stage, steps = "", 0
    for event in events:
        match event:
            case StageStarted():
                stage, steps = event.stage, event.steps
            case StepsAdvanced():
                step = (event.cycle - 1) * steps + event.step
                points.append((f"{stage}/train/loss", event.loss, step))
                points.append((f"{stage}/images_per_second", event.images_per_second, step))
            case CycleEnded():
                points += [(f"{stage}/{name}", value, event.cycle) for name, value in told(event)]
    for sample in samples:
        second = round(sample.time - samples[0].time)
        points += [(f"machine/{name}", getattr(sample, name), second) for name in OF_MACHINE]
        for number, gpu in enumerate(sample.gpus):
            points += [
                (f"machine/gpu{number}/{name}", getattr(gpu, name), second) for name in OF_GPU
            ]
    return sorted((name, value, step) for name, value, step in points if value is not None)


def told(event: CycleEnded) -> list[tuple[str, float | None]]:
    """Return every number of a cycle by its name."""
    named: dict[str, float | None] = {"num_dead_layers": len(event.dead_layers)}
    named |= {name: getattr(event, name) for name in _NUMBERS}
    for split in ("val", "test", "train", "w_val"):
        named |= {f"{split}/{name}": value for name, value in getattr(event, split).items()}
    named |= {f"density/{layer}": value for layer, value in event.densities.items()}
    return list(named.items())


def story() -> list:
    """Return the events of a run of two stages, with numbers that lack nothing but one."""
    cycles = [
        CycleEnded(
            cycle,
            val={"accuracy": 0.5 + cycle / 7, "loss": 1 / 3, "auroc": None},
            test={"accuracy": 0.4},
            w_val={"loss": 0.25},
            lr=1e-4,
            mu=0.01 * 1.1**cycle,
            gap=0.1234567890123456,
            density=0.1,
            seconds=2.5,
            densities={"conv1": 0.5, "layer1.0.conv1": 0.1},
            dead_layers=["fc"],
        )
        for cycle in range(3)
    ]
    steps = [StepsAdvanced(cycle, 3, 5, 1 / (cycle + 1), 100.0) for cycle in (1, 2)]
    return [
        RunStarted(1, "box", "cpu"),
        StageStarted("data"),
        StepsAdvanced(0, 10, 20),
        StageStarted("compress", 3, 5),
        cycles[0], steps[0], cycles[1], steps[1], cycles[2],
        StageStarted("finetune", 1, 5),
        StepsAdvanced(1, 4, 5, 0.5, 90.0),
        CycleEnded(1, val={"accuracy": 0.75}),
        RunFinished(9.0),
    ]  # fmt: skip


def write_samples(path: Path, count: int) -> list[Sample]:
    """Write telemetry of a CPU and a GPU that hides its power."""
    gpu = GpuSample(index=3, memory_used_bytes=10**10, gpu_percent=87, temperature_c=61)
    samples = [
        Sample(time=1000.25 + second, elapsed_s=second, process_cpu_percent=99.5, gpus=[gpu])
        for second in range(count)
    ]
    path.write_bytes(b"".join(msgspec.json.encode(sample) + b"\n" for sample in samples))
    return samples
