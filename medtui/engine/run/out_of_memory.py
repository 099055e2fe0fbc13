"""When memory runs out: how much was needed, who holds it, and which batch size would fit.

Nothing is changed to make a run fit: the batch size is part of what a result means.
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

_UNITS = {"bytes": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}


class OutOfMemory(EnvironmentProblem):
    """The device has not the memory that a batch needs."""


@dataclass(frozen=True)
class Batch:
    """What is computed on at once."""

    key: str
    """Where the preset sets its size."""
    size: int
    """Images."""
    trial: Callable[[int], object]
    """Computes on so many images; raises where memory is short."""


def within_memory(work: Callable[[], T], batch: Batch) -> T:
    """Do the work; where memory runs out, try which smaller batch fits, and tell.

    Raises:
        OutOfMemory: what was needed, who holds the memory, and what would fit.
    """
    try:
        return work()
    except RuntimeError as error:
        if not is_shortage(error):
            raise
        told = str(error)
    # Only here, past the clause, are the tensors free that the error's traceback held.
    raise OutOfMemory(describe_shortage(told), hint=_cure(batch))


def is_shortage(error: BaseException) -> bool:
    """Whether torch found no memory, on a GPU or on the CPU."""
    is_on_cpu = isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    return is_on_cpu or isinstance(error, torch.OutOfMemoryError)


def describe_shortage(told: str) -> str:
    """Turn torch's words into a sentence, with the other processes on the GPU where it is one."""
    needed = _bytes_in(told, r"ried to allocate ([\d.]+) (\w+)")
    if "alloc_cpu" in told:
        return f"Memory is full: {format_bytes(needed)} more were needed."
    parts = [f"{format_bytes(needed)} more were needed"]
    free = _bytes_in(told, r"of which ([\d.]+) (\w+) is free")
    total = _bytes_in(told, r"total capacity of ([\d.]+) (\w+)")
    if free is not None:
        parts.append(f"{format_bytes(free)} of {format_bytes(total)} were free")
    held = _bytes_in(told, r"this process has ([\d.]+) (\w+) memory in use")
    if held is not None:
        parts.append(f"this run held {format_bytes(held)}")
    sentence = f"The GPU's memory is full: {', '.join(parts)}."
    others = "; ".join(map(_describe_process, _others_on_gpu()))
    return f"{sentence} Also on it: {others}." if others else sentence


def _bytes_in(told: str, pattern: str) -> float | None:
    found = re.search(pattern, told)
    return float(found[1]) * _UNITS.get(found[2], 1) if found else None


def _others_on_gpu() -> list[GpuProcess]:
    """Return the other processes on the GPU this worker was given, the largest first."""
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


def _cure(batch: Batch) -> str:
    fitting = _fitting(batch)
    if fitting is None:
        return "Not even one image fits now. Free memory, then resume."
    return (
        f"Free memory and resume, or start anew with {batch.key} = {fitting}: tried just now, it "
        f"fits where {batch.size} does not. It changes the result, so it is yours to choose."
    )


def _fitting(batch: Batch) -> int | None:
    """Halve the batch until it fits; None where not even one image does."""
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
        if not is_shortage(error):
            raise
        return False
    return True
