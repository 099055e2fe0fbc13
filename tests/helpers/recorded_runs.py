"""Writes realistic run folders, as a worker, a supervisor and a sampler would have left them."""

import math
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from medtui.events import (
    AnyEvent,
    CheckpointWritten,
    CycleEnded,
    DataLoaded,
    Noted,
    RunFinished,
    RunStarted,
    RunStopped,
    StageStarted,
    StepsAdvanced,
)
from medtui.preset import Preset, dump_preset, expand_grid, parse_preset, preset_for
from medtui.protocol.model_size import LayerSize, Size
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.writer import EventWriter
from medtui.runs.ownership.lock import FolderLock
from medtui.runs.result import Result, SplitResult, write_result
from medtui.runs.runs_dir import create_study
from medtui.telemetry import GpuSample, Sample
from medtui.units import GIB
from tests.helpers.manual_clock import ManualClock

PRESET = """
schema = 1
name = "{name}"

[data]
card = "malaria"
root = "cell_images"

[reference]
epochs = 20

[compress]
schemes = ["Prune", "PruneQuantize16", "FilterPrune", "Quantize16"]
densities = [0.5, 0.1, 0.01]

[lc]
cycles = 45
steps = 200
"""

START = 1_790_000_000.0
"""Unix time at which recorded studies begin."""

LAYERS = ["conv1"] + [
    f"layer{stage}.{block}.conv{number}" for stage in range(1, 5) for block in range(2)
    for number in (1, 2)
] + [f"layer{stage}.0.downsample.0" for stage in range(2, 5)] + ["fc"]  # fmt: skip

NUM_WEIGHTS = 11_166_912


class RecordedStudy:
    """A study folder under construction; a lock taken here makes its holder look alive."""

    def __init__(
        self, runs_dir: Path, name: str, *, preset: str = PRESET, gpu: bool = True, seed: int = 0,
        start: float = START,
    ) -> None:  # fmt: skip
        self.folder: StudyFolder = create_study(runs_dir, name)
        self.preset: Preset = parse_preset(preset.format(name=name), "test")
        self.folder.preset.write_text(dump_preset(self.preset), encoding="utf-8")
        self.clock = ManualClock(start)
        self.random = random.Random(seed)
        self.gpu = gpu
        self._locks = ExitStack()
        self._plan()

    def hold(self, *folders: RunFolder | StudyFolder) -> None:
        """Make these folders look alive until `release`."""
        for folder in folders:
            lock = FolderLock(folder.lock)
            lock.acquire()
            self._locks.callback(lock.release)

    def release(self) -> None:
        """Let every lock go."""
        self._locks.close()

    def reference(self, *, epochs: int | None = None, best: float = 0.961) -> RunFolder:
        """Record the dense model's training."""
        run = self.folder.reference
        total = self.preset.reference.epochs
        done = total if epochs is None else epochs
        curve = [best - 0.4 * math.exp(-0.35 * epoch) for epoch in range(1, done + 1)]
        self._record(
            run, "reference", total, curve, first=1, end="finished" if done == total else ""
        )
        return run

    def run(
        self, name: str, *, cycles: int | None = None, best: float = 0.955, end: str = "finished",
        dead: Sequence[str] = (),
    ) -> RunFolder:  # fmt: skip
        """Record one compression, `cycles` of it; `end` is `finished`, `stopped` or nothing."""
        run = self.folder.run(name)
        total = self.preset.lc.cycles
        done = total if cycles is None else cycles
        curve = [best - 0.25 * math.exp(-0.2 * cycle) for cycle in range(done)]
        if dead:
            curve = [0.5] * done
        self._record(run, "compress", total, curve, first=0, end=end, dead=dead)
        return run

    def _plan(self) -> None:
        self.folder.reference.path.mkdir()
        self.folder.reference.preset.write_text(dump_preset(self.preset), encoding="utf-8")
        for cell in expand_grid(self.preset):
            run = self.folder.run(cell.slug)
            run.path.mkdir()
            run.preset.write_text(dump_preset(preset_for(self.preset, cell)), encoding="utf-8")

    def _record(
        self, run: RunFolder, stage: str, total: int, curve: list[float], *, first: int, end: str,
        dead: Sequence[str] = (),
    ) -> None:  # fmt: skip
        begun = self.clock.now
        with EventWriter(run.events, clock=self.clock) as writer:
            for event in self._events(run, stage, total, curve, first, dead):
                writer.write(event)
            if end == "stopped":
                writer.write(RunStopped("asked to stop by SIGTERM", cycle=len(curve) - 1))
            if end == "finished":
                write_result(run, self._result(run, writer.history.cycles_of(stage), dead))
                writer.write(RunFinished(self.clock.now - begun))
        self._record_vitals(run, begun, self.clock.now)

    def _events(
        self, run: RunFolder, stage: str, total: int, curve: list[float], first: int,
        dead: Sequence[str],
    ) -> Iterator[AnyEvent]:  # fmt: skip
        steps = 29 if stage == "reference" else self.preset.lc.steps
        device = ("cuda:0", "NVIDIA H200") if self.gpu else ("cpu", "AMD EPYC 7763")
        yield RunStarted(4242, "gpubox", device[0], device[1], 8 if self.gpu else 1)
        yield StageStarted("data")
        yield DataLoaded(3711, 533, 1068, ["Parasitized", "Uninfected"], "sha256:5f1c0a")
        yield StageStarted(stage, total, steps)
        best = 0.0
        for index, level in enumerate(curve):
            cycle = index + first
            speed = 41_000 if self.gpu else 240
            for step in range(0, steps, max(1, steps // 3)):
                self.clock.now += 0.4
                loss = 0.69 * math.exp(-0.08 * index) + self.random.gauss(0, 0.01)
                yield StepsAdvanced(
                    cycle, step + 1, steps, abs(loss), speed + self.random.gauss(0, 400)
                )
            self.clock.now += 0.6
            val = level + self.random.gauss(0, 0.002)
            if dead:
                val = level
            is_best, best = val > best, max(val, best)
            yield self._cycle(run, stage, cycle, val, dead, is_best=is_best)
            if cycle % 10 == 0:
                yield CheckpointWritten(cycle, steps, 89_000_000)
        if dead:
            yield Noted(
                "every image gets the same answer: the network answers by chance", "warning"
            )
        if 0 < len(curve) < total:
            yield StepsAdvanced(
                len(curve) - 1 + first + 1, steps // 2, steps, 0.08, 41_210 if self.gpu else 236
            )

    def _cycle(
        self, run: RunFolder, stage: str, cycle: int, val: float, dead: Sequence[str],
        *, is_best: bool,
    ) -> CycleEnded:  # fmt: skip
        test = val - 0.004 + self.random.gauss(0, 0.0015)
        is_lc = stage == "compress"
        density = self._density(run)
        densities = {
            layer: 0.0 if layer in dead else min(1.0, density * (2.4 - 2.2 * index / len(LAYERS)))
            for index, layer in enumerate(LAYERS)
        } if is_lc else {}  # fmt: skip
        return CycleEnded(
            cycle=cycle, val=_metrics(val), test=_metrics(test),
            w_val=_metrics(min(0.963, val + 0.01)) if is_lc else {},
            lr=1e-4 if is_lc else 0.05 * (1 - cycle / 25),
            mu=1e-3 * 1.1 ** max(0, cycle - 1) if is_lc else None,
            gap=0.9 * math.exp(-0.09 * cycle) + 0.01 if is_lc else None,
            density=density if is_lc else None, seconds=1.8, is_best=is_best, densities=densities,
            dead_layers=list(dead), are_logits_constant=bool(dead),
        )  # fmt: skip

    def _density(self, run: RunFolder) -> float:
        cell = next((each for each in expand_grid(self.preset) if each.slug == run.name), None)
        return 1.0 if cell is None or cell.density is None else cell.density

    def _result(self, run: RunFolder, cycles: list[CycleEnded], dead: Sequence[str]) -> Result:
        best = [cycle for cycle in cycles if cycle.is_best][-1]
        cell = next((each for each in expand_grid(self.preset) if each.slug == run.name), None)
        density = self._density(run)
        halved = 2 if cell and "16" in cell.scheme.name else 4
        nonzero = int(NUM_WEIGHTS * density)
        return Result(
            run=run.name, study=self.folder.name, scheme=cell.scheme.name if cell else "reference",
            density=cell.density if cell else None, seed=0, guard="on", best_cycle=best.cycle,
            num_cycles=len(cycles), val=_split(best.val, 533, 4), test=_split(best.test, 1068, 9),
            size=Size(
                num_parameters=11_177_538, num_nonzero=nonzero + 10_626,
                num_compressible=NUM_WEIGHTS, num_compressible_nonzero=nonzero,
                bytes_dense=44_800_000 * halved // 4,
                bytes_packed=nonzero * halved + (NUM_WEIGHTS // 8 if density < 1 else 0) + 80_000,
                macs=37_000_000,
                layers=[
                    LayerSize(name, "linear" if name == "fc" else "conv", 10_000,
                              0 if name in dead else int(10_000 * density), 64, 64)
                    for name in LAYERS
                ],
            ),
            seconds=sum(cycle.seconds for cycle in cycles), device="cuda:0" if self.gpu else "cpu",
            device_name="NVIDIA H200" if self.gpu else "AMD EPYC 7763", has_patients=True,
            are_logits_constant=bool(dead), peak_memory_bytes=2 * GIB if self.gpu else None,
        )  # fmt: skip

    def _record_vitals(self, run: RunFolder, begun: float, ended: float) -> None:
        lines = []
        for second in range(int(ended - begun) + 1):
            wave = math.sin(second / 9) * 4 + self.random.gauss(0, 3)
            ramp = min(1.0, second / 4)
            gpus = [
                GpuSample(
                    0, name="NVIDIA H200", memory_used_bytes=int((0.6 + 1.5 * ramp) * GIB),
                    memory_free_bytes=int((139.2 - 1.5 * ramp) * GIB),
                    memory_total_bytes=int(139.8 * GIB),
                    gpu_percent=int(max(0, min(100, 78 * ramp + wave))),
                )
            ] if self.gpu else []  # fmt: skip
            sample = Sample(
                time=begun + second, elapsed_s=float(second),
                process_cpu_percent=max(0.0, 99 * ramp + wave / 4),
                process_memory_bytes=int((0.35 + 0.5 * ramp) * GIB + self.random.gauss(0, 2e6)),
                host_cpu_percent=52.0, host_memory_used_bytes=3 * GIB,
                host_memory_total_bytes=16 * GIB, gpus=gpus,
                nvml_state="ok" if self.gpu else "No NVIDIA driver is installed.",
            )  # fmt: skip
            lines.append(msgspec.json.encode(sample))
        run.telemetry.write_bytes(b"\n".join(lines) + b"\n")


def _metrics(accuracy: float) -> dict[str, float | None]:
    return {
        "loss": 0.7 - 0.62 * accuracy, "accuracy": accuracy, "balanced_accuracy": accuracy - 0.002,
        "auroc": min(1.0, 0.5 + accuracy / 2 + 0.012), "sensitivity": accuracy - 0.006,
        "specificity": accuracy + 0.004, "f1": accuracy - 0.003,
    }  # fmt: skip


def _split(metrics: dict[str, float | None], images: int, patients: int) -> SplitResult:
    intervals = {
        name: (value - 0.008, min(1.0, value + 0.007))
        for name, value in metrics.items() if value is not None and name != "loss"
    }  # fmt: skip
    return SplitResult(metrics, intervals, num_images=images, num_patients=patients)
