"""The devices of this machine that a study can use, and the free memory of each."""

from dataclasses import dataclass

from medtui.telemetry import ProbedGpu, probe_safely
from medtui.telemetry.occupants import others_on, users_of
from medtui.units import MISSING, format_gib


@dataclass(frozen=True)
class Devices:
    """The choices of the device field."""

    names: tuple[str, ...]
    """Accepted values."""
    description: str
    """One line that explains each of them."""


def list_devices() -> Devices:
    """Probe this machine in a child process; blocks for a second or more."""
    probe = probe_safely()
    names = ("auto", "cpu", *(f"cuda:{number}" for number in range(len(probe.gpus))))
    if not probe.gpus:
        return Devices(names, f"auto · cpu: no GPU found. {probe.reason}".strip())
    gpus = [f"cuda:{number} {_describe(gpu)}" for number, gpu in enumerate(probe.gpus)]
    return Devices(names, " · ".join(["auto uses GPUs that nobody else uses", "cpu", *gpus]))


def _describe(probed: ProbedGpu) -> str:
    gpu = probed.gpu
    free, total = format_gib(gpu.memory_free_bytes), format_gib(gpu.memory_total_bytes)
    text = f"{gpu.name or MISSING}, {free} of {total} free"
    return f"{text}, used by {users_of(probed)}" if others_on(probed) else text
