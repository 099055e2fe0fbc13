"""Starts the process that benchmarks a study's finished models. For supervisor and command line."""

from collections.abc import Callable, Sequence
from typing import IO

from medtui.child_process import ChildProcess
from medtui.errors import MedtuiError
from medtui.preset import BenchSettings, Preset
from medtui.protocol.model_benchmark import BenchRequest, decoder
from medtui.protocol.outcome import Progress
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.storage import open_log

_POLL_SECONDS = 0.2
"""Time between two looks at a benchmark's messages."""


def start_bench(
    study: StudyFolder, runs: Sequence[RunFolder], settings: BenchSettings, *,
    device: str, threads: int, log: IO[bytes],
) -> ChildProcess[Progress]:  # fmt: skip
    """Start measuring runs beside the study's reference; `log` receives the output of libraries.

    Raises:
        EnvironmentProblem: the process could not be started.
    """
    names = [run.name for run in runs or [study.reference]]
    return ChildProcess(
        "medtui.engine.bench",
        decoder,
        BenchRequest(str(study.path), names, settings.model_dump_json(), device, threads),
        error_prefix=f"The benchmark of {study.name} failed",
        stderr=log,
    )


def follow_bench(
    bench: ChildProcess[Progress], log: IO[bytes], is_stopping: Callable[[], bool]
) -> None:
    """Write a benchmark's progress to `log` until it ends; cancel it on a stop.

    Raises:
        MedtuiError: the benchmark failed; the log has the reason.
    """
    with bench:
        while not bench.is_over:
            for message in bench.receive(_POLL_SECONDS):
                log.write(f"{message.text}\n".encode())
            if is_stopping():
                bench.cancel()
        try:
            bench.raise_failure()
        except MedtuiError as error:
            log.write(f"{error}\n".encode())
            raise


def benchmarked_runs(study: StudyFolder) -> list[RunFolder]:
    """Return the finished runs that a study's benchmark measures.

    Controls and further references are left out: they are as fast as the first reference.
    """
    finished = [run for run in study.runs() if is_finished(run)]
    return [run for run in finished if run.is_compressed or run == study.reference]


def bench_here(
    study: StudyFolder, runs: Sequence[RunFolder], preset: Preset, device: str,
    is_stopping: Callable[[], bool],
) -> None:  # fmt: skip
    """Measure runs on a device of this machine; write the progress to the study's benchmark log.

    Raises:
        MedtuiError: the benchmark failed; the log has the reason.
        OSError: its log cannot be written.
    """
    threads = preset.machine.reference_threads
    with open_log(study.bench_log) as log:
        bench = start_bench(study, runs, preset.bench, device=device, threads=threads, log=log)
        follow_bench(bench, log, is_stopping)


def bench_models(
    study: StudyFolder, runs: Sequence[RunFolder], settings: BenchSettings, *,
    device: str, threads: int, report: Callable[[str], object],
) -> None:  # fmt: skip
    """Measure runs beside the study's reference; `report` receives each line of progress.

    Raises:
        UsageError: a run is not finished.
        EnvironmentProblem: the device does not exist, or the process failed.
    """
    with (
        open_log(study.bench_log) as log,
        start_bench(study, runs, settings, device=device, threads=threads, log=log) as bench,
    ):
        for message in bench.messages():
            report(message.text)
