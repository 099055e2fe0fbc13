"""The state of GPUs at one moment, and the message of the NVML probe."""

import msgspec


class GpuProcess(msgspec.Struct, frozen=True):
    """A process that uses a GPU."""

    pid: int
    """As NVML reports it; inside a container this may be the host's number."""
    user: str | None = None
    """Owner of the process; None if the pid is not visible here."""
    name: str | None = None
    """Name of the program; None if the pid is not visible here."""
    memory_bytes: int | None = None
    """GPU memory of the process; None if the driver does not report it."""
    is_other_user: bool | None = None
    """Whether it belongs to another user; None if the owner is unknown."""


class GpuSample(msgspec.Struct, frozen=True):
    """One GPU or MIG instance at one moment; unknown values are None, never 0."""

    index: int
    """NVML's index in PCI bus order; of the parent GPU for a MIG instance."""
    uuid: str | None = None
    """`GPU-...` or `MIG-...`."""
    name: str | None = None
    """Product name."""
    is_mig: bool = False
    """Whether this is a MIG instance, a part of a GPU."""
    memory_used_bytes: int | None = None
    """Used by all processes; without the driver's reserved memory, if NVML reports it."""
    memory_free_bytes: int | None = None
    memory_total_bytes: int | None = None
    process_memory_bytes: int | None = None
    """Used by the watched process and its children."""
    gpu_percent: int | None = None
    """Share of the last sample period in which any process's kernel ran, 0 to 100."""
    memory_percent: int | None = None
    """Share of the last sample period in which memory was read or written, 0 to 100."""
    power_w: float | None = None
    """Power draw of the board in watts."""
    power_limit_w: float | None = None
    """Power that the board may draw, watts: the lowest of its limits."""
    temperature_c: int | None = None
    """Temperature of the chip in degrees Celsius."""
    sm_clock_mhz: int | None = None
    max_sm_clock_mhz: int | None = None
    """Highest clock of the multiprocessors that this GPU has."""
    memory_clock_mhz: int | None = None
    throttle_reasons: list[str] | None = None
    """Why clocks are below their maximum, as text; empty if nothing limits them."""
    processes: list[GpuProcess] | None = None
    """Processes of all users that compute on it, the largest first, 16 at most."""
    missing: dict[str, str] = {}
    """Reason for each field that is None: `n/a (MIG)`, `GPU is lost`, `no permission`."""

    @property
    def note(self) -> str:
        """Reasons for missing fields, without duplicates, on one line; empty if none is missing."""
        return ", ".join(dict.fromkeys(self.missing.values()))


class ProbedGpu(msgspec.Struct, frozen=True):
    """One GPU as `doctor` and Home show it."""

    gpu: GpuSample
    processes: list[GpuProcess] | None = None
    """Processes that use it now; None if the driver does not report them."""
    processes_missing: str = ""
    """Why `processes` is None."""


class Probe(msgspec.Struct, frozen=True):
    """The machine's GPUs at the time of the probe."""

    driver_version: str | None = None
    """Version of NVIDIA's kernel driver: `550.54.15`."""
    nvml_version: str | None = None
    cuda_version: str | None = None
    """Newest CUDA version that the driver supports: `12.4`."""
    gpus: list[ProbedGpu] = []
    reason: str = ""
    """Why there are no GPUs, as a sentence; empty if there are some."""


probe_decoder: msgspec.json.Decoder[Probe] = msgspec.json.Decoder(Probe)
