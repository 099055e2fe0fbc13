"""Checks of the driver, GPUs and their processes, processor and threads, and disks."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from medtui.cores import cpu_quota, num_cores
from medtui.doctor.finding import Finding
from medtui.telemetry import Probe, ProbedGpu
from medtui.telemetry.occupants import describe_process, others_on
from medtui.units import GIB, format_bytes

LEAST_GPU_BYTES = 2 * GIB
"""Memory of a ResNet-18 at batch 128 with its L-C state."""

LEAST_DISK_BYTES = GIB
"""Disk space of a study of ten ResNet-18 with checkpoints."""

NO_DRIVER = "no NVIDIA driver is installed"
"""NVML's reason on a machine without GPUs, which is not a problem."""

_PINNING = ("GOMP_CPU_AFFINITY", "KMP_AFFINITY", "OMP_PROC_BIND", "OMP_PLACES")


def examine_gpus(probe: Probe) -> Iterator[Finding]:
    """Check the driver and each GPU."""
    yield _driver(probe)
    for gpu in probe.gpus:
        yield _gpu(gpu)


def examine_processor(
    environment: Mapping[str, str] = os.environ, root: Path = Path("/")
) -> Finding:
    """Check the cores that this process may use, and for settings that waste them."""
    cores, present, quota = num_cores(root), os.cpu_count() or 1, cpu_quota(root)
    text = f"{cores} cores" if cores == present else f"{cores} of {present} cores"
    if quota is not None:
        text += f"; the control group allows the time of {quota:.3g}"
    facts: dict[str, object] = {"cores": cores, "cores_present": present, "cpu_quota": quota}
    facts |= {name: value for name, value in environment.items() if name.startswith("OMP_")}
    threads = environment.get("OMP_NUM_THREADS", "")
    if environment.get("OMP_WAIT_POLICY", "PASSIVE").upper() != "PASSIVE":
        text += "; OMP_WAIT_POLICY=ACTIVE: waiting threads occupy the cores"
        return Finding("Processor", "warning", text, "unset OMP_WAIT_POLICY", facts)
    pinned = [name for name in _PINNING if environment.get(name, "false").lower() != "false"]
    if pinned:
        text += f"; {pinned[0]} pins parallel runs to the same cores"
        return Finding("Processor", "warning", text, f"unset {' '.join(pinned)}", facts)
    if threads.isdecimal() and int(threads) > cores:
        text += f"; OMP_NUM_THREADS={threads} exceeds them"
        return Finding("Processor", "warning", text, "unset OMP_NUM_THREADS", facts)
    return Finding("Processor", "OK", text, facts=facts)


def examine_disk(subject: str, folder: Path, remedy: str) -> Finding:
    """Check the free space on the disk where `folder` is, or will be created."""
    existing = _nearest(folder.absolute())
    free = shutil.disk_usage(existing).free
    facts = {"folder": str(folder.absolute()), "free_bytes": free}
    text = f"{format_bytes(free)} free in {folder.absolute()}"
    try:
        tempfile.TemporaryFile(dir=existing).close()
    except OSError as error:
        text = f"{existing} cannot be written: {error.strerror}"
        return Finding(subject, "failure", text, remedy, facts)
    if free < LEAST_DISK_BYTES:
        return Finding(subject, "warning", text, f"free some space, or {remedy}", facts)
    return Finding(subject, "OK", text, facts=facts)


def _driver(probe: Probe) -> Finding:
    facts = {"driver": probe.driver_version, "nvml": probe.nvml_version}
    if probe.driver_version:
        text = f"{probe.driver_version}, NVML {probe.nvml_version}, CUDA up to {probe.cuda_version}"
        if probe.gpus:
            return Finding("Driver", "OK", text, facts=facts)
        return Finding(
            "Driver", "warning", f"{text}; it lists no GPU", "check the output of nvidia-smi", facts
        )
    if NO_DRIVER in probe.reason:
        return Finding("Driver", "OK", "no NVIDIA driver; medtui uses the CPU", facts=facts)
    remedy = "check the output of nvidia-smi; the driver may need a restart"
    return Finding("Driver", "warning", probe.reason, remedy, facts)


def _gpu(probed: ProbedGpu) -> Finding:
    gpu = probed.gpu
    facts = msgspec.to_builtins(probed)
    subject = f"GPU {gpu.index}"
    text = f"{gpu.name or 'unknown'}, {format_bytes(gpu.memory_free_bytes)} free"
    if gpu.memory_total_bytes is None:
        return Finding(
            subject,
            "warning",
            f"{gpu.name or gpu.uuid}: {gpu.note}",
            "check the output of nvidia-smi",
            facts,
        )
    text += f" of {format_bytes(gpu.memory_total_bytes)}"
    if gpu.gpu_percent is not None:
        text += f", {gpu.gpu_percent} % busy"
    others = others_on(probed)
    if others:
        users = "; ".join(f"{describe_process(each)} (pid {each.pid})" for each in others)
        remedy = (
            "none is needed for --device auto, which waits until the GPU is free; a named device "
            "has slower runs and less memory"
        )
        return Finding(subject, "warning", f"{text}; in use by {users}", remedy, facts)
    if gpu.memory_free_bytes is not None and gpu.memory_free_bytes < LEAST_GPU_BYTES:
        return Finding(
            subject,
            "warning",
            text,
            "end processes that use its memory; nvidia-smi lists them",
            facts,
        )
    return Finding(subject, "OK", text, facts=facts)


def _nearest(folder: Path) -> Path:
    """Return the folder itself or, if it does not exist yet, its nearest existing parent."""
    while not folder.exists():
        folder = folder.parent
    return folder
