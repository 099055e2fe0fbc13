"""What is known of GPUs at one moment, and the NVML probe's answer."""

import msgspec


class GpuSample(msgspec.Struct, frozen=True):
    """One GPU, or one MIG instance, at one moment. What is unknown is None, never 0."""

    index: int
    """NVML's index, in PCI bus order; of the parent GPU for a MIG instance."""
    uuid: str | None = None
    """`GPU-...` or `MIG-...`."""
    name: str | None = None
    """Product name."""
    is_mig: bool = False
    """Whether this is a slice of a GPU."""
    memory_used_bytes: int | None = None
    """By all processes together, without what the driver reserves where it says so."""
    memory_free_bytes: int | None = None
    memory_total_bytes: int | None = None
    process_memory_bytes: int | None = None
    """By the watched process and its children."""
    gpu_percent: int | None = None
    """Share of the last moments in which any kernel ran, 0 to 100, whoever started it."""
    memory_percent: int | None = None
    """Share of the last moments in which memory was read or written, 0 to 100."""
    power_w: float | None = None
    """Draw of the board, watts."""
    temperature_c: int | None = None
    """Of the chip, degrees Celsius."""
    sm_clock_mhz: int | None = None
    memory_clock_mhz: int | None = None
    throttle_reasons: list[str] | None = None
    """Why the clocks are below their highest, in words; empty where nothing holds them back."""
    missing: dict[str, str] = {}
    """Each field that is None to the reason: `n/a (MIG)`, `GPU is lost`, `no permission`."""

    @property
    def note(self) -> str:
        """Every reason once, for one line on a screen; empty where nothing is missing."""
        return ", ".join(dict.fromkeys(self.missing.values()))


class GpuProcess(msgspec.Struct, frozen=True):
    """A process that computes on a GPU."""

    pid: int
    """As NVML gives it: inside a container, possibly the host's number."""
    user: str | None = None
    """Who started it; None where the pid is not visible here."""
    name: str | None = None
    """The program's name; None likewise."""
    memory_bytes: int | None = None
    """GPU memory it holds; None where the driver does not tell."""
    is_other_user: bool | None = None
    """Whether it belongs to somebody else; None where the user is unknown."""


class ProbedGpu(msgspec.Struct, frozen=True):
    """One GPU as `doctor` and Home list it."""

    gpu: GpuSample
    processes: list[GpuProcess] | None = None
    """Those that compute on it now; None where the driver does not tell."""
    processes_missing: str = ""
    """Why `processes` is None."""


class Probe(msgspec.Struct, frozen=True):
    """The machine's GPUs, asked once."""

    driver_version: str | None = None
    """NVIDIA's kernel driver: `550.54.15`."""
    nvml_version: str | None = None
    cuda_version: str | None = None
    """The newest CUDA this driver runs: `12.4`."""
    gpus: list[ProbedGpu] = []
    reason: str = ""
    """Why there are no GPUs, as a sentence; empty where there are."""


probe_decoder: msgspec.json.Decoder[Probe] = msgspec.json.Decoder(Probe)
