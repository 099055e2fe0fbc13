"""Lists the machine's GPUs once: `python -m medtui.telemetry.gpu_probe` sends a `Probe`.

NVML may take its process down, so whoever has anything to lose calls `probe_safely` instead.
"""

import faulthandler
import os
from collections.abc import Callable

import msgspec
import psutil
import pynvml

from medtui.protocol.gpus import GpuProcess, Probe, ProbedGpu
from medtui.protocol.stdio import MessageWriter
from medtui.telemetry.nvml.devices import list_devices
from medtui.telemetry.nvml.errors import SessionOver, Unanswered, answer
from medtui.telemetry.nvml.queries import read_gpu, read_processes
from medtui.telemetry.nvml.session import initialise, shut_down
from medtui.telemetry.visible_devices import Device


def probe() -> Probe:
    """Ask for every GPU of this machine, whatever `CUDA_VISIBLE_DEVICES` says; never raises."""
    try:
        initialise()
        devices = list_devices()
        parts = [part for device in devices for part in (device.instances or [device])]
        gpus = [_probe_gpu(part) for part in parts]
        return Probe(
            driver_version=_version(pynvml.nvmlSystemGetDriverVersion),
            nvml_version=_version(pynvml.nvmlSystemGetNVMLVersion),
            cuda_version=_cuda_version(),
            gpus=gpus,
            reason="" if gpus else "No GPU: the NVIDIA driver lists none.",
        )
    except SessionOver as over:
        return Probe(reason=str(over))
    finally:
        shut_down()


def _probe_gpu(device: Device) -> ProbedGpu:
    gpu = read_gpu(device, ())
    try:
        listed = read_processes(device)
    except Unanswered as error:
        return ProbedGpu(gpu, processes_missing=str(error))
    return ProbedGpu(gpu, [_named(process) for process in listed])


def _named(process: GpuProcess) -> GpuProcess:
    """Add whose process it is, where this machine's process table tells."""
    try:
        seen = psutil.Process(process.pid)
        user, name, uid = seen.username(), seen.name(), seen.uids().real
    except psutil.Error:
        return process
    return msgspec.structs.replace(process, user=user, name=name, is_other_user=uid != os.getuid())


def _version(question: Callable[[], object]) -> str | None:
    try:
        return str(answer(question))
    except Unanswered:
        return None


def _cuda_version() -> str | None:
    """Return the version as people write it; NVML says 12040 for 12.4."""
    try:
        number = int(answer(pynvml.nvmlSystemGetCudaDriverVersion))
    except Unanswered:
        return None
    return f"{number // 1000}.{number % 1000 // 10}"


if __name__ == "__main__":
    faulthandler.enable()
    MessageWriter().send(probe())
