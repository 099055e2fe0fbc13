"""The benchmark process: sends its progress, and writes `bench.json` into each run."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import torch
from torch import Tensor

from medtui.engine.bench.caveats import caveats_of
from medtui.engine.bench.models import Model, load_models
from medtui.engine.bench.runner import Benchmark, Candidate, Report
from medtui.engine.bench.timing import run_for
from medtui.engine.run.device import choose_device, cpu_capability, device_name
from medtui.errors import MedtuiError
from medtui.preset import BenchSettings
from medtui.protocol.model_benchmark import BenchRequest
from medtui.protocol.outcome import Failed, Progress
from medtui.protocol.stdio import MessageWriter, leave, read_request
from medtui.runs.bench_record import Bench, Contest, write_bench
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.telemetry import SamplerProcess, TelemetrySummary, read_samples, summarise

_SAMPLE_SECONDS = 0.2

Batches = Callable[[int], Tensor]
"""Returns a batch of random images of a given size."""


def measure(
    runs: list[RunFolder], device: torch.device, settings: BenchSettings, report: Report
) -> list[Bench]:
    """Return the benchmark of each run of a study, in all precisions; the reference is the first.

    A run's shrunk model is measured, too, and its numbers are stored within those of the run.

    Raises:
        MedtuiError: a run is not finished or cannot be loaded.
    """
    report(f"loading the models of {len(runs)} runs")
    models = [model for run in runs for model in load_models(run, device)]
    found = [_describe(model, device) for model in models]
    for precision in _precisions(settings, device):
        contests = _time_candidates(models, precision, device, settings, report)
        found = [
            msgspec.structs.replace(bench, contests=[*bench.contests, contest])
            for bench, contest in zip(found, contests, strict=True)
        ]
    return _by_run(models, found)


def _by_run(models: list[Model], found: list[Bench]) -> list[Bench]:
    """Return one benchmark per run; a shrunk model's is put into that of the model before it."""
    benches: list[Bench] = []
    for model, bench in zip(models, found, strict=True):
        if model.is_shrunk:
            benches[-1] = msgspec.structs.replace(benches[-1], shrunk=bench)
        else:
            benches.append(bench)
    return benches


def _precisions(settings: BenchSettings, device: torch.device) -> list[str]:
    """Return the precisions to measure; a CPU computes float16 many times slower than float32."""
    return list(settings.precisions) if device.type == "cuda" else ["float32"]


def _time_candidates(
    models: list[Model],
    precision: str,
    device: torch.device,
    settings: BenchSettings,
    report: Report,
) -> list[Contest]:
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.benchmark = True
    dtype = torch.float16 if precision == "float16" else torch.float32
    random = torch.Generator().manual_seed(0)

    def batch_of(size: int) -> Tensor:
        images = torch.randn(size, *models[0].image_CHW, generator=random)
        return images.to(device=device, dtype=dtype)

    candidates = [Candidate(model.in_precision(precision, device)) for model in models]
    benchmark = Benchmark(
        candidates, batch_of, settings, lambda text: report(f"{precision}: {text}")
    )
    benchmark.time_latency()
    ended = benchmark.sweep()
    contests = [
        Contest(
            precision, candidate.latency, candidate.sweep, ended,
            benchmark.latency_ratio(candidate), benchmark.throughput_ratio(candidate),
        )
        for candidate in candidates
    ]  # fmt: skip
    if device.type == "cuda" and settings.sustain_seconds:
        report(f"{precision}: memory and utilisation of the GPU")
        vitals = _sustain(candidates, contests, batch_of, settings.sustain_seconds)
        pairs = zip(contests, vitals, strict=True)
        contests = [msgspec.structs.replace(each, sustained=found) for each, found in pairs]
    return contests


def _sustain(
    candidates: list[Candidate], contests: list[Contest], batch_of: Batches, seconds: float
) -> list[TelemetrySummary]:
    """Run each model at its best batch size for `seconds`; return what NVML measured."""
    spans = []
    with TemporaryDirectory() as folder:
        out = Path(folder) / "telemetry.jsonl"
        sampler = SamplerProcess(
            os.getpid(), out, log=Path(folder) / "log", interval_s=_SAMPLE_SECONDS
        )
        sampler.start()
        for candidate, contest in zip(candidates, contests, strict=True):
            images = batch_of(contest.best.batch_size)
            began = time.time()
            run_for(candidate.network, images, seconds)
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
        notes=list(caveats_of(model, device)),
    )


def main() -> int:
    """Measure the requested runs and the study's reference."""
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
    leave(main())
