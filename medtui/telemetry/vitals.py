"""The load of the machine, as every screen of the application shows it."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from medtui.protocol.gpus import GpuSample, ProbedGpu

NUM_SAMPLES = 40
"""Loads that are kept of each unit, for its sparkline."""


@dataclass(frozen=True)
class GpuVitals:
    """One GPU or MIG instance; what was not measured is None, and is not shown."""

    label: str
    """`GPU0`; `GPU0:1` for a MIG instance."""
    percents: tuple[int, ...] = ()
    """The latest shares of time with a running kernel, oldest first, 0 to 100."""
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    temperature_c: int | None = None
    power_w: float | None = None
    is_own: bool = False
    """Whether a process of this user computes on it."""
    other_user: str = ""
    """Another user who computes on it; empty where there is none."""
    sample: GpuSample | None = None
    """All that was measured of it."""


@dataclass(frozen=True)
class Vitals:
    """The machine at one moment."""

    cpu_percents: tuple[int, ...] = ()
    """The latest loads of all cores together, oldest first, 0 to 100."""
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    gpus: tuple[GpuVitals, ...] = ()
    num_cores: int | None = None
    disk_free_bytes: int | None = None
    """Free for this user on the disk of the runs folder."""
    disk_total_bytes: int | None = None


def vitals_of(probed: ProbedGpu, label: str, percents: tuple[int, ...]) -> GpuVitals:
    """Return what is shown of one GPU; `percents` are its latest loads."""
    gpu, processes = probed.gpu, probed.processes or []
    users = [each.user for each in processes if each.is_other_user and each.user]
    return GpuVitals(
        label, percents, gpu.memory_used_bytes, gpu.memory_total_bytes, gpu.temperature_c,
        gpu.power_w,
        is_own=any(each.is_other_user is False for each in processes),
        other_user=users[0] if users else "",
        sample=msgspec.structs.replace(gpu, processes=probed.processes),
    )  # fmt: skip


def labels_of(gpus: list[ProbedGpu]) -> list[str]:
    """Return `GPU0` for a GPU, and `GPU0:0`, `GPU0:1` for the MIG instances of one."""
    labels, seen = [], dict[int, int]()
    for each in gpus:
        index = each.gpu.index
        number = seen[index] = seen.get(index, -1) + 1
        labels.append(f"GPU{index}:{number}" if each.gpu.is_mig else f"GPU{index}")
    return labels


def latest(
    known: Mapping[str, tuple[int, ...]], label: str, percent: int | None
) -> tuple[int, ...]:
    """Return the latest loads of a unit with a new one; none where it is not measured."""
    if percent is None:
        return ()
    return (*known.get(label, ()), percent)[-NUM_SAMPLES:]
