"""The CPU cores that this process may use: its affinity, and the quota of its control groups."""

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path("/")


def num_cores(root: Path = ROOT) -> int:
    """Return the number of CPU cores that this process may use, at least 1.

    A fractional quota is rounded down: a run beyond it would wait for the others.
    """
    allowed = len(os.sched_getaffinity(0))
    quota = cpu_quota(root)
    return allowed if quota is None else max(1, min(allowed, math.floor(quota)))


def cpu_quota(root: Path = ROOT) -> float | None:
    """Return how many cores' time the control groups allow; None if they limit nothing.

    A container has such a quota by `docker run --cpus` or the CPU limit of a pod, a job by its
    scheduler. The groups above limit it, too. `root` is where `/proc` and `/sys` are.
    """
    quotas = [
        quota
        for folder in _control_groups(root)
        if (quota := _quota_v2(folder) or _quota_v1(folder)) is not None
    ]
    return min(quotas, default=None)


@dataclass(frozen=True)
class _Mount:
    """A mounted hierarchy of control groups."""

    kind: str
    """`cgroup` or `cgroup2`."""
    group: PurePosixPath
    """The group that is mounted."""
    folder: Path
    options: frozenset[str]
    """Controllers, in version 1."""


def _control_groups(root: Path) -> Iterator[Path]:
    """Yield the folders of the groups of this process that limit CPU time, up to the mounts."""
    mounts = list(_mounts(root))
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        for mount in mounts:
            is_unified = not controllers and mount.kind == "cgroup2"
            is_cpu = "cpu" in controllers.split(",") and "cpu" in mount.options
            if is_unified or (is_cpu and mount.kind == "cgroup"):
                yield from _up_to_mount(PurePosixPath(path), mount)


def _up_to_mount(path: PurePosixPath, mount: _Mount) -> Iterator[Path]:
    """Yield the folder of the group at `path`, and those above.

    A container can see only a part of the hierarchy: its own group is then the mount.
    """
    inside = PurePosixPath()
    if path.is_relative_to(mount.group) and ".." not in path.parts:
        inside = path.relative_to(mount.group)
    yield from (mount.folder / each for each in (inside, *inside.parents))


def _mounts(root: Path) -> Iterator[_Mount]:
    for line in _lines(root / "proc/self/mountinfo"):
        before, _, after = line.partition(" - ")
        fields, (kind, *_, options) = before.split(), after.split(" ", 2)
        if kind in {"cgroup", "cgroup2"}:
            folder = root / _unescape(fields[4]).lstrip("/")
            group = PurePosixPath(_unescape(fields[3]))
            yield _Mount(kind, group, folder, frozenset(options.split(",")))


def _unescape(text: str) -> str:
    """Replace the octal codes that the kernel writes in place of spaces in paths."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _quota_v2(folder: Path) -> float | None:
    for line in _lines(folder / "cpu.max"):
        quota, _, period = line.partition(" ")
        return None if quota == "max" else _share(quota, period)
    return None


def _quota_v1(folder: Path) -> float | None:
    quota, period = (
        next(_lines(folder / f"cpu.cfs_{name}_us"), "") for name in ("quota", "period")
    )
    return _share(quota, period)


def _share(quota: str, period: str) -> float | None:
    """Return microseconds of CPU time in a period as a number of cores; -1 means no limit."""
    try:
        return int(quota) / int(period) if int(quota) > 0 else None
    except (ValueError, ZeroDivisionError):
        return None


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of a file; none where it cannot be read."""
    try:
        yield from path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
