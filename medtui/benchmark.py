"""Starts the process that times a study's finished models. For supervisor and command line."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import IO

from medtui.errors import EnvironmentProblem, UsageError
from medtui.preset import BenchSettings
from medtui.runs.folder import RunFolder, StudyFolder

_KINDS = {2: UsageError, 3: EnvironmentProblem}


def start_bench(
    study: StudyFolder, runs: Sequence[RunFolder], settings: BenchSettings, *,
    device: str, threads: int, output: int | IO[bytes], devices: str | None = None,
) -> "subprocess.Popen[bytes]":  # fmt: skip
    """Start measuring runs beside the study's reference, with lines of progress into `output`.

    `devices` is the process's `CUDA_VISIBLE_DEVICES`; None leaves it as it is.
    """
    visible = {} if devices is None else {"CUDA_VISIBLE_DEVICES": devices}
    return subprocess.Popen(
        [
            sys.executable, "-m", "medtui.engine.bench", str(study.path),
            *(run.name for run in runs or [study.reference]),
            "--device", device, "--threads", str(threads),
            "--settings", settings.model_dump_json(),
        ],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=os.environ
        | {"OMP_WAIT_POLICY": "PASSIVE", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
        | visible,
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
    process = start_bench(
        study, runs, settings, device=device, threads=threads, output=subprocess.PIPE
    )
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
        raise _KINDS.get(code, EnvironmentProblem)(f"The benchmark of {study.name} failed: {last}")
