"""Starts the process that times a study's finished models. For supervisor and command line."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import IO

from medtui.errors import EnvironmentProblem, UsageError
from medtui.preset import BenchSettings
from medtui.runs.folder import RunFolder, StudyFolder

_ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "CUDA_DEVICE_ORDER": "PCI_BUS_ID",  # the order in which NVML counts
    "KINETO_LOG_LEVEL": "99",  # torch's profiler is talkative
}

_KINDS = {2: UsageError, 3: EnvironmentProblem}


def start_bench(
    study: StudyFolder, runs: Sequence[RunFolder], settings: BenchSettings, *,
    device: str, threads: int, output: int | IO[bytes], errors: IO[bytes] | None = None,
    devices: str | None = None,
) -> "subprocess.Popen[bytes]":  # fmt: skip
    """Start measuring runs beside the study's reference.

    `output` gets a line of progress now and then, the last one a failure's reason; `errors`, by
    default this process's own, what libraries print. `devices` is the process's
    `CUDA_VISIBLE_DEVICES`; None leaves it as it is.
    """
    environment = os.environ | _ENVIRONMENT
    if devices is not None:
        environment["CUDA_VISIBLE_DEVICES"] = devices
    return subprocess.Popen(
        [
            sys.executable, "-m", "medtui.engine.bench", str(study.path),
            *(run.name for run in runs or [study.reference]),
            "--device", device, "--threads", str(threads),
            "--settings", settings.model_dump_json(),
        ],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        env=environment,
    )  # fmt: skip


def bench_models(
    study: StudyFolder, runs: Sequence[RunFolder], settings: BenchSettings, *,
    device: str, threads: int, tell: Callable[[str], object],
) -> None:  # fmt: skip
    """Measure runs beside the study's reference; `tell` hears how far it is.

    Raises:
        UsageError: a run is not finished.
        EnvironmentProblem: the device is not there, or the process failed.
    """
    with study.bench_log.open("ab") as errors:
        process = start_bench(
            study, runs, settings,
            device=device, threads=threads, output=subprocess.PIPE, errors=errors,
        )  # fmt: skip
    assert process.stdout is not None
    last = ""
    try:
        for line in process.stdout:
            last = line.decode(errors="replace").strip() or last
            tell(last)
    except BaseException:
        process.terminate()
        raise
    code = process.wait()
    if code:
        raise _KINDS.get(code, EnvironmentProblem)(
            f"The benchmark of {study.name} failed: {last}", hint=f"See {study.bench_log}."
        )
