"""Which device computes, with how many threads, and how repeatably."""

import platform
from collections.abc import Mapping
from pathlib import Path

import torch

from medtui.errors import EnvironmentProblem


def choose_device(asked: str) -> torch.device:
    """Turn a preset's word (`auto`, `cpu`, `cuda`, `cuda:1`) into a device.

    Raises:
        EnvironmentProblem: a GPU was asked for that is not there.
    """
    if asked == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    device = torch.device(asked)
    if device.type == "cuda":
        count = torch.cuda.device_count()
        if (device.index or 0) >= count:
            raise EnvironmentProblem(
                f"{asked} was asked for, but torch sees {count} GPUs.",
                hint="Choose another with --device, or --device cpu.",
                key=("machine", "device"),
            )
        torch.cuda.set_device(device)
    return device


def device_name(device: torch.device) -> str:
    """Return the product name of a GPU, or of the processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return _cpu_info("model name") or platform.processor() or platform.machine()


def cpu_flags() -> set[str]:
    """Return the processor's features by Linux's names (`avx512_bf16`); empty where unknown."""
    return set((_cpu_info("flags") or _cpu_info("Features")).split())


def _cpu_info(field: str) -> str:
    """Return the first core's `field`; empty where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    found = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in found if name.strip() == field), "")


def settle(device: torch.device, threads: int) -> None:
    """Fix the thread count and choose repeatable kernels; call once, before any computation."""
    if threads:
        torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # torch's own; a pass over memory that nothing reads
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False


def cpu_capability() -> str:
    """Return the instruction set torch's kernels use (`AVX512`); bits depend on it."""
    return torch.backends.cpu.get_cpu_capability()


def generators_of(device: torch.device) -> dict[str, torch.Tensor]:
    """Return the states of torch's own generators, which a network with dropout draws from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def restore_generators(states: Mapping[str, torch.Tensor], device: torch.device) -> None:
    """Put torch's own generators back, those that are known on this device."""
    if "cpu" in states:
        torch.set_rng_state(states["cpu"])
    if "cuda" in states and device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)


def generator(seed: int, *path: int) -> torch.Generator:
    """Return a CPU generator that depends on `seed` and `path` alone: epoch, position, purpose."""
    state = seed & 0xFFFFFFFF
    for part in path:
        state = (state * 0x9E3779B1 + part + 0x7F4A7C15) & 0xFFFFFFFFFFFF
    made = torch.Generator()
    made.manual_seed(state)
    return made
