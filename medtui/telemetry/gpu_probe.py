"""Program that lists the machine's GPUs: `python -m medtui.telemetry.gpu_probe`.

It sends a `Probe`. NVML can crash its process, so the application calls `probe_safely` instead of
`probe`.
"""

import faulthandler
from collections.abc import Callable, Sequence

import msgspec
import pynvml

from medtui.protocol.gpus import Probe, ProbedGpu
from medtui.protocol.stdio import MessageWriter
from medtui.telemetry.nvml.devices import list_devices
from medtui.telemetry.nvml.errors import NvmlUnavailable, QueryFailed, query
from medtui.telemetry.nvml.queries import read_gpu
from medtui.telemetry.nvml.session import initialise, shut_down
from medtui.telemetry.visible_devices import Device


def probe() -> Probe:
    """Return all GPUs of this machine, regardless of `CUDA_VISIBLE_DEVICES`; never raises."""
    try:
        initialise()
        devices = list_devices()
        gpus = probe_units(devices)
        return Probe(
            driver_version=_version(pynvml.nvmlSystemGetDriverVersion),
            nvml_version=_version(pynvml.nvmlSystemGetNVMLVersion),
            cuda_version=_cuda_version(),
            gpus=gpus,
            reason="" if gpus else "No GPU: the NVIDIA driver lists none.",
        )
    except NvmlUnavailable as over:
        return Probe(reason=str(over))
    finally:
        shut_down()


def probe_units(devices: Sequence[Device]) -> list[ProbedGpu]:
    """Return every GPU, or its MIG instances in its place, with the processes that use it.

    Raises:
        NvmlUnavailable: NVML cannot be used.
    """
    units = [unit for device in devices for unit in (device.instances or [device])]
    return [_probe_gpu(unit) for unit in units]


def _probe_gpu(device: Device) -> ProbedGpu:
    gpu = read_gpu(device, ())
    if gpu.processes is None:
        return ProbedGpu(gpu, processes_missing=gpu.missing["processes"])
    return ProbedGpu(msgspec.structs.replace(gpu, processes=None), gpu.processes)


def _version(function: Callable[[], object]) -> str | None:
    try:
        return str(query(function))
    except QueryFailed:
        return None


def _cuda_version() -> str | None:
    """Return the CUDA version as it is written; NVML returns 12040 for 12.4."""
    try:
        number = int(query(pynvml.nvmlSystemGetCudaDriverVersion))
    except QueryFailed:
        return None
    return f"{number // 1000}.{number % 1000 // 10}"


if __name__ == "__main__":
    faulthandler.enable()
    MessageWriter().send(probe())
