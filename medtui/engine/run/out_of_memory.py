"""Out-of-memory errors: the missing bytes, the processes that hold memory, a batch size that fits.

A run is never changed to make it fit: results depend on the batch size.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch

from medtui.errors import EnvironmentProblem
from medtui.telemetry import GpuProcess, probe_safely
from medtui.units import format_bytes

T = TypeVar("T")

GPU_IS_FULL = "The GPU's memory is full"
"""How the sentence on a GPU begins."""

_UNITS = {"bytes": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}


class OutOfMemory(EnvironmentProblem):
    """A batch does not fit into the device's memory."""


@dataclass(frozen=True)
class Batch:
    """The batch that a computation uses."""

    key: str
    """The preset's key of its size."""
    size: int
    """Number of images."""
    trial: Callable[[int], object]
    """Computes on a batch of a given size; raises torch's error if it does not fit."""


def run_or_explain(work: Callable[[], T], batch: Batch) -> T:
    """Return the result of `work`; if memory runs out, find a smaller batch size that fits.

    Raises:
        OutOfMemory: names the missing bytes, the processes that hold memory, and that size.
    """
    try:
        return work()
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        message = str(error)
    # Outside of the `except` clause: the error's traceback held tensors that are now freed.
    raise OutOfMemory(describe_out_of_memory(message), hint=_suggestion(batch))


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error of torch means that memory ran out, on a GPU or the CPU."""
    is_on_cpu = isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    return is_on_cpu or isinstance(error, torch.OutOfMemoryError)


def describe_out_of_memory(message: str) -> str:
    """Return a sentence for torch's error message; on a GPU it names the other processes, too."""
    needed = _bytes_in(message, r"ried to allocate ([\d.]+) (\w+)")
    if "alloc_cpu" in message:
        return f"Memory is full: {format_bytes(needed)} more were needed."
    parts = [f"{format_bytes(needed)} more were needed"]
    free = _bytes_in(message, r"of which ([\d.]+) (\w+) is free")
    total = _bytes_in(message, r"total capacity of ([\d.]+) (\w+)")
    if free is not None:
        parts.append(f"{format_bytes(free)} of {format_bytes(total)} were free")
    held = _bytes_in(message, r"this process has ([\d.]+) (\w+) memory in use")
    if held is not None:
        parts.append(f"this run held {format_bytes(held)}")
    sentence = f"{GPU_IS_FULL}: {', '.join(parts)}."
    others = "; ".join(map(_describe_process, _others_on_gpu()))
    return f"{sentence} Other processes on it: {others}." if others else sentence


def _bytes_in(message: str, pattern: str) -> float | None:
    found = re.search(pattern, message)
    return float(found[1]) * _UNITS.get(found[2], 1) if found else None


def _others_on_gpu() -> list[GpuProcess]:
    """Return the other processes on this worker's GPU, the largest first."""
    mine = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0]
    probed = probe_safely().gpus
    chosen = [each for each in probed if mine in {each.gpu.uuid, str(each.gpu.index)}] or probed
    others = [
        process for each in chosen for process in each.processes or [] if process.pid != os.getpid()
    ]
    return sorted(others, key=lambda process: -(process.memory_bytes or 0))


def _describe_process(process: GpuProcess) -> str:
    name = process.name or "a process"
    owner = f" of {process.user}" if process.user else ""
    return f"{name}{owner} (pid {process.pid}) with {format_bytes(process.memory_bytes)}"


def _suggestion(batch: Batch) -> str:
    fitting = _fitting(batch)
    if fitting is None:
        return "Not even one image fits now. Free memory, then resume."
    return (
        f"Free memory and resume, or start a new study with {batch.key} = {fitting}, which fits "
        f"now ({batch.size} does not). Changing the batch size changes the results."
    )


def _fitting(batch: Batch) -> int | None:
    """Return the largest fitting size by halving; None if not even one image fits."""
    size = batch.size // 2
    while size:
        torch.cuda.empty_cache()  # does nothing where CUDA is not in use
        if _fits(batch, size):
            return size
        size //= 2
    return None


def _fits(batch: Batch, size: int) -> bool:
    try:
        batch.trial(size)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return False
    return True
