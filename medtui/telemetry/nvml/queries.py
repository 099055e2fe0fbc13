"""All that is asked of one GPU, once a second."""

from collections.abc import Callable, Collection
from typing import Any

import pynvml

from medtui.protocol.gpus import GpuProcess, GpuSample
from medtui.telemetry.nvml.errors import Lost, Unanswered, answer, first_answer
from medtui.telemetry.visible_devices import Device

NOT_LISTED = "process not listed"
"""The driver does not name our process: it has not touched the GPU yet, or a container hides it."""

NOT_AVAILABLE = "n/a"
"""This GPU, or this kind of instance, does not tell."""

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
    """Ask one GPU everything; what it does not tell is None, with the reason.

    `pids` are the processes whose GPU memory is ours.

    Raises:
        SessionOver: NVML answers nothing any more.
    """
    values: dict[str, Any] = {}
    missing = dict(device.missing)
    for fields, question in _QUESTIONS.items():
        try:
            values |= zip(fields, _ask(device, question, pids), strict=True)
        except Unanswered as error:
            missing |= dict.fromkeys(fields, _reason(error, device))
    return GpuSample(
        index=device.index, uuid=device.uuid, name=device.name, is_mig=device.is_mig,
        missing=missing, **values,
    )  # fmt: skip


def read_processes(device: Device) -> list[GpuProcess]:
    """Return the processes that compute on a GPU, by pid and memory alone.

    Raises:
        SessionOver: NVML answers nothing any more.
        Unanswered: the driver does not tell.
    """
    if device.trouble:
        raise Unanswered(device.trouble)
    listed = first_answer(
        ("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"),
        device.handle,
    )
    return [GpuProcess(pid=one.pid, memory_bytes=one.usedGpuMemory) for one in listed]


Values = tuple[Any, ...]


def _ask(
    device: Device, question: Callable[[Device, Collection[int]], Values], pids: Collection[int]
) -> Values:
    """Put a question unless the GPU is known to be beyond asking; remember when it gets there."""
    if device.trouble:
        raise Unanswered(device.trouble)
    try:
        return question(device, pids)
    except Lost as error:
        device.trouble = str(error)
        raise


def _reason(error: Unanswered, device: Device) -> str:
    return f"{error} (MIG)" if device.is_mig and str(error) == NOT_AVAILABLE else str(error)


def _memory(device: Device, _: Collection[int]) -> Values:
    """Ask by version 2, as nvidia-smi does: version 1 counts the driver's reserve as used."""
    try:
        memory = answer(pynvml.nvmlDeviceGetMemoryInfo, device.handle, pynvml.nvmlMemory_v2)
    except Lost:
        raise
    except Unanswered:
        memory = answer(pynvml.nvmlDeviceGetMemoryInfo, device.handle)
    return memory.used, memory.free, memory.total


def _process_memory(device: Device, pids: Collection[int]) -> Values:
    ours = [one.memory_bytes for one in read_processes(device) if one.pid in pids]
    if not ours:
        raise Unanswered(NOT_LISTED)
    if None in ours:
        raise Unanswered(NOT_AVAILABLE)
    return (sum(num_bytes for num_bytes in ours if num_bytes is not None),)


def _utilisation(device: Device, _: Collection[int]) -> Values:
    rates = answer(pynvml.nvmlDeviceGetUtilizationRates, device.handle)
    return rates.gpu, rates.memory


def _power(device: Device, _: Collection[int]) -> Values:
    milliwatts = answer(pynvml.nvmlDeviceGetPowerUsage, device.handle)
    return (milliwatts / 1000,)


def _temperature(device: Device, _: Collection[int]) -> Values:
    names = ("nvmlDeviceGetTemperatureV1", "nvmlDeviceGetTemperature")
    return (first_answer(names, device.handle, pynvml.NVML_TEMPERATURE_GPU),)


def _sm_clock(device: Device, _: Collection[int]) -> Values:
    return (answer(pynvml.nvmlDeviceGetClockInfo, device.handle, pynvml.NVML_CLOCK_SM),)


def _memory_clock(device: Device, _: Collection[int]) -> Values:
    return (answer(pynvml.nvmlDeviceGetClockInfo, device.handle, pynvml.NVML_CLOCK_MEM),)


def _throttle_reasons(device: Device, _: Collection[int]) -> Values:
    bits = first_answer(
        ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"),
        device.handle,
    )
    return ([word for bit, word in _THROTTLES.items() if bits & bit],)


_QUESTIONS: dict[tuple[str, ...], Callable[[Device, Collection[int]], Values]] = {
    ("memory_used_bytes", "memory_free_bytes", "memory_total_bytes"): _memory,
    ("process_memory_bytes",): _process_memory,
    ("gpu_percent", "memory_percent"): _utilisation,
    ("power_w",): _power,
    ("temperature_c",): _temperature,
    ("sm_clock_mhz",): _sm_clock,
    ("memory_clock_mhz",): _memory_clock,
    ("throttle_reasons",): _throttle_reasons,
}
"""Fields of a `GpuSample` to the one question that fills them."""
