"""One line of a run's `telemetry.jsonl`: written by the sampler, read by every reader."""

import msgspec

from medtui.protocol.gpus import GpuSample

NVML_OK = "ok"
"""The `nvml_state` of a sample with GPU values."""


class Sample(msgspec.Struct, frozen=True):
    """Telemetry of the machine at one moment. Unknown values are None, never 0."""

    time: float
    """Unix time, seconds; comparable with the times of events."""
    elapsed_s: float
    """Seconds since this sampler started, monotonic; a restarted sampler starts again at 0."""
    process_cpu_percent: float | None = None
    """Percent of one core since the previous sample, all children included: two cores are 200."""
    process_memory_bytes: int | None = None
    """Resident memory of all children included; shared pages count more than once."""
    host_cpu_percent: float | None = None
    """Percent of all cores, 0 to 100, since the previous sample."""
    host_memory_used_bytes: int | None = None
    """Memory unavailable to new processes: total minus available."""
    host_memory_total_bytes: int | None = None
    gpus: list[GpuSample] = []
    """GPUs available to the run, in order; empty where `nvml_state` is not `ok`."""
    nvml_state: str = NVML_OK
    """`ok`, or a sentence that explains why there are no GPU values."""
    num_dropped: int = 0
    """Samples that this sampler could not write, for example on a full disk."""
    generation: int = 0
    """Generation of the run's owner, as in `medtui.runs.ownership.claim`; 0 before it has one."""
