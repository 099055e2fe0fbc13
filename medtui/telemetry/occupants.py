"""Who computes on a GPU: processes of other users, as text and by the name of the device."""

from collections.abc import Sequence

from medtui.protocol.gpus import GpuProcess, ProbedGpu
from medtui.units import format_bytes


def others_on(probed: ProbedGpu) -> list[GpuProcess]:
    """Return the processes of other users on a GPU, the largest first.

    A process whose owner is unknown, such as one in another container, is not among them.
    """
    return [each for each in probed.processes or [] if each.is_other_user]


def describe_process(process: GpuProcess) -> str:
    """Return user, program and memory: `anna, python, 31 GiB`."""
    parts = [process.user or "another user", process.name or f"pid {process.pid}"]
    if process.memory_bytes is not None:
        parts.append(format_bytes(process.memory_bytes))
    return ", ".join(parts)


def describe_others(probed: ProbedGpu) -> str:
    """Return a GPU with the processes of others on it: `GPU 1: anna, python, 31 GiB`."""
    return f"GPU {probed.gpu.index}: {'; '.join(map(describe_process, others_on(probed)))}"


def users_of(probed: ProbedGpu) -> str:
    """Return the other users who compute on a GPU: `anna and ben`."""
    return " and ".join(sorted({each.user or "another user" for each in others_on(probed)}))


def name_users(probed: ProbedGpu) -> str:
    """Return a GPU with the other users who compute on it: `GPU 1 used by anna and ben`."""
    return f"GPU {probed.gpu.index} used by {users_of(probed)}"


def gpus_named(entry: str, gpus: Sequence[ProbedGpu]) -> list[ProbedGpu]:
    """Return the GPUs, or MIG instances, that an entry of `CUDA_VISIBLE_DEVICES` names.

    They are all instances where it names a GPU in MIG mode.
    """
    if entry.isdecimal():
        return [each for each in gpus if each.gpu.index == int(entry)]
    return [each for each in gpus if entry and (each.gpu.uuid or "").startswith(entry)]
