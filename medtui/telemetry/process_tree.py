"""CPU time and memory of a process and its descendants. Used by the sampler only."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from medtui.telemetry.process_stat import TICKS_PER_SECOND, ProcessStat, read_stat

SCAN_S = 10.0
"""Interval between scans of the process table where the kernel lists no children, seconds."""

KERNEL_LISTS_CHILDREN = Path("/proc/thread-self/children")
"""Exists if the kernel was built with `CONFIG_PROC_CHILDREN`, as distributions do."""


@dataclass(frozen=True)
class ProcessUse:
    """Resources used by a process and its descendants."""

    pids: frozenset[int]
    """Pids of all these processes."""
    cpu_percent: float | None
    """Percent of one core since the previous measurement; None for the first."""
    memory_bytes: int
    """Sum of resident memory; shared pages count once per process."""


class ProcessTree:
    """Follows a process by pid and start time, so that a reused pid is not followed."""

    def __init__(
        self,
        pid: int,
        start_ticks: int | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Follow `pid`; `start_ticks` is its `ProcessStat.start_ticks`, None accepts any."""
        root = read_stat(pid)
        self.pid = pid
        self.start_ticks = root.start_ticks if root and start_ticks is None else start_ticks
        """Start time of the process in ticks since boot; None where it had exited before."""
        self._clock = clock
        self._measured_at: float | None = None
        self._ticks: dict[tuple[int, int], int] = {}
        self._scanned: list[int] = []
        self._scanned_at: float | None = None

    def measure(self) -> ProcessUse | None:
        """Return the resources of the tree; None where its root has exited."""
        root = read_stat(self.pid)
        if root is None or not root.is_alive or root.start_ticks != self.start_ticks:
            return None
        stats = {self.pid: root}
        for pid in self._descendants():
            stat = read_stat(pid)
            if stat is not None and stat.is_alive:
                stats[pid] = stat
        return ProcessUse(
            pids=frozenset(stats),
            cpu_percent=self._cpu_percent(stats),
            memory_bytes=sum(stat.memory_bytes for stat in stats.values()),
        )

    def _cpu_percent(self, stats: dict[int, ProcessStat]) -> float | None:
        now, before = self._clock(), self._measured_at
        ticks = {(pid, stat.start_ticks): stat.cpu_ticks for pid, stat in stats.items()}
        spent = sum(value - self._ticks.get(process, 0) for process, value in ticks.items())
        self._measured_at, self._ticks = now, ticks
        if before is None or now <= before:
            return None
        return round(100 * spent / TICKS_PER_SECOND / (now - before), 1)

    def _descendants(self) -> list[int]:
        if KERNEL_LISTS_CHILDREN.exists():
            return listed_descendants(self.pid)
        now = self._clock()
        if self._scanned_at is None or now - self._scanned_at >= SCAN_S:
            self._scanned, self._scanned_at = _scanned_descendants(self.pid), now
        return self._scanned


def listed_descendants(pid: int, proc: Path = Path("/proc")) -> list[int]:
    """Return descendants by the kernel's lists of children; cheaper than the process table."""
    found: list[int] = []
    for children in (proc / str(pid) / "task").glob("*/children"):
        try:
            pids = children.read_bytes().split()
        except OSError:  # the thread has exited
            continue
        for child in map(int, pids):
            found += [child, *listed_descendants(child, proc)]
    return found


def _scanned_descendants(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []
