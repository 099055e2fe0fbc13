"""Which devices a study can be given on this machine, and what is free on each."""

from dataclasses import dataclass

from medtui.telemetry import ProbedGpu, probe_safely
from medtui.units import MISSING, format_gib


@dataclass(frozen=True)
class Devices:
    """What the device field offers."""

    names: tuple[str, ...]
    """Values it may have."""
    meaning: str
    """What each is, in a line."""


def list_devices() -> Devices:
    """Ask the machine, in a process of its own; blocks for a second or more."""
    probe = probe_safely()
    names = ("auto", "cpu", *(f"cuda:{number}" for number in range(len(probe.gpus))))
    if not probe.gpus:
        return Devices(names, f"auto · cpu: no GPU here. {probe.reason}".strip())
    gpus = [f"cuda:{number} {_describe(gpu)}" for number, gpu in enumerate(probe.gpus)]
    return Devices(names, " · ".join(["auto takes all", "cpu", *gpus]))


def _describe(probed: ProbedGpu) -> str:
    gpu = probed.gpu
    free, total = format_gib(gpu.memory_free_bytes), format_gib(gpu.memory_total_bytes)
    return f"{gpu.name or MISSING}, {free} of {total} free"
