"""Queries that the sampler makes to one GPU, once a second."""

from collections.abc import Callable, Collection
from typing import Any

import pynvml

from medtui.protocol.gpus import GpuProcess, GpuSample
from medtui.telemetry.nvml.errors import GpuLost, QueryFailed, query, query_first
from medtui.telemetry.nvml.owners import with_owner
from medtui.telemetry.visible_devices import Device

NOT_LISTED = "process not listed"
"""The driver does not list the process: it has not used the GPU yet, or a container hides it."""

NOT_AVAILABLE = "n/a"
"""Not supported by this GPU or kind of instance."""

MAX_PROCESSES = 16
"""Processes of a GPU that are recorded; the smaller ones are left out."""

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
            values |= zip(fields, _ask(device, function), strict=True)
        except QueryFailed as error:
            missing |= dict.fromkeys(fields, _reason(error, device))
    listed = values.get("processes")
    try:
        values["process_memory_bytes"] = _own_memory(listed, pids, missing.get("processes", ""))
    except QueryFailed as error:
        missing["process_memory_bytes"] = _reason(error, device)
    values["processes"] = None if listed is None else listed[:MAX_PROCESSES]
    return GpuSample(
        index=device.index, uuid=device.uuid, name=device.name, is_mig=device.is_mig,
        missing=missing, **values,
    )  # fmt: skip


Values = tuple[Any, ...]


def _ask(device: Device, function: Callable[[Device], Values]) -> Values:
    """Call one query; a GPU that was lost is not queried again."""
    if device.problem:
        raise QueryFailed(device.problem)
    try:
        return function(device)
    except GpuLost as error:
        device.problem = str(error)
        raise


def _reason(error: QueryFailed, device: Device) -> str:
    return f"{error} (MIG)" if device.is_mig and str(error) == NOT_AVAILABLE else str(error)


def _memory(device: Device) -> Values:
    """Query v2, as nvidia-smi does: version 1 counts the driver's reserved memory as used."""
    try:
        memory = query(pynvml.nvmlDeviceGetMemoryInfo, device.handle, pynvml.nvmlMemory_v2)
    except GpuLost:
        raise
    except QueryFailed:
        memory = query(pynvml.nvmlDeviceGetMemoryInfo, device.handle)
    return memory.used, memory.free, memory.total


def _processes(device: Device) -> Values:
    """Return the compute processes of a GPU, the largest first."""
    listed = query_first(
        ("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"),
        device.handle,
    )
    found = [GpuProcess(pid=one.pid, memory_bytes=one.usedGpuMemory) for one in listed]
    found.sort(key=lambda process: (-(process.memory_bytes or 0), process.pid))
    return ([with_owner(process) for process in found],)


def _own_memory(listed: list[GpuProcess] | None, pids: Collection[int], why_none: str) -> int:
    """Return the memory of the run's processes; `why_none` says why none are listed."""
    if listed is None:
        raise QueryFailed(why_none)
    ours = [one.memory_bytes for one in listed if one.pid in pids]
    if not ours:
        raise QueryFailed(NOT_LISTED)
    if None in ours:
        raise QueryFailed(NOT_AVAILABLE)
    return sum(num_bytes for num_bytes in ours if num_bytes is not None)


def _utilisation(device: Device) -> Values:
    rates = query(pynvml.nvmlDeviceGetUtilizationRates, device.handle)
    return rates.gpu, rates.memory


def _power(device: Device) -> Values:
    milliwatts = query(pynvml.nvmlDeviceGetPowerUsage, device.handle)
    return (milliwatts / 1000,)


def _power_limit(device: Device) -> Values:
    """Query the enforced limit: the lowest of the board's, the driver's and the user's."""
    names = ("nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetPowerManagementLimit")
    return (query_first(names, device.handle) / 1000,)


def _temperature(device: Device) -> Values:
    names = ("nvmlDeviceGetTemperatureV1", "nvmlDeviceGetTemperature")
    return (query_first(names, device.handle, pynvml.NVML_TEMPERATURE_GPU),)


def _sm_clock(device: Device) -> Values:
    return (query(pynvml.nvmlDeviceGetClockInfo, device.handle, pynvml.NVML_CLOCK_SM),)


def _max_sm_clock(device: Device) -> Values:
    return (query(pynvml.nvmlDeviceGetMaxClockInfo, device.handle, pynvml.NVML_CLOCK_SM),)


def _memory_clock(device: Device) -> Values:
    return (query(pynvml.nvmlDeviceGetClockInfo, device.handle, pynvml.NVML_CLOCK_MEM),)


def _throttle_reasons(device: Device) -> Values:
    bits = query_first(
        ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"),
        device.handle,
    )
    return ([word for bit, word in _THROTTLES.items() if bits & bit],)


_QUERIES: dict[tuple[str, ...], Callable[[Device], Values]] = {
    ("memory_used_bytes", "memory_free_bytes", "memory_total_bytes"): _memory,
    ("processes",): _processes,
    ("gpu_percent", "memory_percent"): _utilisation,
    ("power_w",): _power,
    ("power_limit_w",): _power_limit,
    ("temperature_c",): _temperature,
    ("sm_clock_mhz",): _sm_clock,
    ("max_sm_clock_mhz",): _max_sm_clock,
    ("memory_clock_mhz",): _memory_clock,
    ("throttle_reasons",): _throttle_reasons,
}
"""Fields of a `GpuSample` to the query that returns them."""
