"""One line of a run's `telemetry.jsonl`. The sampler writes it; everyone may read it."""

import msgspec

from medtui.protocol.gpus import GpuSample

NVML_OK = "ok"
"""The `nvml_state` of a sample whose GPUs answered."""


class Sample(msgspec.Struct, frozen=True):
    """The machine's vitals at one moment. What is unknown is None, never 0."""

    time: float
    """Unix time, seconds; lines up with the events' times."""
    elapsed_s: float
    """Since this sampler began, monotonic; starts anew where a sampler was restarted."""
    process_cpu_percent: float | None = None
    """Of one core, since the sample before: two busy cores are 200. With all children."""
    process_memory_bytes: int | None = None
    """Resident; with all children, so that pages they share count more than once."""
    host_cpu_percent: float | None = None
    """Of all cores together, 0 to 100, since the sample before."""
    host_memory_used_bytes: int | None = None
    """What a new process could not get: total less available."""
    host_memory_total_bytes: int | None = None
    gpus: list[GpuSample] = []
    """Those the run may use, in their order; empty where `nvml_state` is not `ok`."""
    nvml_state: str = NVML_OK
    """`ok`, or a sentence on why there are no GPUs."""
    num_dropped: int = 0
    """Samples this sampler took and could not write, for want of disk space say."""
