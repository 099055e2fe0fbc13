"""The device of a run, its threads, and torch's settings for reproducible results."""

import platform
from collections.abc import Mapping
from pathlib import Path

import torch

from medtui.errors import EnvironmentProblem


def choose_device(asked: str) -> torch.device:
    """Return the device of a preset's setting: `auto`, `cpu`, `cuda` or `cuda:1`.

    Raises:
        EnvironmentProblem: torch does not see the requested GPU.
    """
    if asked == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    device = torch.device(asked)
    if device.type == "cuda":
        count = torch.cuda.device_count()
        if (device.index or 0) >= count:
            raise EnvironmentProblem(
                f"{asked} is not available: torch sees {count} GPUs.",
                hint="Choose another device with --device, for example --device cpu.",
                key=("machine", "device"),
            )
        torch.cuda.set_device(device)
    return device


def device_name(device: torch.device) -> str:
    """Return the product name of a GPU or of the processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return _cpu_info("model name") or platform.processor() or platform.machine()


def cpu_flags() -> set[str]:
    """Return Linux's names of the processor's features (`avx512_bf16`); empty if unknown."""
    return set((_cpu_info("flags") or _cpu_info("Features")).split())


def _cpu_info(field: str) -> str:
    """Return the first core's `field` in /proc/cpuinfo; empty if there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    found = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in found if name.strip() == field), "")


def configure_torch(device: torch.device, threads: int) -> None:
    """Set the thread count and select deterministic kernels; call it before any computation."""
    if threads:
        torch.set_num_threads(threads)
    # As `torch.use_deterministic_algorithms`, which also imports torch's compiler to configure it.
    torch.set_deterministic_debug_mode("warn")
    # A debugging aid that costs a write of every new tensor; nothing here reads unwritten memory.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # torch's own
    if device.type == "cuda":
        choose_kernels(device, measured=False)
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False


def choose_kernels(device: torch.device, *, measured: bool) -> None:
    """Let a GPU take the fastest kernels by measurement, or only those that repeat their bits.

    What is measured may differ from one process to the next, and some of the fastest kernels add up
    in no fixed order. On a CPU nothing changes.
    """
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = measured
        torch.backends.cudnn.deterministic = not measured
        torch.set_deterministic_debug_mode("default" if measured else "warn")


def are_kernels_measured(device: torch.device) -> bool:
    """Return what `choose_kernels` set."""
    return device.type == "cuda" and torch.backends.cudnn.benchmark


def upload(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return a CPU tensor on `device`; a GPU copies it while the caller goes on."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def cpu_capability() -> str:
    """Return the instruction set of torch's kernels (`AVX512`); results differ between them."""
    return torch.backends.cpu.get_cpu_capability()


def generators_of(device: torch.device) -> dict[str, torch.Tensor]:
    """Return the states of torch's global generators, which dropout draws from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def restore_generators(states: Mapping[str, torch.Tensor], device: torch.device) -> None:
    """Restore the states of torch's global generators, those that exist on this device."""
    if "cpu" in states:
        torch.set_rng_state(states["cpu"])
    if "cuda" in states and device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)


def generator(seed: int, *path: int) -> torch.Generator:
    """Return a CPU generator seeded by `seed` and `path` (purpose, epoch, position) alone."""
    state = seed & 0xFFFFFFFF
    for part in path:
        state = (state * 0x9E3779B1 + part + 0x7F4A7C15) & 0xFFFFFFFFFFFF
    made = torch.Generator()
    made.manual_seed(state)
    return made
