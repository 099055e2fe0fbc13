"""Queries that the sampler makes to one GPU, once a second."""

from collections.abc import Callable, Collection
from typing import Any

import pynvml

from medtui.protocol.gpus import GpuProcess, GpuSample
from medtui.telemetry.nvml.errors import GpuLost, QueryFailed, query, query_first
from medtui.telemetry.visible_devices import Device

NOT_LISTED = "process not listed"
"""The driver does not list the process: it has not used the GPU yet, or a container hides it."""

NOT_AVAILABLE = "n/a"
"""Not supported by this GPU or kind of instance."""

_THROTTLES = {
    0x001: "idle",
    0x002: "application clocks",
    0x004: "power cap",
    0x008: "hardware slowdown",
    0x010: "sync boost",
    0x020: "software thermal slowdown",
    0x040: "hardware thermal slowdown",
    0x080: "power brake",
    0x100: "display clocks",
    0x200: "board limit",
    0x400: "reliability",
}
"""Source: nvml.h, nvmlClocksEventReasons."""


def read_gpu(device: Device, pids: Collection[int]) -> GpuSample:
    """Return all values of one GPU; unknown values are None, with the reason.

    `pids` are the run's processes.

    Raises:
        NvmlUnavailable: NVML cannot be used.
    """
    values: dict[str, Any] = {}
    missing = dict(device.missing)
    for fields, function in _QUERIES.items():
        try:
            values |= zip(fields, _ask(device, function, pids), strict=True)
        except QueryFailed as error:
            missing |= dict.fromkeys(fields, _reason(error, device))
    return GpuSample(
        index=device.index, uuid=device.uuid, name=device.name, is_mig=device.is_mig,
        missing=missing, **values,
    )  # fmt: skip


def read_processes(device: Device) -> list[GpuProcess]:
    """Return the compute processes of a GPU, by pid and memory only.

    Raises:
        NvmlUnavailable: NVML cannot be used.
        QueryFailed: the driver does not list them.
    """
    if device.problem:
        raise QueryFailed(device.problem)
    listed = query_first(
        ("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"),
        device.handle,
    )
    return [GpuProcess(pid=one.pid, memory_bytes=one.usedGpuMemory) for one in listed]


Values = tuple[Any, ...]


def _ask(
    device: Device, function: Callable[[Device, Collection[int]], Values], pids: Collection[int]
) -> Values:
    """Call one query; a GPU that was lost is not queried again."""
    if device.problem:
        raise QueryFailed(device.problem)
    try:
        return function(device, pids)
    except GpuLost as error:
        device.problem = str(error)
        raise


def _reason(error: QueryFailed, device: Device) -> str:
    return f"{error} (MIG)" if device.is_mig and str(error) == NOT_AVAILABLE else str(error)


def _memory(device: Device, _: Collection[int]) -> Values:
    """Query v2, as nvidia-smi does: version 1 counts the driver's reserved memory as used."""
    try:
        memory = query(pynvml.nvmlDeviceGetMemoryInfo, device.handle, pynvml.nvmlMemory_v2)
    except GpuLost:
        raise
    except QueryFailed:
        memory = query(pynvml.nvmlDeviceGetMemoryInfo, device.handle)
    return memory.used, memory.free, memory.total


def _process_memory(device: Device, pids: Collection[int]) -> Values:
    ours = [one.memory_bytes for one in read_processes(device) if one.pid in pids]
    if not ours:
        raise QueryFailed(NOT_LISTED)
    if None in ours:
        raise QueryFailed(NOT_AVAILABLE)
    return (sum(num_bytes for num_bytes in ours if num_bytes is not None),)


def _utilisation(device: Device, _: Collection[int]) -> Values:
    rates = query(pynvml.nvmlDeviceGetUtilizationRates, device.handle)
    return rates.gpu, rates.memory


def _power(device: Device, _: Collection[int]) -> Values:
    milliwatts = query(pynvml.nvmlDeviceGetPowerUsage, device.handle)
    return (milliwatts / 1000,)


def _temperature(device: Device, _: Collection[int]) -> Values:
    names = ("nvmlDeviceGetTemperatureV1", "nvmlDeviceGetTemperature")
    return (query_first(names, device.handle, pynvml.NVML_TEMPERATURE_GPU),)


def _sm_clock(device: Device, _: Collection[int]) -> Values:
    return (query(pynvml.nvmlDeviceGetClockInfo, device.handle, pynvml.NVML_CLOCK_SM),)


def _memory_clock(device: Device, _: Collection[int]) -> Values:
    return (query(pynvml.nvmlDeviceGetClockInfo, device.handle, pynvml.NVML_CLOCK_MEM),)


def _throttle_reasons(device: Device, _: Collection[int]) -> Values:
    bits = query_first(
        ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"),
        device.handle,
    )
    return ([word for bit, word in _THROTTLES.items() if bits & bit],)


_QUERIES: dict[tuple[str, ...], Callable[[Device, Collection[int]], Values]] = {
    ("memory_used_bytes", "memory_free_bytes", "memory_total_bytes"): _memory,
    ("process_memory_bytes",): _process_memory,
    ("gpu_percent", "memory_percent"): _utilisation,
    ("power_w",): _power,
    ("temperature_c",): _temperature,
    ("sm_clock_mhz",): _sm_clock,
    ("memory_clock_mhz",): _memory_clock,
    ("throttle_reasons",): _throttle_reasons,
}
"""Fields of a `GpuSample` to the query that returns them."""
