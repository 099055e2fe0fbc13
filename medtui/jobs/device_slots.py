"""Device slots, in which a study's runs execute in parallel: on each GPU, or per CPU core."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from medtui.cores import num_cores
from medtui.preset import MachineSettings, Preset
from medtui.telemetry import NO_DEVICES, probe_safely, visible_for
from medtui.telemetry.occupants import describe_others, gpus_named, others_on
from medtui.telemetry.visible_devices import named_entries
from medtui.units import plural


@dataclass(frozen=True)
class Slot:
    """A device, or a share of a GPU, that executes one worker at a time."""

    devices: str
    """The worker's `CUDA_VISIBLE_DEVICES`; `NO_DEVICES` on the CPU."""
    device: str
    """The worker's own name for its device: `cpu`, `cuda:0`."""


def find_slots(machine: MachineSettings) -> list[Slot]:
    """Return the slots of this machine for these settings; at least one."""
    gpus = _gpus_for(machine.device)
    if gpus:
        # Each GPU's first slot comes before any second one: few runs have a GPU each.
        slots = [Slot(gpu, "cuda:0") for gpu in gpus] * machine.runs_per_gpu
        return slots[: machine.workers] if machine.workers else slots
    if machine.device.startswith("cuda"):
        return [Slot(os.environ.get("CUDA_VISIBLE_DEVICES", ""), machine.device)]
    return [Slot(NO_DEVICES, "cpu")] * (machine.workers or num_cores())


FAST_CPU_THREADS = 1
"""Threads of a run in fast mode on a CPU.

Several threads slow down many times as soon as another process computes: on two threads, three
cycles of twelve steps of 64 images took 6.0 s on an idle machine and 147 s beside two busy
processes; in exact mode 5.4 s and 7.8 s (two cores, AVX512-BF16).
"""


def resolve_threads(preset: Preset) -> MachineSettings:
    """Return the machine settings with workers and threads, so that a repetition computes alike.

    On a CPU, parallel single-threaded runs do about 1.5 times the work of one with two threads; in
    fast mode, a run never has more than `FAST_CPU_THREADS`.
    """
    machine = preset.machine
    if machine.scheduler != "local":
        return _threads_of_jobs(preset)
    slots, cores = find_slots(machine), num_cores()
    threads = machine.threads or max(1, cores // len(slots))
    reference_threads = machine.reference_threads or machine.threads or cores
    if all(slot.device == "cpu" for slot in slots):
        if preset.is_fast_somewhere:
            threads = min(threads, FAST_CPU_THREADS)
        if preset.is_fast:
            reference_threads = FAST_CPU_THREADS
    return machine.model_copy(
        update={
            "workers": len(slots),
            "threads": threads,
            "reference_threads": reference_threads,
        }
    )


def _threads_of_jobs(preset: Preset) -> MachineSettings:
    """Return the same for jobs of a cluster: their cores decide, and not those of this machine."""
    machine, cpus = preset.machine, preset.cpus_of_job
    threads = machine.threads or cpus
    reference_threads = machine.reference_threads or machine.threads or cpus
    if not preset.has_gpu_in_job and preset.is_fast_somewhere:
        threads = min(threads, FAST_CPU_THREADS)
        if preset.is_fast:
            reference_threads = FAST_CPU_THREADS
    return machine.model_copy(update={"threads": threads, "reference_threads": reference_threads})


def most_jobs(preset: Preset) -> int:
    """Return how many jobs of a cluster a study has at once, where the cluster has room."""
    return preset.machine.workers or preset.jobs.max_jobs


def explain_jobs(machine: MachineSettings) -> str:
    """Return what the estimate means where runs are jobs of a cluster; empty where they are not."""
    if machine.scheduler == "local":
        return ""
    return (
        f"machine.scheduler = {machine.scheduler}: the estimate is that of this machine, without "
        "the time that jobs wait"
    )


def num_references_alone(preset: Preset, count: int, *, shares_cores: bool) -> int:
    """Return how many of `count` references run alone before the others run side by side.

    Where runs share no CPU cores, as on GPUs, none do. On a CPU all do, with its threads; in fast
    mode, where each has one thread, only the first, which measures the precision of the study
    unless the preset states it.
    """
    if not shares_cores:
        return 0
    if not preset.is_fast:
        return count
    return 0 if preset.compute.precision else min(1, count)


def explain_threads(preset: Preset) -> str:
    """Return why runs get fewer threads than the preset requests; empty if they do not."""
    requested, threads = preset.machine.threads, resolve_threads(preset).threads
    key = "compute" if preset.is_fast else "lc"
    if requested <= threads:
        return ""
    return (
        f"machine.threads = {requested}, but each run uses {threads}: on a CPU, fast mode on more "
        "threads is many times slower as soon as another process computes; "
        f'set {key}.mode = "exact" to use the number of threads that you set'
    )


def explain_workers(machine: MachineSettings) -> str:
    """Return how many runs share a CPU core; empty if each has one of its own."""
    slots, cores = find_slots(machine), num_cores()
    if len(slots) <= cores or any(slot.device != "cpu" for slot in slots):
        return ""
    return (
        f"machine.workers = {machine.workers}, but {plural(cores, 'CPU core')} can be used: runs "
        "share cores, and each needs memory of its own"
    )


def num_packed(slots: Sequence[Slot], num_runs: int) -> int:
    """Return how many of `num_runs` runs share the fullest GPU; 1 on a CPU."""
    used = Counter(slot.devices for slot in slots[:num_runs] if slot.device != "cpu")
    return max(used.values(), default=1)


def explain_runs_per_gpu(machine: MachineSettings) -> str:
    """Return what sharing GPUs means for a study; empty if each run has a device of its own."""
    if machine.runs_per_gpu == 1:
        return ""
    slots = find_slots(machine)
    said = f"machine.runs_per_gpu = {machine.runs_per_gpu}"
    if slots[0].device == "cpu":
        return f"{said} has no effect: runs use the CPU"
    if (packed := num_packed(slots, len(slots))) == 1:
        return f"{said}, but machine.workers = {machine.workers} leaves each run a GPU of its own"
    return (
        f"{said}: {packed} runs share a GPU and its memory; the estimate assumes that they take as "
        "long as one after another"
    )


def explain_others(machine: MachineSettings) -> str:
    """Return the GPUs on which others compute now, for which a polite study waits."""
    if machine.device != "auto" or not machine.polite:
        return ""
    taken = [gpu for gpu in probe_safely().gpus if others_on(gpu)]
    named = {id(gpu) for slot in find_slots(machine) for gpu in gpus_named(slot.devices, taken)}
    said = " · ".join(describe_others(gpu) for gpu in taken if id(gpu) in named)
    return f"{said}: not used before it is free (machine.polite)" if said else ""


def explain_device(machine: MachineSettings) -> str:
    """Return why `auto` takes the CPU although GPUs are named; empty if it does not."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if machine.device != "auto" or not visible or _gpus_for("auto"):
        return ""
    return f"CUDA_VISIBLE_DEVICES={visible} names no GPU of this machine: runs use the CPU"


def _gpus_for(device: str) -> list[str]:
    """Return the entry of `CUDA_VISIBLE_DEVICES` for each GPU that `device` allows."""
    if device == "cpu":
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if device.startswith("cuda"):
        entry = visible_for(device, visible)
        return [] if entry == NO_DEVICES else [entry]
    if visible is not None:
        entries = named_entries(visible)
        return entries if entries and probe_safely().gpus else []
    return [gpu.gpu.uuid or str(gpu.gpu.index) for gpu in probe_safely().gpus]
