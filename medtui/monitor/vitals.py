"""What the machine did during a run, as curves: frozen, made by the reading thread."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medtui.telemetry import Sample

Point = tuple[float, float | None]
"""x and y; y is None where nothing was measured, which is a gap in the curve."""

MEAN_S = 10
"""Seconds whose mean is the bold curve of utilisation."""


@dataclass(frozen=True)
class Vitals:
    """What the machine did during a run. Curves are over minutes of work, pauses left out."""

    has_gpu: bool = False
    """Whether the curves are a GPU's; else they are the worker's CPU time and memory."""
    why_no_gpu: str = ""
    """NVML's reason, as a sentence; empty where there is a GPU."""
    gpu_name: str = ""
    memory_used: tuple[Point, ...] = ()
    """GiB, by all processes on the GPU; resident memory of the worker where there is no GPU."""
    memory_free: tuple[Point, ...] = ()
    """GiB, free on the GPU; available to new processes on the host where there is none."""
    utilisation: tuple[Point, ...] = ()
    """Percent of the GPU's time; of one core where there is no GPU."""
    utilisation_mean: tuple[Point, ...] = ()
    """Its mean over `MEAN_S`."""
    total_bytes: int | None = None
    """Memory of the GPU, or of the host."""
    latest: "Sample | None" = None
