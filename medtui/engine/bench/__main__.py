"""The benchmark's process: sends its progress, writes `bench.json` into each run."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import torch
from torch import Tensor

from medtui.engine.bench.caveats import notes_on
from medtui.engine.bench.models import Model, load_models
from medtui.engine.bench.runner import Contender, Race, Tell
from medtui.engine.bench.timing import run_for
from medtui.engine.run.device import choose_device, cpu_capability, device_name
from medtui.errors import MedtuiError
from medtui.preset import BenchSettings
from medtui.protocol.model_benchmark import BenchRequest
from medtui.protocol.outcome import Failed, Progress
from medtui.protocol.stdio import MessageWriter, read_request
from medtui.runs.bench_record import Bench, Contest, write_bench
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.telemetry import SamplerProcess, TelemetrySummary, read_samples, summarise

_SAMPLE_SECONDS = 0.2

Batches = Callable[[int], Tensor]
"""Gives random images in batches of a size."""


def measure(
    runs: list[RunFolder], device: torch.device, settings: BenchSettings, tell: Tell
) -> list[Bench]:
    """Measure runs of one study, the reference first, in all precisions the device has.

    A run's shrunk model takes its turns, too; what is found of it stands within the run's own.

    Raises:
        MedtuiError: a run is not finished or cannot be loaded.
    """
    tell(f"loading the models of {len(runs)} runs")
    models = [model for run in runs for model in load_models(run, device)]
    found = [_describe(model, device) for model in models]
    for precision in _precisions(settings, device):
        contests = _race(models, precision, device, settings, tell)
        found = [
            msgspec.structs.replace(bench, contests=[*bench.contests, contest])
            for bench, contest in zip(found, contests, strict=True)
        ]
    return _by_run(models, found)


def _by_run(models: list[Model], found: list[Bench]) -> list[Bench]:
    """Put each shrunk model's numbers into those of the masked one, which stands before it."""
    benches: list[Bench] = []
    for model, bench in zip(models, found, strict=True):
        if model.is_shrunk:
            benches[-1] = msgspec.structs.replace(benches[-1], shrunk=bench)
        else:
            benches.append(bench)
    return benches


def _precisions(settings: BenchSettings, device: torch.device) -> list[str]:
    """Keep what the device has; a CPU computes float16 many times slower than float32."""
    return list(settings.precisions) if device.type == "cuda" else ["float32"]


def _race(
    models: list[Model], precision: str, device: torch.device, settings: BenchSettings, tell: Tell
) -> list[Contest]:
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.benchmark = True
    dtype = torch.float16 if precision == "float16" else torch.float32
    random = torch.Generator().manual_seed(0)

    def batch_of(size: int) -> Tensor:
        images = torch.randn(size, *models[0].image_CHW, generator=random)
        return images.to(device=device, dtype=dtype)

    contenders = [Contender(model.in_precision(precision, device)) for model in models]
    race = Race(contenders, batch_of, settings, lambda text: tell(f"{precision}: {text}"))
    race.time_latency()
    ended = race.sweep()
    contests = [
        Contest(
            precision, contender.latency, contender.sweep, ended,
            race.latency_ratio(contender), race.throughput_ratio(contender),
        )
        for contender in contenders
    ]  # fmt: skip
    if device.type == "cuda" and settings.sustain_seconds:
        tell(f"{precision}: memory and utilisation of the GPU")
        vitals = _sustain(contenders, contests, batch_of, settings.sustain_seconds)
        pairs = zip(contests, vitals, strict=True)
        contests = [msgspec.structs.replace(each, sustained=found) for each, found in pairs]
    return contests


def _sustain(
    contenders: list[Contender], contests: list[Contest], batch_of: Batches, seconds: float
) -> list[TelemetrySummary]:
    """Run each model at its best batch for so long, with NVML watching."""
    spans = []
    with TemporaryDirectory() as folder:
        out = Path(folder) / "telemetry.jsonl"
        sampler = SamplerProcess(
            os.getpid(), out, log=Path(folder) / "log", interval_s=_SAMPLE_SECONDS
        )
        sampler.start()
        for contender, contest in zip(contenders, contests, strict=True):
            images = batch_of(contest.best.batch_size)
            began = time.time()
            run_for(contender.network, images, seconds)
            spans.append((began, time.time()))
        sampler.stop()
        samples, _ = read_samples(out)
    return [summarise(samples, since=since, until=until) for since, until in spans]


def _describe(model: Model, device: torch.device) -> Bench:
    size = model.size
    return Bench(
        study=model.run.study.name,
        run=model.run.name,
        measured_at=time.time(),
        device=str(device),
        device_name=device_name(device),
        threads=torch.get_num_threads(),
        cpu_capability=cpu_capability(),
        torch=str(torch.__version__),
        image_shape=model.image_CHW,
        load_ms=model.load_ms,
        bytes_on_disk=model.path.stat().st_size,
        bytes_dense=size.bytes_dense,
        bytes_packed=size.bytes_packed,
        macs=size.macs,
        contests=[],
        notes=list(notes_on(model, device)),
    )


def main() -> int:
    """Measure the runs named; the study's reference is always one of them."""
    writer = MessageWriter()
    request = read_request(BenchRequest)
    study = StudyFolder(Path(request.study))
    names = [name for name in request.runs if name != study.reference.name]
    runs = [study.reference, *(study.run(name) for name in names)]
    settings = BenchSettings.model_validate_json(request.settings)
    try:
        if request.threads:
            torch.set_num_threads(request.threads)
        device = choose_device(request.device)
        found = measure(runs, device, settings, lambda text: writer.send(Progress(text)))
        for run, bench in zip(runs, found, strict=True):
            write_bench(run, bench)
    except MedtuiError as error:
        writer.send(Failed.of(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
